"""Hold a measured point, and choose what part of an axis a picture shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ROOM = 1.25
# Two trials that differ give intervals many times wider than the picture; all points must stay readable.
WIDEST = 2.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """Hold one measured value: samples per second with its 95 % interval, None where too few trials give none."""

    value: float
    samples_per_s: float
    low: float | None
    high: float | None
    stall_share: float


def throughput(points: Sequence[Point], drawn: Sequence[float] = ()) -> list[float]:
    """Return the range in samples/s that shows every point and every value drawn beside them.

    An interval that reaches beyond twice the highest of them leaves the picture, and so does an infinite rate.
    """
    rates = [*drawn, *(one.samples_per_s for one in points)]
    highest = max((rate for rate in rates if math.isfinite(rate)), default=1.0)
    intervals = max((one.high or 0.0 for one in points), default=0.0)
    return [0.0, ROOM * max(highest, min(intervals, WIDEST * highest))]
