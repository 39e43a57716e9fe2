"""Reduce a timeline to the numbers that a person compares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.timeline import MAIN, Activity, Array, Timeline

READY = np.dtype([("time_s", np.float64), ("count", np.int64)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Metrics:
    """Hold the numbers of one run; times in seconds, sizes in bytes, shares between 0 and 1.

    batches: batches received.
    samples_per_s: throughput in steady state: from the first step's end to the last's. Workers that
        start together deliver in bursts of num_workers, so the window starts later by as many
        steps as make it a whole number of such rounds; else a short run shows more than the loader can do. A run
        of no more batches than workers has no steady state: its window is the whole run, start-up included.
    stall_s, stall_share: time inside next(iterator) while the accelerator has nothing to do, in the same
        window, and its share of the window.
    held_stall_s: the part of stall_s in which the awaited batch was still loading while at least one later
        batch was loaded already (head-of-line blocking).
    gpu_busy_share: share of the window in which a step ran (MLPerf Storage's accelerator utilization).
    startup_s: from iter(loader) to the first batch. epoch_s: mean time of an epoch.
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
    """Compute the metrics of a run, simulated or measured alike.

    Raises ValueError when no batch was received or a received batch has no step.
    """
    rows = timeline.batches()
    if not rows.size or np.isnan(rows["step_end_s"]).any():
        raise ValueError("a timeline needs at least one batch, each with its step: this run was cut off")
    ready = _ready(rows)
    before = _steps_before_window(rows.size, timeline.scenario.loader.num_workers)
    start_s = float(rows["step_end_s"][before - 1]) if before else 0.0
    window_s = float(rows["step_end_s"][-1]) - start_s
    stalls = _stalls(rows)[before:]
    stall_s = float((stalls[:, 1] - stalls[:, 0]).sum())
    busy_s = float((rows["step_end_s"] - rows["step_start_s"])[before:].sum())
    samples = (rows.size - before) * timeline.scenario.workload.batch_size
    return Metrics(
        batches=int(rows.size),
        samples_per_s=samples / window_s if window_s > 0 else math.inf,
        stall_s=stall_s,
        stall_share=stall_s / window_s if window_s > 0 else 0.0,
        held_stall_s=_time_with_ready(ready, _while_loading(rows)[before:]),
        gpu_busy_share=min(1.0, busy_s / window_s) if window_s > 0 else 0.0,
        startup_s=float(rows["received_s"][0]),
        epoch_s=timeline.end_s / len(np.unique(rows["epoch"])),
        ready_batches=ready,
        worker_busy_share=_worker_busy(timeline),
        peak_memory_bytes=timeline.peak_memory_bytes,
    )


def _steps_before_window(steps: int, workers: int) -> int:
    """Return how many first steps the window leaves out: one, and as many more as leave whole rounds of the workers."""
    rounds_of = max(workers, 1)
    return 1 + (steps - 1) % rounds_of if steps > rounds_of else 0


def _stalls(rows: Array) -> NDArray[np.float64]:
    """Return from when to when the accelerator waited for each batch: shape (batches, 2), equal where it did not."""
    free = np.concatenate(([0.0], rows["step_end_s"][:-1]))
    return np.stack([np.minimum(free, rows["received_s"]), rows["received_s"]], axis=1)


def _while_loading(rows: Array) -> NDArray[np.float64]:
    """Return the part of each stall in which the awaited batch was not loaded yet; then it travels, and is not held."""
    stalls = _stalls(rows)
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


def _worker_busy(timeline: Timeline) -> tuple[float, ...]:
    load = timeline.of(Activity.LOAD)
    load = load[load["lane"] > MAIN]
    workers = timeline.scenario.loader.num_workers
    seconds = np.bincount(load["lane"], weights=load["end_s"] - load["start_s"], minlength=workers)
    return tuple(float(one) for one in seconds / timeline.end_s) if timeline.end_s > 0 else (0.0,) * workers
