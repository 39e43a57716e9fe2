"""Pack the spans of one run for the player: rank by rank, 12 bytes each, batches numbered through all epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dataloader_sim import Timeline
from dataloader_sim.rules import refuse
from dataloader_sim.timeline import GPU, MAIN, Activity, Array

PACKED = np.dtype(
    [
        ("start_s", "<f4"),
        ("end_s", "<f4"),
        ("batch", "<u2"),
        ("lane", "i1"),
        ("activity", "u1"),
    ],
)
MOST_BATCHES = np.iinfo(np.uint16).max + 1
MOST_WORKERS = np.iinfo(np.int8).max + 1

# Activities of the player's own: what a Timeline says only by where a span lies.
RESUMED = 13
"""A GET at an epoch's start, in which a persistent worker says that it goes on; `batch` is the worker's id."""
ENDED = 14
"""A GET of the message that a worker of an iterable dataset has nothing left; `batch` is the task's number."""
OTHERS = 15
"""From a rank's own end of a step to the end of the slowest rank's, in GPU: the steps are synchronised."""

# float32 keeps about seven digits: a shorter part of a run is rounding.
_ROUNDING = 1e-6
_OF_BATCH = np.ones(OTHERS + 1, np.bool_)
_OF_BATCH[[Activity.START, Activity.BOOT, Activity.STOP, RESUMED]] = False


@dataclass(frozen=True, kw_only=True, eq=False)
class RankSpans:
    """Hold one rank's packed spans, sorted by start.

    first: for each epoch the number of its batch 0, through all epochs. at_s: when each epoch began.
    """

    packed: Array
    first: list[int]
    at_s: list[float]


# A rerun packs the same timelines again: those of two visitors' players are kept, with eight ranks about 2 MB.
@lru_cache(maxsize=34)
def spans_of_ranks(timeline: Timeline, most: int) -> tuple[RankSpans, ...]:
    """Return what the player shows of the first ranks, `most` or fewer.

    An epoch takes as many numbers as its highest batch needs, so that the task numbers of an iterable dataset,
    which have gaps and exceed `batches`, stay apart too. Where an index was sent is left out unless the run broke off:
    only then does it show what was outstanding.
    Raises ValueError for more batches or workers than the format holds.
    """
    ranks = min(most, timeline.scenario.machine.ranks)
    spans = timeline.spans
    if ranks < timeline.scenario.machine.ranks:
        spans = spans[spans["rank"] < ranks]
    shape = (ranks, int(spans["epoch"].max(initial=0)) + 1)
    # Where a span belongs: to which rank, and to which of its epochs.
    place = spans["rank"].astype(np.int64) * shape[1] + spans["epoch"]
    activity = _activities(timeline, spans, place)
    first = _first_numbers(spans, place, _OF_BATCH[activity], shape)
    packed = _packed(spans, _numbers(spans, place, _OF_BATCH[activity], first), activity)
    owner = spans["rank"]
    if timeline.failure is None:
        packed, owner = packed[activity != Activity.SEND], owner[activity != Activity.SEND]
    if ranks > 1:
        waits, waiting = _waits_for_others(timeline, first)
        packed, owner = np.concatenate([packed, waits]), np.concatenate([owner, waiting])
    order = np.lexsort((packed["start_s"], owner))
    parts = np.split(packed[order], np.searchsorted(owner[order], np.arange(1, ranks)))
    firsts, at_s = first.tolist(), _epoch_starts(spans, place, shape)
    return tuple(RankSpans(packed=part, first=firsts[rank], at_s=at_s[rank]) for rank, part in enumerate(parts))


def _packed(spans: Array, numbers: NDArray[np.int64], activity: NDArray[np.int8]) -> Array:
    packed = np.zeros(spans.size, PACKED)
    for name in ("start_s", "end_s", "lane"):
        packed[name] = spans[name]
    packed["batch"], packed["activity"] = numbers, activity
    return packed


