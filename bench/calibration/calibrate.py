"""Turn traced runs of a loader into the scenario that the simulator needs to predict other settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.calibration.fit import with_shared
from bench.calibration.host import host_machine
from bench.calibration.observations import Observations
from bench.calibration.prediction import Comparison, Prediction, compare, predict_rates, scenario_at
from bench.calibration.quantity import Quantity
from bench.calibration.traced_costs import gaps_in, machine_of, traced_costs, with_shapes, with_values
from bench.machine import describe
from dataloader_sim.metrics import metrics
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Machine, Scenario
from dataloader_sim.simulate import summarize
from dataloader_sim.timeline import Timeline


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Hold what traces say of a loader: the scenario of the first of them, each cost with its interval, and the error.

    self_check: the scenario simulated at the settings it was calibrated from, beside the measured rate. notes: what
    could not be told, a sentence each.
    """

    scenario: Scenario
    quantities: tuple[Quantity, ...]
    notes: tuple[str, ...]
    self_check: Comparison

    def predict(self, changes: Mapping[str, Any] | None = None) -> Prediction:
        """Predict the throughput with some fields changed, such as {'loader.num_workers': 4}.

        Raises ValueError for an unknown field and a value that it refuses.
        """
        versions = [
            scenario_at(with_values(self.scenario, self.quantities, end), changes or {})
            for end in ("value", "high", "low")
        ]
        return predict_rates(*versions)


def calibrate(timelines: Timeline | Sequence[Timeline], host: Machine | None = None) -> Calibration:
    """Calibrate a scenario from one traced run, best at num_workers=1; further runs of the loader sharpen it.

    Costs of samples come from the run with the fewest workers above 0, where nobody waits for a core; how many cores
    and storage streams there really are from the others.
    host: the plumbing costs and cores of the machine of the runs; None: those that `dataloader-lab host --calibrate`
    kept, if it is this one, else the plumbing is known from the trace alone.
    Raises ValueError for no timeline and for one that is no trace.
    """
    runs = [timelines] if isinstance(timelines, Timeline) else list(timelines)
    if not runs:
        raise refuse("timelines", "at least one traced run", 0)
    # Runs without workers stand behind all others: they show nothing of the workers' plumbing.
    runs.sort(key=lambda run: run.scenario.loader.num_workers or math.inf)
    first = Observations(runs[0])
    kept = host or (host_machine() if _is_here(first) else None)
    quantities, notes = traced_costs(first, kept), gaps_in(first)
    scenario = replace(runs[0].scenario, machine=machine_of(runs[0], kept or runs[0].scenario.machine))
    scenario = with_values(with_shapes(scenario, first), quantities)
    if kept is None:
        notes.append(
            "Its machine's plumbing is not known here: `dataloader-lab host --calibrate` there measures it once."
        )
    if runs[0].scenario.loader.num_workers > scenario.machine.cores:
        notes.append("The run had more workers than cores: a run with num_workers=1 would tell the costs better.")
    scenario, fitted = with_shared(scenario, first, runs[1:])
    return Calibration(
        scenario=scenario,
        quantities=(*quantities, *fitted),
        notes=tuple(notes),
        self_check=compare(summarize(scenario).samples_per_s, metrics(runs[0]).samples_per_s),
    )


def _is_here(seen: Observations) -> bool:
    """Return whether a run was traced on this machine, as far as it says."""
    here = describe()["machine_id"]
    return seen.seen.origin.get("machine_id", here) == here
