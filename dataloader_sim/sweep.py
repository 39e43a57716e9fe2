"""Run the same scenario along one axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from statistics import median
from typing import Any

from dataloader_sim.bounds import KNEE_TOLERANCE
from dataloader_sim.costs import is_drawn
from dataloader_sim.metrics import Metrics, metrics
from dataloader_sim.rules import limits, refuse
from dataloader_sim.scenario import WORKER_OPTIONS, Scenario
from dataloader_sim.simulate import simulate, throughputs
from dataloader_sim.timeline import Timeline

PARTS = ("workload", "loader", "machine")


@dataclass(frozen=True, kw_only=True)
class Band:
    """Hold the lowest, the median and the highest throughput of several seeds, in samples per second."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Hold the runs of one scenario along `axis`, one timeline per value, in the order of `values`.

    band: one per value, over the scenario's seed and those after it; None when only one seed was run.
    """

    scenario: Scenario
    axis: str
    values: tuple[Any, ...]
    timelines: tuple[Timeline, ...]
    band: tuple[Band, ...] | None = None

    @cached_property
    def metrics(self) -> tuple[Metrics, ...]:
        """Return the metrics of each run."""
        return tuple(metrics(timeline) for timeline in self.timelines)

    @property
    def knee(self) -> Any:
        """Return the first value whose throughput is within 2 % of the best; with a band, its median throughput."""
        rates = [one.median for one in self.band] if self.band else [one.samples_per_s for one in self.metrics]
        enough = max(rates) * (1 - KNEE_TOLERANCE)
        return next(value for value, rate in zip(self.values, rates, strict=True) if rate >= enough)


def sweep(
    scenario: Scenario,
    axis: str,
    values: Sequence[Any],
    run: Callable[[Scenario], Timeline] = simulate,
    seeds: int = 1,
) -> Sweep:
    """Run the scenario once per value of `axis`, e.g. `sweep(s, "loader.num_workers", range(17))`.

    `run` is any function from a Scenario to its Timeline; with `seeds` above 1 each value is run with so many seeds,
    the scenario's own and those after it, for the band. Raises ValueError for an unknown axis, for no values, for a
    value that its field refuses, and for seeds below 1 or together with the axis 'seed'.
    """
    if not len(values):
        raise refuse("values", "at least one value of the axis", list(values))
    if not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 1:
        raise refuse("seeds", "a whole number, 1 or more", seeds)
    if seeds > 1 and axis == "seed":
        raise refuse("seeds", "1 when the axis is 'seed'", seeds)
    scenarios = [vary(scenario, axis, value) for value in values]
    timelines = tuple(run(one) for one in scenarios)
    return Sweep(
        scenario=scenario,
        axis=axis,
        values=tuple(values),
        timelines=timelines,
        band=tuple(_band(one, run, seeds) for one in timelines) if seeds > 1 else None,
    )


def _band(timeline: Timeline, run: Callable[[Scenario], Timeline], seeds: int) -> Band:
    scenario = timeline.scenario
    drawn = [_after(scenario.seed, step) for step in range(seeds if is_drawn(scenario.workload) else 1)]
    if run is simulate:
        rates = throughputs(scenario, drawn)
    else:
        rates = [metrics(run(replace(scenario, seed=seed))).samples_per_s for seed in drawn]
    return Band(low=min(rates), median=median(rates), high=max(rates))


def _after(seed: int, steps: int) -> int:
    return (seed + steps) % (int(limits(Scenario, "seed")[1]) + 1)


def vary(scenario: Scenario, axis: str, value: Any) -> Scenario:
    """Return the scenario with one field set, `axis` being e.g. 'workload.step_s' or 'seed'.

    At num_workers 0 the options that only workers use fall back to unset, as torch demands.
    """
    if axis == "seed":
        return replace(scenario, seed=value)
    part, _, name = axis.partition(".")
    if part not in PARTS or name not in {item.name for item in fields(getattr(scenario, part))}:
        raise refuse("axis", "'seed' or a field such as 'loader.num_workers' or 'workload.step_s'", axis)
    changes: dict[str, Any] = {name: value}
    if axis == "loader.num_workers" and value == 0:
        changes |= WORKER_OPTIONS
    whole: dict[str, Any] = {part: replace(getattr(scenario, part), **changes)}
    return replace(scenario, **whole)
