"""Datasets of five families, whose speed at settings not yet measured `prediction.py` predicts.

Each costs what it costs without telling the product: it sees a traced loop and nothing else.
"""

import multiprocessing
import time
import zlib
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

BATCH = 8
# About a millisecond of Python on the machine of docs/MEASURED.md.
LOOPS_MS = 2000


@dataclass(frozen=True)
class Work:
    """Name a workload: its family, its dataset, its step in seconds, its collate in loops of Python."""

    family: str
    dataset: object
    step_s: float = 0.004
    collate: int = 0


class Sleeping(Dataset):
    """Block for so long a sample, then compute; the same for an index every time."""

    def __init__(self, sleep_s, loops=0, floats=64):
        self.sleep_s, self.loops, self.floats = np.atleast_1d(sleep_s), loops, floats

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        sleep_s = self.sleep_s[index % self.sleep_s.size]
        if sleep_s:
            time.sleep(sleep_s)
        burn(self.loops)
        return torch.full((self.floats,), float(index))


class Throttled(Dataset):
    """Read from a storage that serves `streams` readers at once, `read_s` each; others queue."""

    def __init__(self, streams, read_s, free_s=0.0):
        self.gate, self.read_s, self.free_s = multiprocessing.Semaphore(streams), read_s, free_s

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        with self.gate:
            time.sleep(self.read_s)
        if self.free_s:
            time.sleep(self.free_s)
        return torch.full((64,), float(index))


class Deflated(Dataset):
    """Unpack and sum bytes: work of C code that holds no interpreter lock."""

    def __init__(self, megabytes):
        noise = np.random.default_rng(0).integers(0, 16, int(megabytes * 1e6), np.uint8)
        self.packed = zlib.compress(noise.tobytes(), 1)

    def __len__(self):
        return 1 << 20

    def __getitem__(self, index):
        pixels = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return torch.tensor([float(pixels[index % pixels.size]), float(index)])


class Collate:
    """Collate as torch does after computing for a while."""

    def __init__(self, loops):
        self.loops = loops

    def __call__(self, samples):
        burn(self.loops)
        return default_collate(samples)


def burn(loops):
    """Compute in Python: a fixed amount of work, so that it takes longer where processes slow each other down."""
    for _ in range(loops):
        sum(range(50))


def works():
    """Return the workloads by name."""
    rng = np.random.default_rng(1)
    normal = rng.lognormal(-0.5, 1.0, 4096)
    spikes = np.where(np.arange(4096) % 50 == 49, 0.060, 0.003)
    return {
        "blocked, even": Work("blocked", Sleeping(0.004)),
        "blocked, 2 to 6 ms": Work("blocked", Sleeping(rng.uniform(0.002, 0.006, 4096), LOOPS_MS // 5)),
        "blocked, slow step": Work("blocked", Sleeping(0.003, LOOPS_MS // 10), step_s=0.012),
        "2 streams": Work("throttled", Throttled(2, 0.003)),
        "3 streams, then free": Work("throttled", Throttled(3, 0.002, 0.003)),
        "Python, 2 ms": Work("computing", Sleeping(0.0, 2 * LOOPS_MS)),
        "unpacking": Work("computing", Deflated(0.35)),
        "mixed": Work("computing", Sleeping(0.003, LOOPS_MS)),
        "log-normal": Work("heavy-tailed", Sleeping(0.004 * normal)),
        "one in 50": Work("heavy-tailed", Sleeping(spikes)),
        "Pareto": Work("heavy-tailed", Sleeping(np.minimum(0.0015 * (1 + rng.pareto(1.8, 4096)), 0.1))),
        "collate 12 ms": Work("collate-heavy", Sleeping(0.002), collate=12 * LOOPS_MS),
        "collate 3 ms, 5 MB": Work("collate-heavy", Sleeping(0.002, 0, 150_000), collate=3 * LOOPS_MS, step_s=0.008),
    }
