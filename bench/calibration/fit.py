"""Find how many cores and storage streams there really are, by simulating runs that shared them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.calibration.calibration import shortened
from bench.calibration.observations import Observations
from bench.calibration.quantity import Quantity
from dataloader_sim.metrics import metrics
from dataloader_sim.scenario import Scenario
from dataloader_sim.simulate import summarize
from dataloader_sim.timeline import Activity, Timeline

# A limit is believed when it brings the simulation this much nearer, as a share of the measured rate.
WORTH = 0.02
# A cost that did not grow by this share with more workers shows no limit.
GREW = 1.05
# Cores that share their caches, or are two threads of one, do less together: so many shares of the cores are tried.
_SHARES = 25
_LEAST_SHARE = 0.4


def with_shared(scenario: Scenario, first: Observations, runs: Sequence[Timeline]) -> tuple[Scenario, list[Quantity]]:
    """Return the scenario with the storage streams and the cores that further runs of the loader show.

    A limit is looked for only where its cost grew against the first run's, and believed where it explains the runs
    better by `WORTH`; runs with one worker tell nothing.
    """
    # A run that broke off before its first step has no rate.
    crowded = [run for run in runs if run.scenario.loader.num_workers > 1 and run.of(Activity.STEP).size]
    found: list[Quantity] = []
    for name in _suspects(first, crowded):
        candidates = [_with(scenario, name, value) for value in _values(name, crowded)]
        errors = [_error(one, crowded) for one in candidates]
        best = int(np.argmin(errors))
        if _error(scenario, crowded) - errors[best] < WORTH:
            continue
        scenario = candidates[best]
        value = float(getattr(scenario.machine, name))
        note = "the limit that explains the runs with more workers best"
        found.append(
            Quantity(name=f"machine.{name}", value=value, low=value, high=value, count=len(crowded), note=note)
        )
    return scenario, found


def _suspects(first: Observations, crowded: Sequence[Timeline]) -> list[str]:
    """Return the limits whose cost grew with the workers, the one that grew more first."""
    seen = [Observations(run) for run in crowded if run.observed is not None]
    if not seen:
        return ["storage_streams", "cores"] if crowded else []
    reads = max(float(np.mean(one.io_s)) for one in seen) - GREW * float(np.mean(first.io_s))
    computes = max(float(np.mean(one.busy_s)) for one in seen) - GREW * float(np.mean(first.busy_s))
    grew = {"storage_streams": reads, "cores": computes}
    return sorted((name for name, more_s in grew.items() if more_s > 0), key=lambda name: -grew[name])


def _values(name: str, crowded: Sequence[Timeline]) -> list[Any]:
    if name == "storage_streams":
        return list(range(1, max(run.scenario.loader.num_workers for run in crowded)))
    usable = max(run.scenario.machine.cores for run in crowded)
    return [usable * float(share) for share in np.linspace(_LEAST_SHARE, 1.0, _SHARES)]


def _with(scenario: Scenario, name: str, value: Any) -> Scenario:
    changed: dict[str, Any] = {name: value}
    return replace(scenario, machine=replace(scenario.machine, **changed))


def _error(scenario: Scenario, runs: Sequence[Timeline]) -> float:
    """Return the mean distance of the simulated from the measured rates, as a share of the measured."""
    total = 0.0
    for run in runs:
        asked = run.scenario.workload
        workload = replace(scenario.workload, batches=asked.batches, epochs=asked.epochs)
        whole = replace(scenario, loader=run.scenario.loader, workload=workload)
        total += abs(summarize(shortened(whole)).samples_per_s / metrics(run).samples_per_s - 1.0)
    return total / len(runs)
