"""Join what the workers noted with what the training process noted: which load was of which task. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.tracing.collected import Epoch, Integers, Values
from dataloader_sim.timeline import MAIN

RETURNED, STREAM_ENDED, RAISED = range(3)
_NO_VALUES: Values = ()


@dataclass(frozen=True)
class Load:
    """Hold one load: its task, its worker (-1: the training process) and what was noted of it.

    began_ns: when. values: the fields of its LOADED record from the outcome on, () if it never ended.
    """

    task: int
    worker: int
    began_ns: int
    values: Values
    samples: Integers | None
    transforms: Integers | None

    @property
    def ended_ns(self) -> int:
        """Return when the load ended, 0 if it never did."""
        return int(self.values[5]) if self.values else 0

    @property
    def is_batch(self) -> bool:
        """Return whether the load brought a batch."""
        return bool(self.values) and self.values[0] == RETURNED


def loads_of(epoch: Epoch) -> Iterator[Load]:
    """Return the loads of an epoch with their tasks.

    A worker takes its tasks in the order sent, and so its n-th load in an epoch is its n-th task. Without workers the
    n-th load is task n.
    """
    tasks: dict[int, list[int]] = {}
    for task, worker, _ in epoch.sent:
        tasks.setdefault(worker, []).append(task)
    for worker, noted in epoch.loads.items():
        own = tasks.get(worker, [])
        for number, began_ns in sorted(noted.begun.items()):
            task = number if worker == MAIN else own[number] if number < len(own) else None
            if task is not None:
                values = noted.loaded.get(number, _NO_VALUES)
                yield Load(task, worker, began_ns, values, noted.samples.get(number), noted.transforms.get(number))
