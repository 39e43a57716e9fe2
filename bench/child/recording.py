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

from dataloader_sim.scenario import Scenario
from dataloader_sim.shards import delivered
from dataloader_sim.timeline import MAIN

# `perf_counter_ns` is one clock for all processes on Linux.
now_ns = time.perf_counter_ns


@dataclass(frozen=True)
class Plan:
    """Number the tasks of a run through all its epochs, and the samples alike.

    The dataset takes these run-wide sample numbers modulo its length, so that a worker that lives through several
    epochs knows which batch it loads.
    batches: batches that an epoch hands over. tasks: as many as an epoch may send, which is more than its batches
        only for an iterable dataset: a task that finds no sample left brings none.
    samples, batch_size, epochs: as in the workload.
    """

    batches: int
    tasks: int
    samples: int
    batch_size: int
    epochs: int

    @classmethod
    def of(cls, scenario: Scenario) -> Plan:
        """Take the plan of a scenario."""
        workload, loader = scenario.workload, scenario.loader
        batches, _ = delivered(workload, loader)
        # Each hand-over and each worker's end sends one more task than the first ones.
        spare = loader.capacity + loader.num_workers if workload.iterable else 0
        return cls(batches, batches + spare, workload.samples, workload.batch_size, workload.epochs)

    @property
    def total(self) -> int:
        """Return the batches of all epochs."""
        return self.batches * self.epochs


class Loads:
    """Hold one row per task in memory that all processes share: who loaded which samples, from when to when.

    A shared tensor, because torch hands it to workers of every start method, and because its memory has no
    name: a killed trial leaves no file. Each row has one writer, so there is no lock.
    """

    def __init__(self, plan: Plan) -> None:
        """Make room for the tasks of a run."""
        rows = plan.tasks * plan.epochs
        self._rows = torch.zeros((rows, 6), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def put(self, task: int, loaded: tuple[int, int, int, int, int]) -> None:
        """Note what this thread has just loaded: start, end, processor time, first sample's number, samples."""
        worker = get_worker_info()
        self._rows[task].numpy()[:] = (MAIN if worker is None else worker.id, *loaded)

    @property
    def table(self) -> NDArray[np.int64]:
        """Return the rows: worker, start, end, processor time of the loading thread, first sample's number, samples.

        Times are in ns; a row of zeros was not loaded.
        """
        rows: NDArray[np.int64] = self._rows.numpy()
        return rows


class Recorder:
    """Load samples of a dataset, and leave a row in `loads` for each batch made of them.

    Use `collate` as the loader's `collate_fn`.
    """

    def __init__(self, dataset: Any, plan: Plan, loads: Loads, collate: Callable[[list[Any]], Any]) -> None:
        """Take the dataset, and the collate function to use after it."""
        self._dataset, self._plan, self._loads, self._collate = dataset, plan, loads, collate
        self._task, self._first = 0, 0
        self._start_ns = self._start_cpu_ns = 0

    def _begin(self, task: int, first: int) -> None:
        """Note that this thread begins a task, and the number of its first sample."""
        self._task, self._first = task, first
        self._start_ns, self._start_cpu_ns = now_ns(), time.thread_time_ns()

    def collate(self, samples: list[Any]) -> Any:
        """Make the batch of its samples and note that it is loaded."""
        batch = self._collate(samples)
        cpu_ns = time.thread_time_ns() - self._start_cpu_ns
        self._loads.put(self._task, (self._start_ns, now_ns(), cpu_ns, self._first, len(samples)))
        return batch


class Recorded(Recorder, Dataset[Any]):
    """Wrap a dataset so that each batch it loads is recorded."""

    def __len__(self) -> int:
        """Return the samples of all epochs."""
        return self._plan.samples * self._plan.epochs

    def __getitem__(self, index: int) -> Any:
        """Return one sample."""
        return self._dataset[index]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return the samples of one batch and note when it began."""
        self._begin(indices[0] // self._plan.batch_size, indices[0])
        return [self[index] for index in indices]


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
