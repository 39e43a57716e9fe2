"""Read a kept run for the two pages: its cells, its timelines, and what the simulator says beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bench.calibration.host import kept_host
from bench.report import counterpart
from bench.report.cells import Cell, cells
from bench.runs.records import RUNNING, Run, Trial
from bench.runs.store import Store
from dataloader_sim import Machine, Sweep, Timeline
from pages._ui import cache
from pages._ui.figures.axis import Point


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Hold a run with its trials so far and the cells that they make."""

    run: Run
    trials: tuple[Trial, ...]
    cells: tuple[Cell, ...]

    @property
    def measured(self) -> tuple[Cell, ...]:
        """Return the cells with at least one trial that succeeded."""
        return tuple(cell for cell in self.cells if cell.rate is not None)

    @property
    def reference(self) -> Cell | None:
        """Return the measured cell whose costs of a sample are simulated: the fewest workers, one at least if tried.

        In the training process torch computes with threads of its own, which on few cores get in each other's way.
        """
        return next((cell for cell in self.measured if cell.num_workers), next(iter(self.measured), None))

    @property
    def points(self) -> tuple[Point, ...]:
        """Return the measured cells as the figures draw them."""
        return tuple(_point(cell) for cell in self.measured)


def load(store: Store, run_id: int) -> Kept:
    """Read one run; raises StoreError."""
    run = store.run(run_id)
    return gather(run, store.trials(run_id) if run.state == RUNNING else _finished(store, run_id, run.trials))


def gather(run: Run, trials: tuple[Trial, ...]) -> Kept:
    """Group the trials of a run."""
    return Kept(run=run, trials=trials, cells=cells(trials))


def typical(kept: Kept, cell: Cell) -> Trial:
    """Return the trial of a cell whose throughput is nearest to the cell's."""
    good = [trial for trial in kept.trials if trial.num_workers == cell.num_workers and not trial.error]
    return min(good, key=lambda trial: abs(math.log(trial.samples_per_s / (cell.rate or trial.samples_per_s))))


@lru_cache(maxsize=64)
def timeline(store: Store, trial_id: int) -> Timeline:
    """Read a trial's timeline, which never changes; raises StoreError."""
    return store.timeline(trial_id)


def simulated(store: Store, kept: Kept) -> Sweep | None:
    """Simulate what was measured; None while nothing is known that could be simulated. Raises StoreError."""
    reference = kept.reference
    seen = timeline(store, typical(kept, reference).id) if reference else None
    scenario = counterpart.scenario(kept.run, seen, plumbing(kept))
    if scenario is None:
        return None
    return cache.sweep(scenario, "loader.num_workers", counterpart.num_workers(kept.run))


def plumbing(kept: Kept) -> Machine | None:
    """Return what torch's plumbing costs on the machine of a run; None for another machine and one not calibrated."""
    known = kept_host().host
    return known.machine if known and known.origin.get("machine_id") == kept.run.machine.get("machine_id") else None


def best(kept: Sequence[Cell]) -> Cell | None:
    """Return the cell with the highest throughput."""
    return max((cell for cell in kept if cell.rate), key=lambda cell: cell.rate or 0.0, default=None)


@lru_cache(maxsize=512)
def _finished(store: Store, run_id: int, _count: int) -> tuple[Trial, ...]:
    # A number is never given again and a finished run never changes; the count is for one that was read too early.
    return store.trials(run_id)


def _point(cell: Cell) -> Point:
    seen = cell.samples_per_s
    return Point(
        value=cell.num_workers,
        samples_per_s=cell.rate or 0.0,
        low=seen.low if seen else None,
        high=seen.high if seen else None,
        stall_share=cell.stall_share,
    )
