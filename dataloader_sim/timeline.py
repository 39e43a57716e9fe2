"""Hold what happened in one run, simulated or measured, in one form for every view."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.observed import Observed
from dataloader_sim.rules import check, choice, number, refuse
from dataloader_sim.scenario import Scenario

Array = NDArray[np.void]

MAIN = -1
PIN = -2
GPU = -3
SOURCES = ("simulated", "measured")
ENDS = ("killed", "raised", "timed out", "hangs")

SPAN = np.dtype(
    [
        ("rank", np.int16),
        ("lane", np.int16),
        ("activity", np.int8),
        ("epoch", np.int32),
        ("batch", np.int32),
        ("start_s", np.float64),
        ("end_s", np.float64),
    ],
)

BATCH = np.dtype(
    [
        ("rank", np.int16),
        ("epoch", np.int32),
        ("batch", np.int32),
        ("worker", np.int16),
        ("sent_s", np.float64),
        ("load_start_s", np.float64),
        ("loaded_s", np.float64),
        ("received_s", np.float64),
        ("step_start_s", np.float64),
        ("step_end_s", np.float64),
    ],
)


class Activity(IntEnum):
    """Name what a span was spent on; the numbers are part of the stored format."""

    LOAD = 0
    """Fetch a batch's samples, then collate: in a worker, or in MAIN when num_workers is 0."""
    SEND = 1
    """The training process sends a batch's index to a worker; takes no time, lies in MAIN."""
    RECEIVE = 2
    """The training process takes a loaded batch over in `next(iterator)`, which returns at its end; lies in MAIN."""
    STEP = 3
    """One training step on the accelerator; lies in GPU."""
    START = 4
    """The training process starts a worker; lies in MAIN, `batch` is the worker's id."""
    BOOT = 5
    """A worker starts up, before its first batch; lies in the worker's lane, `batch` is the worker's id."""
    PUT = 6
    """A worker pickles a loaded batch and hands it on; lies in the worker's lane."""
    GET = 7
    """A message is taken off the result queue and unpickled; lies in MAIN, or in PIN when a thread pins."""
    PIN = 8
    """A batch is copied into pinned memory; lies in PIN, or in MAIN without workers."""
    TOUCH = 9
    """The training process reads a received batch's memory for the first time; lies in MAIN."""
    COPY = 10
    """A batch is copied to the accelerator; lies in GPU."""
    LAUNCH = 11
    """The training process launches a step; lies in MAIN."""
    STOP = 12
    """The training process shuts a worker down at the end of an epoch; lies in MAIN, `batch` is the worker's id."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Say how a run broke off.

    kind: 'killed', 'raised', 'timed out' or 'hangs' (nothing more will happen, and nobody is told).
    at_s: when. message: what torch says then, or, where it says nothing, what a person would see.
    """

    kind: str = choice("raised", choices=ENDS)
    at_s: float = number(0.0, hint="times are in seconds")
    message: str = ""

    def __post_init__(self) -> None:
        """Check every value."""
        check(self)
        if not isinstance(self.message, str):
            raise refuse("message", "text", self.message)


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """Hold one run: its scenario, where it came from, and a span for every stretch of work.

    spans: a read-only array of dtype `SPAN`, seconds since the first `iter(loader)`. Idleness is never a
        span; it is the gap between two.
    peak_memory_bytes: the most memory that the run's processes held together; 0: unknown.
    failure: how the run broke off; None: it ended as it should. What was under way then ends there.
    observed: what a trace tells beside the spans; None: it is no trace.
    Raises ValueError for a wrong source or dtype, and for a span that is not finite or ends before it starts.
    """

    scenario: Scenario
    source: str
    spans: Array
    peak_memory_bytes: int = 0
    failure: Failure | None = None
    observed: Observed | None = None

    def __post_init__(self) -> None:
        """Check the spans and make them read-only."""
        if self.source not in SOURCES:
            raise refuse("source", f"one of {', '.join(SOURCES)}", self.source)
        if self.failure is not None and not isinstance(self.failure, Failure):
            raise refuse("failure", "a Failure or None", type(self.failure).__name__)
        if self.observed is not None and not isinstance(self.observed, Observed):
            raise refuse("observed", "an Observed or None", type(self.observed).__name__)
        if not isinstance(self.spans, np.ndarray) or self.spans.dtype != SPAN:
            raise refuse("spans", "an array of dtype SPAN", type(self.spans).__name__)
        in_order = np.isfinite(self.spans["end_s"]) & (self.spans["end_s"] >= self.spans["start_s"])
        if not np.all(in_order):
            raise refuse("spans", "finite and end at or after their start", "a span that does not")
        self.spans.flags.writeable = False

    @property
    def end_s(self) -> float:
        """Return when the last span ended, or the run broke off; 0.0 for an empty timeline."""
        broke_off_s = self.failure.at_s if self.failure else 0.0
        return max(float(self.spans["end_s"].max()), broke_off_s) if self.spans.size else broke_off_s

    def of(self, activity: Activity) -> Array:
        """Return the spans of one activity."""
        chosen: Array = self.spans[self.spans["activity"] == activity]
        return chosen

    def batches(self) -> Array:
        """Return one row of dtype `BATCH` per batch in the order received; a time that was not seen is NaN.

        `worker` is the lane that loaded the batch, `MAIN` when the training process did.
        """
        received = self.of(Activity.RECEIVE)
        received = received[np.argsort(received["end_s"], kind="stable")]
        rows = np.zeros(received.size, BATCH)
        for name in ("rank", "epoch", "batch"):
            rows[name] = received[name]
        rows["received_s"] = received["end_s"]
        rows["worker"] = MAIN
        load = _look_up(self.of(Activity.LOAD), rows)
        rows["worker"][load.found] = load.spans["lane"]
        rows["load_start_s"], rows["loaded_s"] = load.column("start_s"), load.column("end_s")
        rows["sent_s"] = _look_up(self.of(Activity.SEND), rows).column("start_s")
        step = _look_up(self.of(Activity.STEP), rows)
        rows["step_start_s"], rows["step_end_s"] = step.column("start_s"), step.column("end_s")
        return rows


@dataclass(frozen=True)
class _Found:
    found: NDArray[np.bool_]
    spans: Array

    def column(self, name: str) -> NDArray[np.float64]:
        values = np.full(self.found.size, np.nan)
        values[self.found] = self.spans[name]
        return values


def _look_up(spans: Array, rows: Array) -> _Found:
    """Find, for each row, the span of the same rank, epoch and batch."""
    if not spans.size:
        return _Found(np.zeros(rows.size, np.bool_), spans)
    keys = _keys(spans)
    order = np.argsort(keys, kind="stable")
    wanted = _keys(rows)
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), spans.size - 1)
    found = keys[order[at]] == wanted
    return _Found(found, spans[order[at[found]]])


def _keys(rows: Array) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = (rows["rank"].astype(np.int64) << 44) | (rows["epoch"].astype(np.int64) << 26)
    # 26 bits hold 67 million batches and 18 bits 262,144 epochs, beyond what a Workload accepts.
    return keys | rows["batch"].astype(np.int64)
