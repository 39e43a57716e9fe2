"""Reduce what a trace tells to the tables that a person reads: batches, samples, steps of a transform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dataloader_sim import Timeline
from dataloader_sim.observed import SAMPLE
from dataloader_sim.timeline import MAIN, Activity, Array

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
# A picture of them is some 1000 pixels wide.
POINTS = 400
# Beyond this many times the median a sample is slow enough to be named, and so many of them are.
SLOW_TIMES = 3.0
MOST_NAMED = 10

BATCH_FACTS = np.dtype(
    [
        ("epoch", np.int32),
        ("batch", np.int32),
        ("worker", np.int16),
        ("sent_s", np.float64),
        ("load_start_s", np.float64),
        ("loaded_s", np.float64),
        ("load_s", np.float64),
        ("blocked_share", np.float64),
        ("cpu_share", np.float64),
        ("held_s", np.float64),
        ("put_s", np.float64),
        ("received_s", np.float64),
        ("step_s", np.float64),
        ("samples", np.int32),
        ("tensor_bytes", np.int64),
    ],
)
"""A row per batch handed over, in that order; NaN for a time, -1 for a count or size that was not seen.

worker: -1 where the training process loaded it. load_s: fetch and collate. blocked_share, cpu_share: of load_s.
held_s: from unpickled, or pinned, to handed over. put_s: the worker's pickling.
"""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Hold the quantiles of one cost of a sample, in seconds, by their names in `QUANTILES`, and its mean."""

    name: str
    mean_s: float
    quantiles_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Hold what one step of a transform pipeline took: calls, seconds in all, and its share of all steps."""

    name: str
    calls: int
    wall_s: float
    share: float


# A page runs again at every change of a setting, and a timeline never changes.
@lru_cache(maxsize=16)
def batches(timeline: Timeline) -> Array:
    """Return a row of dtype `BATCH_FACTS` for each batch handed over."""
    rows = timeline.batches()
    facts = np.zeros(rows.size, BATCH_FACTS)
    for name in ("epoch", "batch", "worker", "sent_s", "load_start_s", "loaded_s", "received_s"):
        facts[name] = rows[name]
    facts["load_s"] = rows["loaded_s"] - rows["load_start_s"]
    facts["held_s"] = np.maximum(rows["received_s"] - _there_s(timeline, rows), 0.0)
    facts["step_s"] = rows["step_end_s"] - rows["step_start_s"]
    put = timeline.of(Activity.PUT)
    facts["put_s"] = _looked_up(rows, put, put["end_s"] - put["start_s"], np.nan)
    facts["samples"] = facts["tensor_bytes"] = -1
    facts["blocked_share"] = facts["cpu_share"] = np.nan
    if timeline.observed is not None:
        _add_observed(facts, rows, timeline.observed.loads)
    return facts


def _there_s(timeline: Timeline, rows: Array) -> NDArray[np.float64]:
    """Return when each batch was in the training process, to be handed over."""
    there_s = np.where(rows["worker"] == MAIN, rows["received_s"], rows["loaded_s"])
    for activity in (Activity.GET, Activity.PIN):
        spans = timeline.of(activity)
        # A persistent worker that goes on sends a message with its number too, before any batch.
        there_s = np.fmax(there_s, _looked_up(rows, np.sort(spans, order="end_s"), np.sort(spans["end_s"]), np.nan))
    held_from_s: NDArray[np.float64] = np.fmin(there_s, rows["received_s"])
    return held_from_s


def _add_observed(facts: Array, rows: Array, loads: Array) -> None:
    facts["samples"] = _looked_up(rows, loads, loads["samples"], -1)
    facts["tensor_bytes"] = _looked_up(rows, loads, loads["tensor_bytes"], -1)
    whole_s = loads["fetch_s"] + loads["collate_s"]
    share = np.full(loads.size, np.nan)
    np.divide(loads["fetch_cpu_s"] + loads["collate_cpu_s"], whole_s, out=share, where=whole_s > 0)
    share = np.clip(share, 0.0, 1.0)
    facts["cpu_share"] = _looked_up(rows, loads, share, np.nan)
    facts["blocked_share"] = 1.0 - facts["cpu_share"]


@lru_cache(maxsize=8)
def costs_s(timeline: Timeline) -> dict[str, NDArray[np.float64]]:
    """Return a sample's time on the clock, on a core and blocked, in seconds; none when no sample was seen alone."""
    seen = timeline.observed
    if seen is None or not seen.samples.size:
        return {}
    wall_s, cpu_s = (seen.samples[name].astype(np.float64) for name in ("wall_s", "cpu_s"))
    parts = {"wall": wall_s, "CPU": cpu_s, "blocked": np.maximum(wall_s - cpu_s, 0.0)}
    known = {name: values[np.isfinite(values)] for name, values in parts.items()}
    return {name: values for name, values in known.items() if values.size}


