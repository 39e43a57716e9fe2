"""Keep what was computed, for every visitor: scenarios are equal or not, timelines never change."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dataloader_sim import Scenario, Sweep, bounds, judge
from dataloader_sim import sweep as run_sweep
from pages._ui.player_payload import PlayerRun


@lru_cache(maxsize=64)
def sweep(scenario: Scenario, axis: str, values: tuple[Any, ...]) -> Sweep:
    """Simulate a scenario along an axis, once for each distinct request."""
    return run_sweep(scenario, axis, values)


@lru_cache(maxsize=64)
def player_runs(scenario: Scenario, axis: str, values: tuple[Any, ...]) -> tuple[PlayerRun, ...]:
    """Simulate a scenario along an axis and return each run as the player takes it."""
    run = sweep(scenario, axis, values)
    knee = run.knee if axis == "loader.num_workers" else None
    return tuple(
        PlayerRun(
            value=value,
            timeline=timeline,
            metrics=metrics,
            verdict=judge(timeline, knee),
            bound=bounds(timeline.scenario).gpu,
        )
        for value, timeline, metrics in zip(values, run.timelines, run.metrics, strict=True)
    )
