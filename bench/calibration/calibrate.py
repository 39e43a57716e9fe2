"""Turn traced runs of a loader into the scenario that the simulator needs to predict other settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.calibration.adjusted import as_seen
from bench.calibration.calibration import Calibration, shortened
from bench.calibration.fit import with_shared
from bench.calibration.host import host_machine
from bench.calibration.observations import Observations
from bench.calibration.prediction import compare
from bench.calibration.traced_costs import gaps_in, machine_of, traced_costs, with_shapes, with_values
from bench.machine import describe
from dataloader_sim.metrics import metrics
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Machine
from dataloader_sim.simulate import summarize
from dataloader_sim.timeline import Timeline


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
    scenario = shortened(with_values(with_shapes(scenario, first), quantities))
    if kept is None:
        notes.append(
            "Its machine's plumbing is not known here: `dataloader-lab host --calibrate` there measures it once."
        )
    if runs[0].scenario.loader.num_workers > scenario.machine.cores:
        notes.append("The run had more workers than cores: a run with num_workers=1 would tell the costs better.")
    scenario, fitted = with_shared(scenario, first, runs[1:])
    rate = metrics(runs[0]).samples_per_s
    fit = Calibration(
        scenario=scenario,
        quantities=(*quantities, *fitted),
        notes=tuple(notes),
        self_check=compare(rate, rate),
    )
    fit = as_seen(fit, runs[0])
    scenario = with_values(fit.scenario, fit.quantities)
    return replace(fit, scenario=scenario, self_check=compare(summarize(scenario).samples_per_s, rate))


def _is_here(seen: Observations) -> bool:
    """Return whether a run was traced on this machine, as far as it says."""
    here = describe()["machine_id"]
    return seen.seen.origin.get("machine_id", here) == here