@lru_cache(maxsize=8)
def quantiles_s(timeline: Timeline) -> dict[str, NDArray[np.float64]]:
    """Return each of a sample's costs as quantiles at equal distances, from the least to the greatest."""
    share = np.linspace(0.0, 1.0, POINTS)
    return {name: np.quantile(values, share) for name, values in costs_s(timeline).items()}


@lru_cache(maxsize=8)
def costs(timeline: Timeline) -> tuple[Spread, ...]:
    """Return the spread of each of a sample's costs; none when no sample was seen alone."""
    return tuple(_spread(name, values) for name, values in costs_s(timeline).items())


@lru_cache(maxsize=8)
def slow_samples(timeline: Timeline) -> Array:
    """Return the rows, slowest first, of the samples that took several times as long as the median one."""
    seen = timeline.observed
    if seen is None or not seen.samples.size:
        return np.zeros(0, SAMPLE)
    rows: Array = seen.samples[np.isfinite(seen.samples["wall_s"])]
    if not rows.size:
        return rows
    slow = rows[rows["wall_s"] > SLOW_TIMES * np.median(rows["wall_s"])]
    slowest: Array = slow[np.argsort(-slow["wall_s"], kind="stable")]
    return slowest


@lru_cache(maxsize=8)
def steps(timeline: Timeline) -> tuple[Step, ...]:
    """Return what each step of the transform pipeline took, in the pipeline's order; none when it was not traced."""
    seen = timeline.observed
    if seen is None or not seen.transforms.size:
        return ()
    rows = seen.transforms[(seen.transforms["step"] >= 0) & (seen.transforms["step"] < len(seen.steps))]
    wall_s = np.bincount(rows["step"], np.nan_to_num(rows["wall_s"]), len(seen.steps))
    calls = np.bincount(rows["step"], rows["calls"], len(seen.steps))
    whole_s = float(wall_s.sum()) or 1.0
    return tuple(
        Step(name=name, calls=int(calls[at]), wall_s=float(wall_s[at]), share=float(wall_s[at]) / whole_s)
        for at, name in enumerate(seen.steps)
    )


def names(rows: Array) -> NDArray[np.int64]:
    """Return one number for each row's epoch and batch, equal for equal ones."""
    both: NDArray[np.int64] = (rows["epoch"].astype(np.int64) << 32) | rows["batch"].astype(np.int64)
    return both


def _spread(name: str, values: NDArray[np.float64]) -> Spread:
    found = np.quantile(values, [share for _name, share in QUANTILES])
    return Spread(name=name, mean_s=float(values.mean()), quantiles_s=tuple(float(one) for one in found))


def _looked_up(rows: Array, table: Array, values: NDArray[np.generic], missing: float) -> NDArray[np.float64]:
    """Return for each row the value of the table's last row of the same epoch and batch."""
    found = np.full(rows.size, missing)
    if table.size:
        known, wanted = names(table), names(rows)
        order = np.argsort(known, kind="stable")
        at = order[np.maximum(np.searchsorted(known, wanted, "right", sorter=order) - 1, 0)]
        found = np.where(known[at] == wanted, values[at].astype(np.float64), missing)
    return found
