"""Load what a trial asks for: samples that cost what a Workload says, or JPEG pictures."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, default_collate

from bench.child.burn import burn
from bench.pictures import CROP, list_pictures
from bench.trial.spec import TrialError, TrialSpec
from dataloader_sim.costs import costs
from dataloader_sim.scenario import Scenario, Workload

# ImageNet's mean and standard deviation, the usual normalisation.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# torchvision's RandomResizedCrop: share of the area, log of the aspect ratio, tries before the whole picture.
_AREA, _LOG_RATIO, _TRIES = (0.08, 1.0), (np.log(3 / 4), np.log(4 / 3)), 10


def build(spec: TrialSpec) -> Dataset[Any]:
    """Return the dataset of a trial.

    It takes the sample numbers of a `recording.Plan`, and the last tensor of each sample starts with its number.
    """
    if spec.workload == "jpeg":
        return Pictures(list_pictures(spec.images), spec.scenario)
    return Emulated(spec.scenario)


class Emulated(Dataset[Any]):
    """Cost what the scenario's workload says: sample i sleeps `io_s[i]`, then uses a core for `cpu_s[i]`.

    The costs are those that the simulator draws from the same seed. A sample is `tensors` tensors that hold
    `sample_bytes` together, one number each at least.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Draw the costs."""
        self._workload = scenario.workload
        self._costs = costs(scenario.workload, scenario.seed)

    def __len__(self) -> int:
        """Return the samples of one epoch."""
        return self._workload.samples

    def __getitem__(self, index: int) -> tuple[torch.Tensor, ...]:
        """Take the time that the sample takes, and return it."""
        at = index % self._workload.samples
        if self._costs.io_s[at]:
            time.sleep(self._costs.io_s[at])
        burn(self._costs.cpu_s[at])
        number = self._blank.clone()
        number[0] = index
        return (*[self._blank] * (self._workload.tensors - 1), number)

    @cached_property
    def _blank(self) -> torch.Tensor:
        # Made in the worker, so that it is not sent there.
        length = self._workload.sample_bytes // self._workload.tensors // 8
        return torch.zeros(max(1, length), dtype=torch.int64)


class Collate:
    """Make a batch as torch does, after using a core for the workload's `collate_s`."""

    def __init__(self, workload: Workload) -> None:
        """Take the cost."""
        self._collate_s = workload.collate_s

    def __call__(self, samples: list[Any]) -> Any:
        """Return the batch."""
        burn(self._collate_s)
        return default_collate(samples)


class Pictures(Dataset[Any]):
    """Decode JPEG files and prepare them for training: random crop to 224 x 224, flip, scale, normalise.

    Sample i of an epoch is picture i, modulo their number, of an order drawn from the scenario's seed: the first files
    of a folder may be all alike. Crop and flip are drawn from the scenario's seed and
    the sample's number, so that every `num_workers` does the same work. A picture that cannot be decoded gives
    its place to the next one that can; `skipped` counts such files over all processes. Raises TrialError when
    none can be decoded.
    """

    def __init__(self, paths: list[str], scenario: Scenario) -> None:
        """Take the files, in order."""
        self._paths = paths
        self._samples, self._seed = scenario.workload.samples, scenario.seed
        self._order = np.random.default_rng(self._seed).permutation(len(paths))
        self._bad = torch.zeros(len(paths), dtype=torch.uint8).share_memory_()  # type: ignore[no-untyped-call]
        self._mean = torch.tensor(_MEAN).view(3, 1, 1) * 255
        self._std = torch.tensor(_STD).view(3, 1, 1) * 255

    @property
    def skipped(self) -> int:
        """Return how many files could not be decoded so far, in any process."""
        return int(self._bad.sum())

    def __len__(self) -> int:
        """Return the samples of one epoch."""
        return self._samples

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the picture as float32 of shape (3, 224, 224), and the sample's number."""
        random = np.random.default_rng((self._seed, index))
        pixels = torch.from_numpy(_augment(self._decode(index % self._samples), random))
        planes = pixels.permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format)
        return planes.sub_(self._mean).div_(self._std), torch.tensor(index)

    def _decode(self, wanted: int) -> Image.Image:
        count = len(self._paths)
        for at in (self._order[(wanted + step) % count] for step in range(count)):
            if self._bad[at]:
                continue
            try:
                with Image.open(self._paths[at]) as picture:
                    return picture.convert("RGB")
            # Pillow has no one class for a damaged file: these are what a cut or altered JPEG was seen to raise.
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
                self._bad[at] = 1
        raise TrialError(f"none of the {count} pictures can be decoded: give a folder of whole JPEG files")


def _augment(picture: Image.Image, random: np.random.Generator) -> np.ndarray[Any, np.dtype[np.uint8]]:
    box = _random_box(picture.width, picture.height, random)
    pixels = np.array(picture.resize((CROP, CROP), Image.Resampling.BILINEAR, box=box))
    # torch takes no negative strides, so the mirrored pixels are copied.
    return pixels[:, ::-1].copy() if random.random() < 0.5 else pixels  # noqa: PLR2004


def _random_box(width: int, height: int, random: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw a box inside the picture as torchvision's RandomResizedCrop does; the whole picture when none fits."""
    for _ in range(_TRIES):
        area, ratio = random.uniform(*_AREA) * width * height, np.exp(random.uniform(*_LOG_RATIO))
        wide, high = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
        if 0 < wide <= width and 0 < high <= height:
            left, top = random.integers(width - wide + 1), random.integers(height - high + 1)
            return int(left), int(top), int(left) + wide, int(top) + high
    return 0, 0, width, height
