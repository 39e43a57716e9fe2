"""Trace the example that the Trace page opens, and write it to a file: `python tests/perf/example_trace.py FILE`.

A real loader, one worker, decodes and augments the photographs of `assets/photos` for a training step of 30 ms; every
40th sample is a much larger picture. The kept one is `assets/recorded/example.trace`.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from bench import trace

PHOTOS = Path(__file__).parents[2] / "assets" / "photos"
BATCHES, BATCH, STEP_S, LARGE_EVERY = 64, 16, 0.030, 40


class Compose:
    """Apply one step after another, as torchvision's does."""

    def __init__(self, *transforms):
        self.transforms = list(transforms)

    def __call__(self, picture):
        for transform in self.transforms:
            picture = transform(picture)
        return picture


class RandomCrop:
    """Cut a random half out, and scale it to 224 x 224."""

    def __call__(self, picture):
        wide, high = picture.width // 2, picture.height // 2
        left = int(torch.randint(0, picture.width - wide, ()))
        top = int(torch.randint(0, picture.height - high, ()))
        return picture.resize((224, 224), Image.Resampling.BILINEAR, box=(left, top, left + wide, top + high))


class Flip:
    """Mirror every other picture."""

    def __call__(self, picture):
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if torch.rand(()) < 0.5 else picture


class ToTensor:
    """Turn the picture into three planes of float32."""

    def __call__(self, picture):
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div_(255)


class Photos(Dataset):
    """Decode the small photograph, every 40th time the large one."""

    def __init__(self):
        self.transform = Compose(RandomCrop(), Flip(), ToTensor())

    def __len__(self):
        return BATCHES * BATCH

    def __getitem__(self, index):
        name = "hubble_deep_field" if index % LARGE_EVERY == LARGE_EVERY - 1 else "rocket"
        with Image.open(PHOTOS / f"{name}.jpg") as picture:
            picture.draft("RGB", (picture.width // 2, picture.height // 2))
            return self.transform(picture.convert("RGB"))


def main(file):
    """Train for an epoch and write what was seen."""
    loader = DataLoader(Photos(), BATCH, shuffle=True, num_workers=1)
    with trace(loader, transforms=True) as traced:
        for batch in loader:
            batch.view(-1)[::1024].sum()
            time.sleep(STEP_S)
    traced.save(file)
    print(traced.verdict.finding, f"{Path(file).stat().st_size:,} bytes", sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
