"""Run a sweep: one trial after another in the planned order, each kept as soon as it is finished."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench import pictures
from bench.runs.events import (
    BatchProgress,
    Event,
    NotKept,
    PicturesProgress,
    SweepFinished,
    TrialFinished,
    TrialStarted,
)
from bench.runs.plan import PlannedTrial, SweepSpec, trials
from bench.runs.records import CANCELLED, DONE, FAILED, Trial
from bench.runs.schema import StoreError
from bench.runs.store import Store
from bench.trial.measure import run_trial
from bench.trial.spec import TrialError, TrialResult
from dataloader_sim.metrics import metrics
from dataloader_sim.timeline import Timeline


@dataclass
class Outcome:
    """Hold what a sweep brought: its final state, why, and the trials in the order they finished."""

    state: str = DONE
    message: str = ""
    trials: list[Trial] = field(default_factory=list)


def run_sweep(
    spec: SweepSpec,
    *,
    store: Store | None,
    run_id: int,
    on_event: Callable[[Event], None],
    run: Callable[..., TrialResult] = run_trial,
) -> Outcome:
    """Run every trial of the sweep and return the outcome; the caller holds the lock (`bench.lock`).

    store, run_id: where to keep each trial and the final state; without a store they stay in memory.
    run: `run_trial`, or anything of its signature. A trial that fails is kept with its reason and the sweep goes on,
    unless a whole block failed. KeyboardInterrupt ends the running trial and then the sweep, in state cancelled.
    What `on_event` raises ends the sweep and is raised again.
    """
    outcome = Outcome()
    keeper = _Keeper(store, run_id, on_event)
    try:
        _run_all(_with_pictures(spec, on_event), outcome, keeper, on_event, run)
    except KeyboardInterrupt:
        outcome.state, outcome.message = CANCELLED, ""
    except (pictures.PicturesError, ValueError) as error:
        outcome.state, outcome.message = FAILED, str(error)
    keeper.finish(outcome)
    on_event(SweepFinished(state=outcome.state, message=outcome.message))
    return outcome


def _run_all(
    spec: SweepSpec,
    outcome: Outcome,
    keeper: _Keeper,
    on_event: Callable[[Event], None],
    run: Callable[..., TrialResult],
) -> None:
    planned = trials(spec)
    for number, one in enumerate(planned, start=1):
        on_event(TrialStarted(number=number, total=len(planned), planned=one))
        trial, timeline = _run_one(spec, one, number, on_event, run)
        trial = keeper.keep(trial, timeline)
        outcome.trials.append(trial)
        on_event(TrialFinished(number=number, total=len(planned), trial=trial))
        if number == len(spec.num_workers) and all(one.error for one in outcome.trials):
            break
    if all(trial.error for trial in outcome.trials):
        outcome.state, outcome.message = FAILED, outcome.trials[0].error


def _run_one(
    spec: SweepSpec,
    planned: PlannedTrial,
    number: int,
    on_event: Callable[[Event], None],
    run: Callable[..., TrialResult],
) -> tuple[Trial, Timeline | None]:
    started_s = time.monotonic()

    def progress(done: int, total: int) -> None:
        on_event(BatchProgress(number=number, done=done, total=total))

    trial = Trial(block=planned.block, num_workers=planned.num_workers, wall_s=0.0)
    timeline = None
    try:
        result = run(spec.trial(planned.num_workers), on_progress=progress)
        trial, timeline = _measured(trial, result), result.timeline
    except (TrialError, OSError, ValueError) as error:
        trial = replace(trial, error=str(error), details=getattr(error, "details", ""))
    return replace(trial, wall_s=time.monotonic() - started_s), timeline


def _measured(trial: Trial, result: TrialResult) -> Trial:
    seen = metrics(result.timeline)
    if not 0 < seen.samples_per_s < math.inf:
        raise ValueError("the steps took no time at all, so there is no rate: use more batches or a longer step")
    return replace(
        trial,
        samples_per_s=seen.samples_per_s,
        stall_share=seen.stall_share,
        first_batch_s=result.first_batch_s,
        peak_memory_bytes=result.peak_memory_bytes,
        skipped_pictures=result.skipped_pictures,
        notes=result.notes,
        versions=result.versions,
    )


def _with_pictures(spec: SweepSpec, on_event: Callable[[Event], None]) -> SweepSpec:
    """Make sure that the pictures are there before the first trial, so that none pays for them."""
    if spec.workload != "jpeg":
        return spec

    def progress(done: int, total: int) -> None:
        on_event(PicturesProgress(done=done, total=total))

    return replace(spec, images=str(pictures.folder(spec.images, progress)))


class _Keeper:
    """Keep what there is to keep; a store that fails is told once per reason and tried again."""

    def __init__(self, store: Store | None, run_id: int, on_event: Callable[[Event], None]) -> None:
        self._store, self._run_id, self._on_event = store, run_id, on_event
        self._told = ""

    def keep(self, trial: Trial, timeline: Timeline | None) -> Trial:
        if self._store is not None:
            try:
                return self._store.add_trial(self._run_id, trial, timeline)
            except StoreError as error:
                self._tell(str(error))
        return trial

    def finish(self, outcome: Outcome) -> None:
        if self._store is not None:
            try:
                self._store.set_state(self._run_id, outcome.state, outcome.message)
            except StoreError as error:
                self._tell(str(error))

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._on_event(NotKept(reason=reason))
