"""Lay the spans of a lane out on threads on which they nest, as Perfetto asks of complete events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.timeline import GPU, MAIN, PIN, Activity, Array

# In the product's order: the player draws the training process first, then what serves it.
ORDER = {MAIN: 0, GPU: 1, PIN: 2}
_NAMES = {MAIN: "training process", GPU: "GPU", PIN: "pinning thread"}
# Done beside the lane's own work: a worker pickles in a second thread, a GPU copies with an engine of its own.
_BESIDE = {Activity.PUT: "result queue", Activity.COPY: "copies"}
US = 1e6
FARTHEST_S = 1e9


@dataclass(frozen=True, kw_only=True)
class Row:
    """Hold one thread of the picture: its name, and its spans sorted so that a parent comes before its children.

    start_us, end_us: whole microseconds, which any reader adds up without rounding.
    """

    name: str
    spans: Array
    start_us: Sequence[int]
    end_us: Sequence[int]


def lanes(spans: Array) -> list[int]:
    """Return the lanes that hold spans, in the product's order; the training process always."""
    found = {MAIN, *map(int, np.unique(spans["lane"]))}
    return sorted(found, key=lambda lane: ORDER.get(lane, len(ORDER) + abs(lane)))


def rows(spans: Array, lane: int) -> list[Row]:
    """Return the threads of one rank's lane: one where its spans nest, more where some overlap."""
    name, own = _NAMES.get(lane, f"worker {lane}"), spans[spans["lane"] == lane]
    whole = _spread(own)
    if len(whole) <= 1:
        return [_row(name, own)]
    found = []
    beside = np.isin(own["activity"], list(_BESIDE))
    for part, label in (
        (own[~beside], name),
        *((own[own["activity"] == one], f"{name}, {_BESIDE[one]}") for one in _BESIDE),
    ):
        for number, chosen in enumerate(_spread(part)):
            found.append(_row(label if not number else f"{label} ({number + 1})", part[chosen]))
    return found


def _row(name: str, spans: Array) -> Row:
    start, end = _microseconds(spans)
    order = np.lexsort((-end, start))
    return Row(name=name, spans=spans[order], start_us=start[order].tolist(), end_us=end[order].tolist())


def _spread(spans: Array) -> list[list[int]]:
    """Return, for each thread needed, the numbers of the spans on it; a span takes the first on which it nests."""
    start, end = _microseconds(spans)
    threads: list[_Thread] = []
    for at in np.lexsort((-end, start)).tolist():
        thread = next((one for one in threads if one.takes(start[at], end[at])), None)
        if thread is None:
            thread = _Thread()
            threads.append(thread)
        thread.put(at, end[at])
    return [thread.numbers for thread in threads]


class _Thread:
    """Hold the spans of one thread, and the ends of those that the next one may begin in."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._ends: list[int] = []

    def takes(self, start_us: int, end_us: int) -> bool:
        while self._ends and self._ends[-1] <= start_us:
            self._ends.pop()
        return not self._ends or end_us <= self._ends[-1]

    def put(self, number: int, end_us: int) -> None:
        self.numbers.append(number)
        self._ends.append(end_us)


def _microseconds(spans: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return _rounded(spans["start_s"]), _rounded(spans["end_s"])


def _rounded(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    # Farther than 30 years, as only a damaged file has it, is cut.
    return np.rint(np.clip(seconds, -FARTHEST_S, FARTHEST_S) * US).astype(np.int64)
