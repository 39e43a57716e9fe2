"""Datasets and loaders to trace; at the top level, as spawn needs them."""

import os
import random
import signal
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class Squares(Dataset):
    """Return the square of each index, with what the random generators say when asked to."""

    def __init__(self, size=24, *, draws=False, slow_s=0.0):
        self.size, self.draws, self.slow_s = size, draws, slow_s

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        time.sleep(self.slow_s)
        drawn = (random.random(), np.random.rand(), torch.rand(()).item()) if self.draws else (0.0, 0.0, 0.0)  # noqa: NPY002 (what torch seeds)
        return torch.tensor([float(index) ** 2, *drawn], dtype=torch.float64)


class Batched(Squares):
    """Load a whole batch at once."""

    def __getitems__(self, indices):
        return [self[index] for index in indices]


class Shards(IterableDataset):
    """Stream an uneven part of the numbers to each worker."""

    def __iter__(self):
        info = get_worker_info()
        if info is None:
            return iter([torch.tensor(i) for i in range(13)])
        return iter([torch.tensor(i) for i in range(13) if (i % 4 == 0) == (info.id == 0)])


class Faulty(Dataset):
    """Go wrong at one sample."""

    def __init__(self, how, at=10):
        self.how, self.at = how, at

    def __len__(self):
        return 24

    def __getitem__(self, index):
        if index == self.at:
            if self.how == "raise":
                raise KeyError(f"sample {index} is bad")
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "hang":
                time.sleep(3600)
        return torch.tensor(index)


class SeesItself(Dataset):
    """Say what a worker's own dataset looks like from inside."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        info = get_worker_info()
        return type(info.dataset if info else self).__name__


class Wrapped:
    """Hold a loader as Lightning Fabric does."""

    def __init__(self, loader):
        self._dataloader = loader

    def __len__(self):
        return len(self._dataloader)

    def __iter__(self):
        for batch in self._dataloader:
            yield batch * 2


class Passing(DataLoader):
    """Hold a loader and pass for one, as Accelerate's does: never constructed as one."""

    def __init__(self, loader):
        object.__setattr__(self, "__dict__", {"base_dataloader": loader, "_DataLoader__initialized": False})

    def __iter__(self):
        return self.base_dataloader.__iter__()


class Announced(DataLoader):
    """Do something before each epoch."""

    announced = 0

    def __iter__(self):
        type(self).announced += 1
        return super().__iter__()


def identity(samples):
    return samples


def fail_at_once(_worker):
    raise ValueError("this worker cannot start")


def fail_to_collate(_samples):
    raise OSError(5, "no batch today")


def values(batches):
    return [batch.tolist() if isinstance(batch, torch.Tensor) else batch for batch in batches]
