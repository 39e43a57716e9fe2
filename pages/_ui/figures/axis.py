"""Choose what part of an axis a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

from pages._ui.figures.curve import Point

ROOM = 1.25
# Two trials that differ give intervals many times wider than the picture; all points must stay readable.
WIDEST = 2.0


def throughput(points: Sequence[Point], drawn: Sequence[float] = ()) -> list[float]:
    """Return the range in samples/s that shows every point and every value drawn beside them.

    An interval that reaches beyond twice the highest of them leaves the picture.
    """
    highest = max([*drawn, *(one.samples_per_s for one in points)], default=1.0)
    intervals = max((one.high or 0.0 for one in points), default=0.0)
    return [0.0, ROOM * max(highest, min(intervals, WIDEST * highest))]
