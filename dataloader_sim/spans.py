"""Lay what the engine wrote down out as spans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dataloader_sim.engine import at
from dataloader_sim.engine.run import Run
from dataloader_sim.engine.state import Job
from dataloader_sim.timeline import BATCH, GPU, MAIN, PIN, SPAN, Activity, Array

# A span of one of these is kept even when it takes no time: it says when something happened.
_MARKS = (Activity.LOAD, Activity.SEND, Activity.RECEIVE, Activity.STEP)
_ROWS = {
    "sent_s": at.SENT,
    "load_start_s": at.LOAD_START,
    "loaded_s": at.LOADED,
    "received_s": at.RECEIVED,
    "step_start_s": at.STEP_START,
    "step_end_s": at.STEP_END,
}


def spans(job: Job, run: Run) -> Array:
    """Return a run's spans sorted by start; what was under way when it broke off ends there."""
    times, setup, getter = run.log.times, run.log.setup, PIN if job.pins else MAIN
    tasks, workers = _Columns(job, run, job.tasks), _Columns(job, run, job.workers)
    # A worker's own spans carry its id in place of a batch.
    own = np.arange(setup.shape[1]) % max(job.workers, 1)
    parts = [
        tasks.spans(Activity.LOAD, run.log.worker, times[at.LOAD_START], times[at.LOADED]),
        tasks.spans(Activity.GET, getter, times[at.GET_START], times[at.GET_END]),
        tasks.spans(Activity.PIN, getter, times[at.PIN_START], times[at.PIN_END]),
        tasks.spans(Activity.RECEIVE, MAIN, times[at.RECEIVED], times[at.RECEIVED]),
        tasks.spans(Activity.TOUCH, MAIN, times[at.RECEIVED], times[at.TOUCHED]),
        tasks.spans(Activity.COPY, GPU, times[at.COPY_START], times[at.COPY_END]),
        tasks.spans(Activity.LAUNCH, MAIN, times[at.LAUNCH_START], times[at.LAUNCHED]),
        tasks.spans(Activity.STEP, GPU, times[at.STEP_START], times[at.STEP_END]),
        workers.spans(Activity.START, MAIN, setup[at.START_START], setup[at.START_END]),
        workers.spans(Activity.BOOT, own, setup[at.START_END], setup[at.BOOTED]),
        workers.spans(Activity.GET, MAIN, setup[at.RESUME_START], setup[at.RESUME_END]),
        workers.spans(Activity.STOP, MAIN, setup[at.STOP_START], setup[at.STOP_END]),
    ]
    if job.workers:
        parts += [
            tasks.spans(Activity.SEND, MAIN, times[at.SENT], times[at.SENT]),
            tasks.spans(Activity.PUT, run.log.worker, times[at.LOADED], times[at.ARRIVED]),
        ]
    laid = np.concatenate(parts)
    return laid[np.lexsort((laid["batch"], laid["activity"], laid["start_s"]))]


def batches(job: Job, run: Run) -> Array:
    """Return what `Timeline.batches()` would, without laying out spans."""
    column = np.flatnonzero(~np.isnan(run.log.times[at.RECEIVED]))
    column = column[np.argsort(run.log.times[at.RECEIVED, column], kind="stable")]
    rows = np.zeros(column.size, BATCH)
    rank_epoch, rows["batch"] = np.divmod(column, job.tasks)
    rows["rank"], rows["epoch"] = np.divmod(rank_epoch, job.epochs)
    rows["worker"] = run.log.worker[column]
    for name, row in _ROWS.items():
        rows[name] = run.log.times[row, column]
    planned = rows["step_start_s"] > run.ended_s
    if run.outcome != at.WENT_WELL:
        rows["step_start_s"][planned] = rows["step_end_s"][planned] = np.nan
        rows["step_end_s"] = np.minimum(rows["step_end_s"], run.ended_s)
    return rows


def end_s(run: Run) -> float:
    """Return when a run ended: with its last step where the training process does not wait for it."""
    steps = run.log.times[at.STEP_END]
    last = float(np.nanmax(steps)) if run.outcome == at.WENT_WELL and not np.isnan(steps).all() else 0.0
    return max(run.ended_s, last)


@dataclass(frozen=True)
class _Columns:
    """Hold how the columns of a table are numbered: rank by rank, epoch by epoch, `per_epoch` each."""

    job: Job
    run: Run
    per_epoch: int

    def spans(self, activity: Activity, lane: Any, start_s: Any, end_s: Any) -> Array:
        """Return a span for each column in which the activity began; it ends at the latest when the run broke off."""
        if self.run.outcome != at.WENT_WELL:
            end_s = np.where(np.isnan(end_s), self.run.ended_s, np.minimum(end_s, self.run.ended_s))
        began = ~np.isnan(start_s) & (end_s >= start_s)
        column = np.flatnonzero(began if activity in _MARKS else began & (end_s > start_s))
        part = np.zeros(column.size, SPAN)
        part["activity"] = activity
        part["lane"] = lane[column] if isinstance(lane, np.ndarray) else lane
        rank_epoch, part["batch"] = np.divmod(column, max(self.per_epoch, 1))
        part["rank"], part["epoch"] = np.divmod(rank_epoch, self.job.epochs)
        part["start_s"], part["end_s"] = start_s[column], end_s[column]
        return part
