"""Reduce a timeline to the numbers that a person compares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.scenario import Scenario
from dataloader_sim.shards import delivered
from dataloader_sim.timeline import Array, Timeline

READY = np.dtype([("time_s", np.float64), ("count", np.int64)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Metrics:
    """Hold the numbers of one run; times in seconds, sizes in bytes, shares between 0 and 1.

    With ranks, batches and samples_per_s are sums over them, times and shares are means of theirs.
    batches: batches received and stepped on.
    samples_per_s: throughput in steady state: from the first step's end to the last's. Workers that
        start together deliver in bursts of num_workers, so the window starts later by as many
        steps as make it a whole number of such rounds; else a short run shows more than the loader can do. A run
        of no more batches than workers has no steady state: its window is the whole run, start-up included.
    stall_s, stall_share: time inside next(iterator), and between epochs, while the accelerator has nothing to do, in
        the same window, and its share of the window.
    held_stall_s: the part of stall_s in which the awaited batch was still loading while at least one later
        batch was loaded already (head-of-line blocking).
    gpu_busy_share: share of the window in which a step ran (MLPerf Storage's accelerator utilization).
    startup_s: from iter(loader) to the first batch, on the last of the ranks. epoch_s: mean time of an epoch.
    ready_batches: dtype `READY`: from each time on, how many batches were loaded and not yet handed over.
    worker_busy_share: for each worker, the share of the run in which it was loading; empty without workers.
    peak_memory_bytes: 0 when it is not known.
    """

    batches: int
    samples_per_s: float
    stall_s: float
    stall_share: float
    held_stall_s: float
    gpu_busy_share: float
    startup_s: float
    epoch_s: float
    ready_batches: Array
    worker_busy_share: tuple[float, ...]
    peak_memory_bytes: int


def metrics(timeline: Timeline) -> Metrics:
    """Compute the metrics of a run, simulated or measured alike; of one that broke off, up to its last whole step.

    One that broke off before its first step has a throughput of 0. Raises ValueError when no step was seen and
    no failure either.
    """
    rows, failed = timeline.batches(), timeline.failure is not None
    return of_batches(timeline.scenario, rows, timeline.end_s, failed=failed, peak=timeline.peak_memory_bytes)


def of_batches(scenario: Scenario, rows: Array, end_s: float, *, failed: bool = False, peak: int = 0) -> Metrics:
    """Compute the metrics from the rows of `Timeline.batches()` alone.

    end_s: when the run ended; failed: whether it broke off then; peak: its peak memory in bytes.
    """
    if failed and np.isnan(rows["step_end_s"]).all():
        return _nothing(scenario, end_s, peak)
    by_rank = [_finished(rows, rank) for rank in range(scenario.machine.ranks)]
    steps = min(one.size for one in by_rank)
    if not steps:
        raise ValueError("a timeline needs at least one batch with its step: this run was cut off before the first")
    by_rank = [one[:steps] for one in by_rank]
    rounds_of = max(scenario.loader.num_workers, 1)
    step_end_s = together([one["step_end_s"] for one in by_rank])
    window = Window(step_end_s, steps_before_window(steps, rounds_of))
    stalls = [_stalls(one, step_end_s) for one in by_rank]
    stall_s = _mean([(one[:, 1] - one[:, 0])[window.before :].sum() for one in stalls])
    busy_s = _mean([(one["step_end_s"] - one["step_start_s"])[window.before :].sum() for one in by_rank])
    held_s = [_held(one, stall, window.before) for one, stall in zip(by_rank, stalls, strict=True)]
    return Metrics(
        batches=steps * len(by_rank),
        samples_per_s=samples_per_s(scenario, window),
        stall_s=stall_s,
        stall_share=stall_s / window.length_s if window.length_s > 0 else 0.0,
        held_stall_s=_mean(held_s),
        gpu_busy_share=min(1.0, busy_s / window.length_s) if window.length_s > 0 else 0.0,
        startup_s=float(max(one["received_s"][0] for one in by_rank)),
        epoch_s=end_s / len(np.unique(rows["epoch"])),
        ready_batches=_ready(rows),
        worker_busy_share=_worker_busy(rows, scenario, end_s),
        peak_memory_bytes=peak,
    )


def _nothing(scenario: Scenario, end_s: float, peak: int) -> Metrics:
    """Return the metrics of a run that broke off before its first step."""
    return Metrics(
        batches=0,
        samples_per_s=0.0,
        stall_s=end_s,
        stall_share=1.0,
        held_stall_s=0.0,
        gpu_busy_share=0.0,
        startup_s=end_s,
        epoch_s=end_s,
        ready_batches=np.zeros(0, READY),
        worker_busy_share=(0.0,) * scenario.loader.num_workers,
        peak_memory_bytes=peak,
    )


@dataclass(frozen=True)
class Window:
    """Hold the steps' ends, float64 seconds, and how many of the first are left out of the steady state."""

    step_end_s: NDArray[np.float64]
    before: int

    @property
    def length_s(self) -> float:
        """Return how long the window lasts."""
        return float(self.step_end_s[-1] - (self.step_end_s[self.before - 1] if self.before else 0.0))


def together(step_end_s: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return when each step was finished on every rank: their steps are synchronised."""
    return step_end_s[0] if len(step_end_s) == 1 else np.maximum.reduce(step_end_s)


def samples_per_s(scenario: Scenario, window: Window) -> float:
    """Return the steady throughput of all ranks; a batch of an iterable dataset counts as large as the mean one."""
    batches, samples = delivered(scenario.workload, scenario.loader)
    steps = window.step_end_s.size - window.before
    stepped = scenario.machine.ranks * steps * samples / batches
    return stepped / window.length_s if window.length_s > 0 else math.inf


def _mean(values: Sequence[float]) -> float:
    return float(sum(values) / len(values))


def _finished(rows: Array, rank: int) -> Array:
    own = (rows["rank"] == rank) & ~np.isnan(rows["step_end_s"])
    whole: Array = rows if own.all() else rows[own]
    return whole


def _held(rows: Array, stalls: NDArray[np.float64], before: int) -> float:
    return _time_with_ready(_ready(rows), _while_loading(rows, stalls)[before:])


def steps_before_window(steps: int, rounds_of: int) -> int:
    """Return how many first steps the window leaves out: one, and as many more as leave whole rounds of the workers."""
    return 1 + (steps - 1) % rounds_of if steps > rounds_of else 0


def _stalls(rows: Array, step_end_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return from when to when the accelerator waited for each batch: shape (batches, 2), equal where it did not."""
    free = np.concatenate(([0.0], step_end_s[:-1]))
    return np.stack([np.minimum(free, rows["received_s"]), rows["received_s"]], axis=1)


def _while_loading(rows: Array, stalls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of each stall in which the awaited batch was not loaded yet; then it travels, and is not held."""
    loaded = np.fmin(rows["loaded_s"], stalls[:, 1])
    return np.stack([stalls[:, 0], np.maximum(stalls[:, 0], loaded)], axis=1)


def _ready(rows: Array) -> Array:
    loaded = rows["loaded_s"][~np.isnan(rows["loaded_s"])]
    times = np.concatenate([loaded, rows["received_s"]])
    change = np.concatenate([np.ones(loaded.size, np.int64), -np.ones(rows.size, np.int64)])
    order = np.argsort(times, kind="stable")
    last_of_time = np.append(np.diff(times[order]) > 0, True)
    ready = np.zeros(int(last_of_time.sum()), READY)
    ready["time_s"] = times[order][last_of_time]
    ready["count"] = np.cumsum(change[order])[last_of_time]
    ready.flags.writeable = False
    return ready


def _time_with_ready(ready: Array, intervals: NDArray[np.float64]) -> float:
    """Return how long, within the intervals, at least one batch was ready."""
    times = ready["time_s"]
    so_far = np.concatenate(([0.0], np.cumsum(np.diff(times) * (ready["count"][:-1] > 0))))
    inside = np.interp(intervals[:, 1], times, so_far) - np.interp(intervals[:, 0], times, so_far)
    return float(inside.sum())


def _worker_busy(rows: Array, scenario: Scenario, end_s: float) -> tuple[float, ...]:
    workers = scenario.loader.num_workers
    loads = rows[(rows["worker"] >= 0) & ~np.isnan(rows["loaded_s"])]
    seconds = np.bincount(loads["worker"], weights=loads["loaded_s"] - loads["load_start_s"], minlength=workers)
    whole_s = end_s * scenario.machine.ranks
    return tuple(float(one) for one in seconds / whole_s) if whole_s > 0 else (0.0,) * workers
