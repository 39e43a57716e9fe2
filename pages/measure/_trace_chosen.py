"""Hold the trace that the page is about, with what follows from it, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from bench.calibration.advice import judge_and_advise
from bench.calibration.calibrate import calibrate
from bench.calibration.calibration import Calibration
from dataloader_sim import Metrics, Scenario, Timeline, Verdict, metrics, simulate
from pages._ui import cache, compiling


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """Hold a trace under its name; `kept` tells whether it lies in the folder of kept traces."""

    name: str
    timeline: Timeline
    kept: bool

    @property
    def key(self) -> str:
        """Return what tells this trace's widgets from another's."""
        return f"{self.name}-{id(self.timeline)}"


@lru_cache(maxsize=32)
def verdict(timeline: Timeline) -> Verdict:
    """Judge a trace, with advice that rests on predictions from it; raises ValueError for one without a step."""
    compiling.wait()
    return judge_and_advise(timeline)


@lru_cache(maxsize=32)
def seen(timeline: Timeline) -> Metrics:
    """Return a trace's metrics; raises ValueError for one without a step."""
    return metrics(timeline)


@lru_cache(maxsize=32)
def calibrated(timeline: Timeline) -> Calibration | ValueError:
    """Calibrate the scenario from a trace, or return why that cannot be done."""
    compiling.wait()
    try:
        return calibrate(timeline)
    except ValueError as error:
        return error


@lru_cache(maxsize=16)
def simulated(timeline: Timeline) -> Timeline | None:
    """Simulate the calibrated scenario at the trace's own settings, None where nothing could be calibrated.

    Of a run that is too long for a page its first batches are simulated.
    """
    calibration = calibrated(timeline)
    return simulate(shortened(calibration.scenario)) if isinstance(calibration, Calibration) else None


def shortened(scenario: Scenario) -> Scenario:
    """Return the scenario with as few batches, and epochs, as a page has time to simulate."""
    workload = scenario.workload
    batches = min(workload.batches, cache.MOST_BATCHES, max(1, cache.MOST_SAMPLES // workload.batch_size))
    most = min(cache.MOST_BATCHES // batches, cache.MOST_SAMPLES // (batches * workload.batch_size))
    epochs = max(1, min(workload.epochs, most))
    return replace(scenario, workload=replace(workload, batches=batches, epochs=epochs))
