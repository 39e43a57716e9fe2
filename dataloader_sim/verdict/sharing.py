"""Tell from one traced run whether the workers wait for something that they share.

Workers that know nothing of each other fetch k times as much when k of them load as one alone; workers that are served
by the same storage, lock or connection fetch as much with fewer. At a run's start and end, and whenever a worker waits
for the training process, fewer load; what is slow at a start because it is the first speaks for independent workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.observed import Observed
from dataloader_sim.timeline import Activity, Array, Timeline

# Workers share something when their rate grows by no more than this power of their number, and with two standard errors
# on top by less than if they were independent: 1 where they are, 0 where one thing serves them all.
SHARED, _INDEPENDENT = 0.65, 0.9
_ERRORS = 2.0
# So many samples must have ended while not all workers loaded.
_FEWEST = 6
# Most of a sample's time must be spent blocked, and more than so long: below it are calls and the clock's steps.
_BLOCKED_SHARE = 0.5
_SHORTEST_S = 2e-4
# Workers are served one at a time when their samples end at an even pace: of so many, the nearest fiftieth lies apart
# by this share of the median. Workers that know nothing of each other come as near as chance has it; two may keep pace.
_EVEN_PACE, _NEAREST = 0.5, 0.02
_FEWEST_ENDS, _FEWEST_WORKERS = 100, 3
# A worker's own costs vary by this much at least (coefficient of variation), as the edges of a load are not sharp.
_LEAST_SPREAD = 0.25

# A larger table of samples by number of workers is not worth its memory.
_LARGEST = 30_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Say how fast the workers fetch samples together while all of them load and while fewer do.

    few, many: how many loaded, the mean over the time. few_per_s, many_per_s: samples fetched per second then, of one
    that lasted into both a part each. blocked_s: how long a sample is blocked while all load, the mean; least_s: the
    same for the number of workers for which it is least. growth: the power of that number with which the rate grows;
    error: its standard error. apart_s: how far apart the samples of all workers end where they do so one after the
    other, 0.0 otherwise; then nothing was seen of fewer workers, and their numbers are those of all.
    """

    few: float
    many: float
    few_per_s: float
    many_per_s: float
    blocked_s: float
    least_s: float
    growth: float = 0.0
    error: float = 0.0
    apart_s: float = 0.0

    @property
    def streams(self) -> int:
        """Return how many samples are served at once, if each is as fast as in the least company seen."""
        return max(1, round(self.many_per_s * self.least_s))

    @property
    def served_s(self) -> float:
        """Return how long one of so many streams takes for a sample."""
        return self.streams / self.many_per_s


def sharing(timeline: Timeline) -> Sharing | None:
    """Compare the rate at which samples are fetched while all workers load with the rate while fewer do.

    None where it grows with their number, where samples are hardly blocked, and where the trace does not show it.
    """
    workers, seen = timeline.scenario.loader.num_workers, timeline.observed
    if workers <= 1 or seen is None or not seen.samples.size or not seen.loads.size:
        return None
    loads = timeline.of(Activity.LOAD)
    end_s, wall_s, blocked_s = _samples(loads, seen)
    if (
        not 0 < end_s.size * workers <= _LARGEST
        or blocked_s.sum() < _BLOCKED_SHARE * wall_s.sum()
        or np.median(blocked_s) < _SHORTEST_S
    ):
        return None
    company = _in_company(*_levels(loads, end_s, wall_s), blocked_s)
    return company or (_one_by_one(end_s, blocked_s, workers) if workers >= _FEWEST_WORKERS else None)


def _in_company(at_once: Floats, lasted_s: Floats, parts: Floats, blocked_s: Floats) -> Sharing | None:
    """Compare the rates by how many workers load."""
    ended = parts.sum(axis=1)
    kept = (at_once > 0) & (lasted_s > 0) & (ended > 0)
    whole = at_once[kept].max(initial=0)
    fewer = kept & (at_once < whole)
    if ended[fewer].sum() < _FEWEST:
        return None
    spread = max(_LEAST_SPREAD, float(blocked_s.std() / blocked_s.mean()))
    growth, error = _growth(at_once[kept], ended[kept], lasted_s[kept], spread)
    if growth > SHARED or growth + _ERRORS * error > _INDEPENDENT:
        return None
    return Sharing(
        few=float(np.average(at_once[fewer], weights=lasted_s[fewer])),
        many=float(whole),
        few_per_s=float(ended[fewer].sum() / lasted_s[fewer].sum()),
        many_per_s=float(ended[at_once == whole].sum() / lasted_s[at_once == whole].sum()),
        blocked_s=float(np.average(blocked_s, weights=parts[int(whole)])),
        least_s=min(float(np.average(blocked_s, weights=parts[level])) for level in np.flatnonzero(kept)),
        growth=growth,
        error=error,
    )


