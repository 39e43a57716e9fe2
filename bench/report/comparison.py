"""Compare two runs, value by value of num_workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from bench.report.cells import Cell
from bench.report.statistics import FEWEST, LEVEL
from bench.runs.records import Run


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Hold one num_workers of two runs: how many times the first one's throughput the second one's is.

    first, second: None where a run did not measure this num_workers. times: None where a side has no throughput.
    low, high: the 95 % interval; None where a side has fewer than 2 trials.
    """

    num_workers: int
    first: Cell | None
    second: Cell | None
    times: float | None
    low: float | None
    high: float | None


def compare(first: Sequence[Cell], second: Sequence[Cell]) -> tuple[Ratio, ...]:
    """Return a ratio for every num_workers that either run measured, in ascending order.

    The runs were made at different times, so their trials are not paired: Welch's t interval on the logs.
    """
    ones, others = ({cell.num_workers: cell for cell in side} for side in (first, second))
    return tuple(_ratio(workers, ones.get(workers), others.get(workers)) for workers in sorted(ones | others))


def machine_differences(first: Run, second: Run) -> tuple[str, ...]:
    """Return what differs between the machines of two runs, e.g. 'cores: 2 and 8'; empty for the same machine."""
    names = {
        "machine_id": "machine",
        "cpu": "processor",
        "cores": "cores",
        "platform": "platform",
        "python": "Python",
        "torch": "torch",
    }
    pairs = (
        (label, first.machine.get(key, "unknown"), second.machine.get(key, "unknown")) for key, label in names.items()
    )
    return tuple(f"{label}: {one} and {other}" for label, one, other in pairs if one != other)


def _ratio(workers: int, first: Cell | None, second: Cell | None) -> Ratio:
    times = low = high = None
    if first and second and first.rate and second.rate:
        times = second.rate / first.rate
        low, high = _welch(list(first.rates.values()), list(second.rates.values()))
    return Ratio(num_workers=workers, first=first, second=second, times=times, low=low, high=high)


def _welch(first: Sequence[float], second: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of the ratio of geometric means of two unpaired samples, unequal spreads allowed."""
    if min(len(first), len(second)) < FEWEST:
        return None, None
    one, other = np.log(first), np.log(second)
    parts = [float(side.var(ddof=1)) / side.size for side in (one, other)]
    variance = sum(parts)
    centre = float(other.mean() - one.mean())
    if variance == 0:
        return math.exp(centre), math.exp(centre)
    freedom = variance**2 / (parts[0] ** 2 / (one.size - 1) + parts[1] ** 2 / (other.size - 1))
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * math.sqrt(variance)
    return math.exp(centre - reach), math.exp(centre + reach)