def _first_numbers(
    spans: Array, place: NDArray[np.int64], of_batch: NDArray[np.bool_], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the number of batch 0 for each rank and epoch: how many numbers the epochs before it took."""
    first = np.zeros(shape, np.int64)
    if shape[1] > 1:
        taken = -_lowest(-1.0 - spans["batch"][of_batch], place[of_batch], first.size)
        taken[np.isinf(taken)] = 0
        first[:, 1:] = np.cumsum(taken.reshape(shape), axis=1)[:, :-1]
    return first


def _numbers(
    spans: Array, place: NDArray[np.int64], of_batch: NDArray[np.bool_], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return each span's batch, numbered through its rank's epochs; a worker's id stays as it is."""
    numbers: NDArray[np.int64] = spans["batch"] + first.ravel()[place] * of_batch
    if spans.size and numbers.max() >= MOST_BATCHES:
        way_out = "show fewer batches"
        raise refuse("batches", f"{MOST_BATCHES:,} or fewer in the player", int(numbers.max()) + 1, way_out)
    if spans.size and spans["lane"].max() >= MOST_WORKERS:
        raise refuse("num_workers", f"{MOST_WORKERS} or fewer in the player", int(spans["lane"].max()) + 1)
    return numbers


def _lowest(values: NDArray[np.float64], place: NDArray[np.int64], places: int) -> NDArray[np.float64]:
    """Return the lowest value at each place, infinity where there is none."""
    lowest = np.full(places, np.inf)
    np.minimum.at(lowest, place, values)
    return lowest


def _epoch_starts(spans: Array, place: NDArray[np.int64], shape: tuple[int, int]) -> list[list[float]]:
    """Return for each rank when its epochs began, to a nanosecond; one without spans began with the next one."""
    if shape[1] == 1:
        return [[0.0]] * shape[0]
    at_s = _lowest(spans["start_s"], place, shape[0] * shape[1]).reshape(shape)
    at_s = np.minimum.accumulate(at_s[:, ::-1], axis=1)[:, ::-1]
    return [[round(one, 9) if math.isfinite(one) else 0.0 for one in rank] for rank in at_s.tolist()]


def _activities(timeline: Timeline, spans: Array, place: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return each span's activity, with the two kinds of GET that bring no batch under names of their own."""
    activity: NDArray[np.int8] = spans["activity"].copy()
    if timeline.scenario.loader.persistent_workers:
        # Until every worker has said that it goes on, torch sends no index of the epoch.
        send = activity == Activity.SEND
        sent_s = _lowest(spans["start_s"][send], place[send], int(place.max(initial=0)) + 1)
        early = (spans["start_s"] < sent_s[place]) & (spans["epoch"] > 0)
        activity[early & (activity == Activity.GET) & (spans["lane"] == MAIN)] = RESUMED
    if timeline.scenario.workload.iterable:
        task = place * MOST_BATCHES + spans["batch"]
        get = activity == Activity.GET
        activity[get] = np.where(np.isin(task[get], task[activity == Activity.LOAD]), Activity.GET, ENDED)
    return activity


def _waits_for_others(timeline: Timeline, first: NDArray[np.int64]) -> tuple[Array, NDArray[np.int16]]:
    """Return a packed span, and its rank, for each step that ended before the same step of the slowest rank."""
    steps = timeline.of(Activity.STEP)
    steps = steps[np.lexsort((steps["start_s"], steps["rank"]))]
    nth = np.arange(steps.size) - np.searchsorted(steps["rank"], steps["rank"])
    common = -_lowest(-steps["end_s"], nth, steps.size)
    late = common[nth] - steps["end_s"] > _ROUNDING * timeline.end_s
    waits = late & (steps["rank"] < len(first))
    packed = np.zeros(int(waits.sum()), PACKED)
    packed["start_s"], packed["end_s"] = steps["end_s"][waits], common[nth][waits]
    packed["batch"] = steps["batch"][waits] + first[steps["rank"][waits], steps["epoch"][waits]]
    packed["lane"], packed["activity"] = GPU, OTHERS
    return packed, steps["rank"][waits]
