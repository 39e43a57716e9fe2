"""Cut a few batches out of a long run, so that what a picture sends stays small."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dataloader_sim import Timeline
from dataloader_sim.timeline import Activity, Array
from pages._ui.traced import names

# What belongs to a worker: its `batch` is the worker's id.
_OF_WORKER = (Activity.START, Activity.BOOT, Activity.STOP)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Name batches by their place in the order handed over, through all epochs; both ends included, from 0."""

    first: int
    last: int

    @property
    def batches(self) -> int:
        """Return how many batches there are."""
        return self.last - self.first + 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """Hold a part of a run whose own clock begins at 0.

    at_s: when it begins in the run, which is when the batch before it was stepped on. until_s: how long it lasts; the
    timeline holds what was loaded ahead as well. None: it is the whole run.
    """

    timeline: Timeline
    at_s: float
    until_s: float | None


def whole(timeline: Timeline) -> Window:
    """Return the window of all batches; of a run without any it ends before it begins."""
    return Window(first=0, last=timeline.batches().size - 1)


def around(timeline: Timeline, place: int, most: int) -> Window:
    """Return the window of `most` batches, or all, whose middle is `place` as far as there is room."""
    count = timeline.batches().size
    first = max(0, min(place - most // 2, count - most))
    return Window(first=first, last=min(count, first + most) - 1)


def worst_stall(timeline: Timeline) -> int:
    """Return the place of the batch that the accelerator waited for longest, start-up of the first one aside."""
    rows = timeline.batches()
    if rows.size < 2:  # noqa: PLR2004 (of one batch it is that one)
        return 0
    waited = rows["received_s"][1:] - _done_s(rows)[:-1]
    return 1 + int(np.argmax(waited))


def same(window: Window, of: Timeline, other: Timeline) -> Window | None:
    """Return where another run of the same job has the first and the last of the batches; None where it lacks one."""
    own, others = names(of.batches()), names(other.batches())
    ends = [np.flatnonzero(others == own[place]) for place in (window.first, window.last)]
    if not all(end.size for end in ends):
        return None
    first, last = sorted(int(end[0]) for end in ends)
    return Window(first=first, last=last)


def cut(timeline: Timeline, window: Window) -> Cut:
    """Return the part of a run from the window's first batch to its last, moved to the clock's 0.

    What began before is cut there. Batches loaded while the window lasts are kept whole, so that the ready queue is
    what it was.
    """
    rows = timeline.batches()
    if window == whole(timeline) or not rows.size:
        return Cut(timeline=timeline, at_s=0.0, until_s=None)
    to_end = window.last == rows.size - 1
    done_s = _done_s(rows)
    at_s = float(done_s[window.first - 1]) if window.first else 0.0
    end_s = timeline.end_s if to_end else float(done_s[window.last])
    spans = timeline.spans[_inside(timeline.spans, rows, window, (at_s, end_s))].copy()
    for name in ("start_s", "end_s"):
        spans[name] = np.maximum(spans[name] - at_s, 0.0)
    failure = timeline.failure if to_end else None
    moved = None if failure is None else replace(failure, at_s=max(0.0, failure.at_s - at_s))
    part = replace(timeline, spans=spans, failure=moved, observed=None)
    return Cut(timeline=part, at_s=at_s, until_s=max(end_s - at_s, 0.0))


def _inside(spans: Array, rows: Array, window: Window, clock: tuple[float, float]) -> NDArray[np.bool_]:
    """Tell which spans to keep: all of a batch in the window or loaded while it lasts, else what overlaps it."""
    at_s, end_s = clock
    began_s = np.where(np.isnan(rows["load_start_s"]), rows["received_s"], rows["load_start_s"])
    place = np.arange(rows.size)
    kept = (place >= window.first) & ((place <= window.last) | (began_s <= end_s))
    known = names(rows)
    order = np.argsort(known, kind="stable")
    wanted = names(spans)
    found = order[np.minimum(np.searchsorted(known, wanted, sorter=order), rows.size - 1)]
    of_batch = (known[found] == wanted) & ~np.isin(spans["activity"], _OF_WORKER)
    inside: NDArray[np.bool_] = np.where(of_batch, kept[found], (spans["end_s"] > at_s) & (spans["start_s"] <= end_s))
    return inside


def _done_s(rows: Array) -> NDArray[np.float64]:
    """Return when each batch was done with: stepped on, or handed over where no step was seen; never falling."""
    done_s: NDArray[np.float64] = np.fmax(rows["step_end_s"], rows["received_s"])
    return np.maximum.accumulate(done_s)
