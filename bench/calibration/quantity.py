"""Hold one calibrated cost: its value, how sure it is, and where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from dataloader_sim.rules import refuse

SOURCES = ("trace", "machine", "assumed")
Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Hold one calibrated field of a scenario.

    name: the field, such as 'workload.io_s'. value, low, high: in the field's unit, the last two a 95 % interval;
    equal to the value where nothing tells the spread. count: how many observations. source: 'trace', 'machine'
    (measured once on this machine) or 'assumed'. note: what to know about it.
    """

    name: str
    value: float
    low: float
    high: float
    count: int = 0
    source: str = "trace"
    note: str = ""

    def __post_init__(self) -> None:
        """Check the source and the order of the bounds."""
        if self.source not in SOURCES:
            raise refuse("source", f"one of {', '.join(SOURCES)}", self.source)
        if not self.low <= self.value <= self.high:
            raise refuse("value", "between low and high", (self.low, self.value, self.high))


def known(name: str, value: float, source: str, note: str = "") -> Quantity:
    """Return a quantity of which only the value is known."""
    return Quantity(name=name, value=value, low=value, high=value, source=source, note=note)


def mean(
    name: str, values: NDArray[np.float64], *, weights: NDArray[np.float64] | None = None, note: str = ""
) -> Quantity:
    """Return the mean of observations with its t interval, never below 0.

    values: one per batch, as the samples of a batch are not independent; weights: how many samples each stands for.
    """
    seen = ~np.isnan(values)
    values = values[seen]
    if not values.size:
        raise refuse("values", "at least one observation", 0)
    weights = np.ones(values.size) if weights is None else weights[seen]
    center = float(np.average(values, weights=weights))
    reach = 0.0
    if values.size > 1:
        spread = math.sqrt(float(np.average((values - center) ** 2, weights=weights)) / (values.size - 1))
        reach = float(stdtrit(values.size - 1, (1 + LEVEL) / 2)) * spread
    center = max(0.0, center)
    low, high = max(0.0, center - reach), center + reach
    return Quantity(name=name, value=center, low=low, high=high, count=int(values.size), note=note)


def middle(name: str, values: Floats, note: str = "") -> Quantity:
    """Return the median of observations with the interval of its order statistics, never below 0.

    For costs whose few large values are waits for somebody else, not work.
    """
    ordered = np.sort(np.maximum(values[~np.isnan(values)], 0.0))
    if not ordered.size:
        raise refuse("values", "at least one observation", 0)
    # The ranks that bound the median at 95 %: n / 2 -+ 0.98 sqrt(n), the normal approximation of the binomial.
    reach = 0.98 * math.sqrt(ordered.size)
    low = max(0, math.floor(ordered.size / 2 - reach))
    high = min(ordered.size - 1, math.ceil(ordered.size / 2 + reach))
    value = float(np.median(ordered))
    bounds = sorted((float(ordered[low]), value, float(ordered[high])))
    return Quantity(name=name, value=value, low=bounds[0], high=bounds[2], count=int(ordered.size), note=note)
