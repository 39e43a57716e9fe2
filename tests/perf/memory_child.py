"""Run a real DataLoader under a slow training loop, for memory_watch.py to watch from outside.

The argument is a JSON object with the fields of `memory_watch.Case`. Spawned workers import this file too.
"""

import io
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

PATHS = ("objects", "jpeg", "folder")
# A string of 63 characters and its place in the list, as Python stores them here.
PATH_BYTES = 136


def kept_by(case):
    """Return what the Dataset keeps: paths, or one array, or nothing where it opens a memory map later."""
    if case.kind == "mapped":
        return None
    if case.kind in PATHS:
        return [f"/data/train/n01440764/n01440764_{number:032}" for number in range(case.dataset_bytes // PATH_BYTES)]
    return np.arange(case.dataset_bytes // 8)


def picture():
    made = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (375, 500, 3), dtype=np.uint8)
    Image.fromarray(noise).save(made, "JPEG")
    return made.getvalue()


class Samples(Dataset):
    """Look, for every sample, at its share of what is kept, and return `sample_bytes` in `tensors` tensors."""

    def __init__(self, case):
        self.case = case
        self.kept = kept_by(case)
        self.picture = picture() if case.kind == "jpeg" else b""
        self.pictures = sorted(Path(case.files).glob("*.jpg")) if case.kind == "folder" else []

    def __len__(self):
        return self.case.batches * self.case.batch_size

    def __getitem__(self, index):
        time.sleep(self.case.sample_s)
        if self.case.kind in PATHS:
            # The samples of an epoch together look at everything once, each at places all over the list.
            for path in self.kept[index :: len(self)]:
                _ = path
        return self.made(index)

    def made(self, index):
        each = self.case.sample_bytes // self.case.tensors
        if self.case.kind == "folder":
            return self.decoded(index)
        if self.case.kind == "mapped" and self.kept is None:
            self.kept = np.memmap(self.case.files, np.int64, "r")
        if self.case.kind == "jpeg":
            seen = np.asarray(Image.open(io.BytesIO(self.picture)).convert("RGB").resize((224, 224)))
            return torch.from_numpy(seen.copy()).permute(2, 0, 1).float().div_(255), torch.zeros(1)
        if self.case.kind in ("tokens", "mapped"):
            start = index * 7919 % (len(self.kept) - each // 8)
            return tuple(
                torch.from_numpy(self.kept[start : start + each // 8].copy()) for _ in range(self.case.tensors)
            )
        if self.case.maker == "torch":
            return tuple(torch.full((each,), 1, dtype=torch.uint8) for _ in range(self.case.tensors))
        return tuple(torch.from_numpy(np.full(each, 1, np.uint8)) for _ in range(self.case.tensors))

    def decoded(self, index):
        with Image.open(self.pictures[index % len(self.pictures)]) as opened:
            pixels = np.array(opened.convert("RGB").resize((224, 224)))
        return torch.from_numpy(pixels).permute(2, 0, 1).float().div_(255), torch.tensor(index)


class Stream(IterableDataset):
    """Give each worker its own part of the samples, and of what is kept."""

    def __init__(self, case):
        self.whole = Samples(case)

    def __iter__(self):
        info = get_worker_info()
        samples, kept = len(self.whole), self.whole.kept
        for number in range(samples * info.id // info.num_workers, samples * (info.id + 1) // info.num_workers):
            time.sleep(self.whole.case.sample_s)
            for place in range(len(kept) * number // samples, len(kept) * (number + 1) // samples):
                _ = kept[place]
            yield self.whole.made(number)


def pretend_to_pin():
    """Let torch start its pinning thread without a GPU; a copy made by numpy stands for the pinned one."""
    torch.accelerator.is_available = lambda: True
    torch.accelerator.current_accelerator = lambda: torch.device("cpu")
    torch.accelerator.current_device_index = lambda: 0
    torch.accelerator.set_device_index = lambda _: None
    torch.Tensor.pin_memory = lambda tensor, *_: torch.from_numpy(tensor.numpy().copy())


def loader_of(case, dataset):
    options = {"batch_size": case.batch_size, "num_workers": case.workers, "pin_memory": case.pin}
    if case.workers:
        options |= {"prefetch_factor": case.prefetch, "multiprocessing_context": case.method}
        options["persistent_workers"] = case.persistent
    return DataLoader(dataset, shuffle=None if case.iterable else True, **options)


def resident_bytes():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def main():
    case = SimpleNamespace(**json.loads(sys.argv[1]))
    if case.pin:
        pretend_to_pin()
    before = resident_bytes()
    dataset = Stream(case) if case.iterable else Samples(case)
    # What it really takes, which `sys.getsizeof` does not know.
    print(resident_bytes() - before, flush=True)
    loader = loader_of(case, dataset)
    for _ in range(case.epochs):
        for batch in loader:
            for tensor in batch:
                tensor.max()
            time.sleep(case.step_s)


if __name__ == "__main__":
    main()