def _one_by_one(end_s: Floats, blocked_s: Floats, workers: int) -> Sharing | None:
    """See whether the samples of all workers end one after the other at an even pace, as if through one door."""
    apart_s = np.diff(np.sort(end_s))
    if apart_s.size < _FEWEST_ENDS:
        return None
    pace_s, waits_s = float(np.median(apart_s)), float(np.median(blocked_s))
    nearest_s = float(np.quantile(apart_s, _NEAREST))
    if nearest_s <= 0 or nearest_s < _EVEN_PACE * pace_s or waits_s < (workers - 1) * pace_s:
        return None
    return Sharing(
        few=workers,
        many=workers,
        few_per_s=1 / pace_s,
        many_per_s=1 / pace_s,
        blocked_s=waits_s,
        least_s=pace_s,
        apart_s=pace_s,
    )


def _growth(at_once: Floats, ended: Floats, lasted_s: Floats, spread: float) -> tuple[float, float]:
    """Fit rate = a x number ** growth, each number weighted by its samples; return growth and its standard error."""
    x, y = np.log(at_once), np.log(ended / lasted_s)
    x_from_mean = x - np.average(x, weights=ended)
    known = float((ended * x_from_mean**2).sum())
    return float((ended * x_from_mean * y).sum()) / known, spread / math.sqrt(known)


def _levels(loads: Array, end_s: Floats, wall_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the numbers of loads under way, how long each lasted in all, and which part of each sample passed in it.

    The last has a row per number and a column per sample, which sum to 1.
    """
    times = np.concatenate((loads["start_s"], loads["end_s"]))
    order = np.argsort(times, kind="stable")
    change = np.concatenate((np.ones(loads.size, np.int64), -np.ones(loads.size, np.int64)))[order]
    times, count = times[order], np.cumsum(change)[:-1]
    seconds = np.maximum(0.0, np.diff(times))
    # A worker loads one batch at a time; what says otherwise is no torch loader's.
    numbers = np.arange(min(int(count.max(initial=0)), np.unique(loads["lane"]).size) + 1)
    lasted_s, parts = [], []
    for number in numbers:
        so_far_s = np.concatenate(([0.0], np.cumsum(np.where(count == number, seconds, 0.0))))
        inside_s = np.interp(end_s, times, so_far_s) - np.interp(end_s - wall_s, times, so_far_s)
        parts.append(inside_s / np.maximum(wall_s, 1e-9))
        lasted_s.append(float(so_far_s[-1]))
    return numbers.astype(np.float64), np.array(lasted_s), np.array(parts)


def _samples(loads: Array, seen: Observed) -> tuple[Floats, Floats, Floats]:
    """Return when each sample ended, how long it took, and for how much of that it was blocked."""
    loads = loads[np.argsort(_keys(loads), kind="stable")]
    rows = seen.samples[np.isin(_keys(seen.samples), _keys(loads))]
    rows = rows[np.argsort(_keys(rows), kind="stable")]
    keys, wall_s = _keys(rows), rows["wall_s"].astype(np.float64)
    at = np.searchsorted(_keys(loads), keys)
    so_far_s = np.cumsum(wall_s)
    opens = np.append(True, np.diff(keys) != 0)
    before_s = np.maximum.accumulate(np.where(opens, so_far_s - wall_s, 0.0))
    blocked_s = np.maximum(0.0, wall_s - rows["cpu_s"] - _queued_s(seen, keys))
    return loads["start_s"][at] + so_far_s - before_s, wall_s, blocked_s


def _queued_s(seen: Observed, keys: NDArray[np.int64]) -> Floats:
    """Return what the batch of each sample waited for a core, spread over its samples."""
    loads = seen.loads[np.argsort(_keys(seen.loads), kind="stable")]
    at = np.minimum(np.searchsorted(_keys(loads), keys), loads.size - 1)
    each: Floats = np.nan_to_num(loads["queued_s"][at]) / np.maximum(loads["samples"][at], 1)
    return each


def _keys(rows: Array) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = (rows["epoch"].astype(np.int64) << 32) | rows["batch"].astype(np.int64)
    return keys
