"""Hold what only a traced run can tell: what each sample and each batch cost, as measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.rules import refuse

Array = NDArray[np.void]

SAMPLE = np.dtype(
    [
        ("rank", np.int16),
        ("epoch", np.int32),
        ("batch", np.int32),
        ("index", np.int64),
        ("wall_s", np.float32),
        ("cpu_s", np.float32),
    ],
)
"""A row per sample fetched on its own, in the order fetched within its batch.

index: what the dataset was asked for, -1 where it was no whole number or the dataset is a stream. wall_s: time on the
clock. cpu_s: processor time of the thread that fetched it.
"""

LOADED = np.dtype(
    [
        ("rank", np.int16),
        ("epoch", np.int32),
        ("batch", np.int32),
        ("samples", np.int32),
        ("tensors", np.int32),
        ("tensor_bytes", np.int64),
        ("message_bytes", np.int64),
        ("fetch_s", np.float64),
        ("fetch_cpu_s", np.float64),
        ("collate_s", np.float64),
        ("collate_cpu_s", np.float64),
        ("process_cpu_s", np.float64),
        ("queued_s", np.float64),
        ("put_s", np.float64),
        ("body_cpu_s", np.float64),
    ],
)
"""A row per loaded batch; NaN for a time, -1 for a count or size that was not seen.

tensors, tensor_bytes: of the collated batch. message_bytes: pickled, as it goes through the pipe. fetch_s, fetch_cpu_s:
all its samples, on the clock and on the fetching thread's processor clock. collate_s, collate_cpu_s: the same of the
collate function. process_cpu_s: processor time of all threads of the loading process, during fetch and collate.
queued_s: time in which the fetching thread was ready to run and had no core (Linux: /proc/thread-self/schedstat),
during fetch and collate. put_s: pickling it, in the worker's second thread, time on the clock. body_cpu_s: processor
time of all threads of the training process between hand-over and the next request.
"""

BOOTED = np.dtype(
    [
        ("rank", np.int16),
        ("epoch", np.int32),
        ("worker", np.int16),
        ("cpu_s", np.float64),
        ("init_s", np.float64),
    ],
)
"""A row per worker started: processor time until it could take a task, and the time of the user's worker_init_fn."""

TRANSFORMED = np.dtype(
    [
        ("rank", np.int16),
        ("epoch", np.int32),
        ("batch", np.int32),
        ("step", np.int16),
        ("calls", np.int32),
        ("wall_s", np.float64),
    ],
)
"""A row per batch and step of a transform pipeline: how often it was called and how long that took in all."""


def _none_of(dtype: np.dtype[np.void]) -> Array:
    return np.zeros(0, dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class Observed:
    """Hold what a trace tells beside the spans; every array is read-only.

    samples, loads, boots, transforms: rows of `SAMPLE`, `LOADED`, `BOOTED` and `TRANSFORMED`.
    steps: the names of the transform pipeline's steps, by `transforms["step"]`.
    partial: whether something of the run is missing. notes: what is missing or peculiar, a sentence each.
    origin: which machine and versions it was traced with, as `bench.machine.describe` names them.
    Raises ValueError for an array of another dtype.
    """

    samples: Array = field(default_factory=lambda: _none_of(SAMPLE))
    loads: Array = field(default_factory=lambda: _none_of(LOADED))
    boots: Array = field(default_factory=lambda: _none_of(BOOTED))
    transforms: Array = field(default_factory=lambda: _none_of(TRANSFORMED))
    steps: tuple[str, ...] = ()
    partial: bool = False
    notes: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the arrays and texts, and make the arrays read-only."""
        for name, dtype in TABLES.items():
            rows = getattr(self, name)
            if not isinstance(rows, np.ndarray) or rows.dtype != dtype or rows.ndim != 1:
                raise refuse(name, f"an array with the fields {', '.join(dtype.names or ())}", type(rows).__name__)
            rows.flags.writeable = False
        texts = (*self.steps, *self.notes, *self.origin, *self.origin.values())
        if not all(isinstance(text, str) for text in texts):
            raise refuse("steps, notes and origin", "texts", texts)
        if not isinstance(self.partial, bool):
            raise refuse("partial", "True or False", self.partial)


TABLES = {"samples": SAMPLE, "loads": LOADED, "boots": BOOTED, "transforms": TRANSFORMED}
