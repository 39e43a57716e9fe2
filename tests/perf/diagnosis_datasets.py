"""Datasets, collate functions and training steps with one known fault each, as users write them."""

import multiprocessing
import time

import numpy as np
import torch
from prediction_workloads import LOOPS_MS, Throttled, burn
from torch.utils.data import Dataset, IterableDataset, get_worker_info

__all__ = ["Throttled"]


class Reading(Dataset):
    """Block for so long a sample, then compute for so many milliseconds; the same for an index every time."""

    def __init__(self, read_s, busy_ms=0.0, floats=64):
        self.read_s, self.busy_ms, self.floats = np.atleast_1d(read_s), busy_ms, floats

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        read_s = self.read_s[index % self.read_s.size]
        if read_s:
            time.sleep(read_s)
        if self.busy_ms:
            burn(int(self.busy_ms * LOOPS_MS))
        return torch.full((self.floats,), float(index))


class Numbers(Dataset):
    """Hold what is asked for in memory."""

    def __init__(self, size=4096):
        self.values = torch.arange(size, dtype=torch.float32)

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        return self.values[index % self.values.numel()]


class Pictures(Dataset):
    """Copy large samples out of memory."""

    def __init__(self, floats):
        self.pixels = np.random.default_rng(0).random((16, floats), np.float32)

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        return torch.from_numpy(self.pixels[index % 16].copy())


class Annotations(Reading):
    """Hold a list of dicts beside the samples, as a parsed annotation file is."""

    def __init__(self, read_s, records):
        super().__init__(read_s)
        self.records = [{"name": f"{number}.jpg", "box": [number, number, 1, 1]} for number in range(records)]

    def __getitem__(self, index):
        return super().__getitem__(index) * len(self.records[index % len(self.records)])


class Threaded(Dataset):
    """Multiply matrices with a pool of threads of its own, as libraries for images and arrays do by default."""

    def __init__(self, threads, size=96, times=12):
        self.threads, self.times = threads, times
        self.left = torch.rand(size, size)

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        product = self.left
        for _ in range(self.times):
            product = torch.mm(product, self.left).softmax(dim=1)
        return product[0] + index


class Locked(Dataset):
    """Share one connection, which serves one worker at a time."""

    def __init__(self, locked_s, free_s):
        self.lock, self.locked_s, self.free_s = multiprocessing.Lock(), locked_s, free_s

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        with self.lock:
            time.sleep(self.locked_s)
        time.sleep(self.free_s)
        return torch.full((64,), float(index))


class Stream(IterableDataset):
    """Read records of uneven cost from a stream; shares: each worker's part of it, None: every worker reads it all."""

    def __init__(self, size, read_s, shares):
        self.size, self.read_s, self.shares = size, read_s, shares

    def __iter__(self):
        info = get_worker_info()
        first, end = 0, self.size
        if info is not None and self.shares is not None:
            shares = self.shares if len(self.shares) == info.num_workers else [1] * info.num_workers
            edges = np.round(np.cumsum([0, *shares]) / sum(shares) * self.size).astype(int)
            first, end = edges[info.id], edges[info.id + 1]
        for index in range(first, end):
            time.sleep(self.read_s[index % len(self.read_s)])
            yield torch.full((64,), float(index))


class Collate:
    """Compute for some milliseconds, then collate as torch does."""

    def __init__(self, busy_ms):
        self.busy_ms = busy_ms

    def __call__(self, samples):
        burn(int(self.busy_ms * LOOPS_MS))
        return torch.stack(samples)


def as_arrays(samples):
    """Collate into a list of numpy arrays, which no shared memory takes."""
    return [sample.numpy().copy() for sample in samples]


class Warming:
    """Open something in each worker before its first sample."""

    def __init__(self, opens_s):
        self.opens_s = opens_s

    def __call__(self, _worker):
        time.sleep(self.opens_s)


class Step:
    """Train on a batch: wait for the accelerator, after computing for some milliseconds in the loop itself."""

    def __init__(self, waits_s, busy_ms=0.0):
        self.waits_s, self.busy_ms = waits_s, busy_ms

    def __call__(self, batch):
        if isinstance(batch, torch.Tensor):
            batch.view(-1)[::1024].sum()
        if self.busy_ms:
            burn(int(self.busy_ms * LOOPS_MS))
        if self.waits_s:
            time.sleep(self.waits_s)
