"""Record an iterable dataset, whose tasks carry no index: the samples are each worker's own business."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from torch.utils.data import IterableDataset, Sampler, get_worker_info

from bench.child.recording import Plan, Recorder, now_ns
from dataloader_sim.scenario import Workload
from dataloader_sim.shards import cuts


class Task:
    """Ask for one more batch of a stream.

    torch asks an iterable dataset for a sample per element of what it sent, and does not tell it what that was; so the
    task tells the process that iterates over it.
    number: of the task, through all epochs. running: the number of the task that this process works on.
    """

    running: ClassVar[int] = 0

    def __init__(self, number: int, size: int, tasks: Tasks | None = None) -> None:
        """Take the number, and how many samples to ask for."""
        self._number, self._size, self._tasks = number, size, tasks
        self._asked_ns = now_ns()

    def __reduce__(self) -> tuple[type[Task], tuple[int, int]]:
        """Note that the task is sent: torch also asks for tasks when no worker is left, and drops them."""
        if self._tasks is not None:
            self._tasks.sent_ns[self._number] = self._asked_ns
        return Task, (self._number, self._size)

    def __len__(self) -> int:
        """Return how many samples to ask for."""
        return self._size

    def __iter__(self) -> Iterator[int]:
        """Begin the task in this process."""
        Task.running = self._number
        return iter(range(self._size))


class Tasks(Sampler[Any]):
    """Hand out task after task, and note when each was sent."""

    def __init__(self, plan: Plan) -> None:
        """Take the plan; every iteration is the next epoch."""
        self._plan = plan
        self._next_epoch = 0
        self.sent_ns = np.zeros(plan.tasks * plan.epochs, np.int64)

    def __iter__(self) -> Iterator[Task]:
        """Iterate over one epoch's tasks."""
        first = self._next_epoch * self._plan.tasks
        self._next_epoch += 1
        for number in range(first, first + self._plan.tasks):
            yield Task(number, self._plan.batch_size, self)


class Stream(Recorder, IterableDataset[Any]):
    """Read a dataset as a stream that shards by worker, and record each batch.

    A worker reads its part in order, as `shards.cuts` divides the samples.
    """

    def __init__(self, *recorded: Any, workload: Workload) -> None:
        """Take what a `Recorder` takes, and how the samples are divided."""
        super().__init__(*recorded)
        self._workload = workload

    def __iter__(self) -> Iterator[Any]:
        """Iterate over this worker's part of an epoch."""
        worker = get_worker_info()
        number, workers = (0, 0) if worker is None else (worker.id, worker.num_workers)
        first, last = cuts(self._workload, workers)[number : number + 2].tolist()
        for at in range(first, last):
            index = Task.running // self._plan.tasks * self._plan.samples + at
            if (at - first) % self._plan.batch_size == 0:
                self._begin(Task.running, index)
            yield self._dataset[index]
