"""Run the same scenario along one axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from dataloader_sim.bounds import KNEE_TOLERANCE
from dataloader_sim.metrics import Metrics, metrics
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import WORKER_OPTIONS, Scenario
from dataloader_sim.simulate import simulate
from dataloader_sim.timeline import Timeline

PARTS = ("workload", "loader", "machine")


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Hold the runs of one scenario along `axis`, one timeline per value, in the order of `values`."""

    scenario: Scenario
    axis: str
    values: tuple[Any, ...]
    timelines: tuple[Timeline, ...]

    @cached_property
    def metrics(self) -> tuple[Metrics, ...]:
        """Return the metrics of each run."""
        return tuple(metrics(timeline) for timeline in self.timelines)

    @property
    def knee(self) -> Any:
        """Return the first value whose throughput is within 2 % of the best."""
        rates = [one.samples_per_s for one in self.metrics]
        enough = max(rates) * (1 - KNEE_TOLERANCE)
        return next(value for value, rate in zip(self.values, rates, strict=True) if rate >= enough)


def sweep(
    scenario: Scenario,
    axis: str,
    values: Sequence[Any],
    run: Callable[[Scenario], Timeline] = simulate,
) -> Sweep:
    """Run the scenario once per value of `axis`, e.g. `sweep(s, "loader.num_workers", range(17))`.

    `run` is any function from a Scenario to its Timeline. Raises ValueError for an unknown axis, for no values
    and for a value that its field refuses.
    """
    if not len(values):
        raise refuse("values", "at least one value of the axis", list(values))
    scenarios = [vary(scenario, axis, value) for value in values]
    return Sweep(
        scenario=scenario,
        axis=axis,
        values=tuple(values),
        timelines=tuple(run(one) for one in scenarios),
    )


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
