"""Record when and where each batch was loaded and sent, without changing what is loaded.

torch calls `Dataset.__getitems__` with a whole batch of indices and then the collate function in the same
process and thread, so the two bracket the load of a batch. Samples, order and random state stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler, get_worker_info

from dataloader_sim.scenario import Workload
from dataloader_sim.timeline import MAIN

# `perf_counter_ns` is one clock for all processes on Linux.
now_ns = time.perf_counter_ns


@dataclass(frozen=True)
class Plan:
    """Number the batches of a run through all its epochs, and the samples alike.

    The sampler hands out these run-wide sample numbers, so that a worker that lives through several epochs
    knows which batch it loads; a dataset takes them modulo its length.
    """

    batches: int
    batch_size: int
    epochs: int

    @classmethod
    def of(cls, workload: Workload) -> Plan:
        """Take the plan of a workload."""
        return cls(workload.batches, workload.batch_size, workload.epochs)

    @property
    def total(self) -> int:
        """Return the batches of all epochs."""
        return self.batches * self.epochs


class Loads:
    """Hold one row per batch in memory that all processes share: who loaded it, from when to when.

    A shared tensor, because torch hands it to workers of every start method, and because its memory has no
    name: a killed trial leaves no file. Each row has one writer, so there is no lock.
    """

    def __init__(self, batches: int) -> None:
        """Make room for the batches of a run."""
        self._rows = torch.zeros((batches, 4), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def put(self, batch: int, start_ns: int, cpu_start_ns: int) -> None:
        """Note that this thread has just loaded a batch that it began at `start_ns`."""
        worker = get_worker_info()
        row = self._rows[batch].numpy()
        row[:] = (MAIN if worker is None else worker.id, start_ns, now_ns(), time.thread_time_ns() - cpu_start_ns)

    @property
    def table(self) -> NDArray[np.int64]:
        """Return the rows: worker, start, end, processor time of the loading thread; times in ns, 0: not loaded."""
        rows: NDArray[np.int64] = self._rows.numpy()
        return rows


class Recorded(Dataset[Any]):
    """Wrap a dataset so that each batch it loads leaves a row in `loads`.

    Use `collate` as the loader's `collate_fn`.
    """

    def __init__(self, dataset: Any, plan: Plan, loads: Loads, collate: Callable[[list[Any]], Any]) -> None:
        """Take the dataset, and the collate function to use after it."""
        self._dataset, self._plan, self._loads, self._collate = dataset, plan, loads, collate
        self._begun = (0, 0, 0)

    def __len__(self) -> int:
        """Return the samples of all epochs."""
        return self._plan.total * self._plan.batch_size

    def __getitem__(self, index: int) -> Any:
        """Return one sample."""
        return self._dataset[index]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return the samples of one batch and note when it began."""
        self._begun = (indices[0] // self._plan.batch_size, now_ns(), time.thread_time_ns())
        return [self[index] for index in indices]

    def collate(self, samples: list[Any]) -> Any:
        """Make the batch of its samples and note that it is loaded."""
        batch = self._collate(samples)
        self._loads.put(*self._begun)
        return batch


class Sent(Sampler[list[int]]):
    """Hand out the indices of batch after batch in order, and note when each was asked for.

    torch asks for them when it sends them to a worker, in the training process.
    """

    def __init__(self, plan: Plan) -> None:
        """Take the plan; every iteration is the next epoch."""
        self._plan = plan
        self._next_epoch = 0
        self.sent_ns = np.zeros(plan.total, np.int64)

    def __len__(self) -> int:
        """Return the batches of one epoch."""
        return self._plan.batches

    def __iter__(self) -> Iterator[list[int]]:
        """Iterate over one epoch's batches."""
        first = self._next_epoch * self._plan.batches
        self._next_epoch += 1
        for batch in range(first, first + self._plan.batches):
            start = batch * self._plan.batch_size
            self.sent_ns[batch] = now_ns()
            yield list(range(start, start + self._plan.batch_size))
