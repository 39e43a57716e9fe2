"""Run torch's DataLoader protocol as a discrete-event simulation, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.engine import at
from dataloader_sim.engine.asking import ask
from dataloader_sim.engine.compiled import part, sources, whole
from dataloader_sim.engine.epochs import clear, close_epoch, open_epoch
from dataloader_sim.engine.loading import work
from dataloader_sim.engine.pinning import pin
from dataloader_sim.engine.shares import advance, wake
from dataloader_sim.engine.state import JOB, Ints, Job, Log, State, main_of, stride
from dataloader_sim.engine.stepping import step_on

Floats32 = NDArray[np.float32]


class Run(NamedTuple):
    """Hold what a run wrote down, how it ended (`at.WENT_WELL` or why not) and when, in seconds."""

    log: Log
    outcome: int
    ended_s: float


def _build(digest: str) -> Callable[[Any, Floats32, Ints], Run]:
    @whole
    def compiled(jobs: Any, factor: Floats32, cuts: Ints) -> Run:
        if not digest:  # part of what the compiled function is kept under
            raise ValueError
        job = jobs[0]
        columns = job.ranks * job.epochs
        log = Log(
            np.full((job.rows, columns * job.tasks), np.nan),
            np.full(columns * job.tasks, -1, np.int32),
            np.full((at.SETUP_ROWS, columns * job.workers), np.nan),
        )
        processes, resources = job.ranks * stride(job), at.LOCK + (job.ranks if job.locked else 0)
        state = State(
            factor,
            np.zeros(resources),
            np.zeros((resources, processes)),
            np.zeros((resources, processes), np.int64),
            np.zeros((processes, at.PROCESS_FIELDS), np.int64),
            np.zeros((job.ranks, at.TALLIES), np.int64),
            np.zeros((job.ranks, at.MOMENTS)),
            np.zeros((at.TASK_FIELDS, job.ranks, job.tasks + job.workers), np.int64),
            np.zeros(at.PLACES),
            np.zeros(at.USERS + resources, np.int64),
        )
        state.whole[at.FINISHED] = -1
        for rank in range(job.ranks):
            _set_up(job, state, rank, cuts)
        while state.whole[at.OUTCOME] == at.WENT_WELL:
            process = advance(job, state)
            if process < 0:
                break
            _go_on(job, state, log, process)
        return Run(log, _outcome(job, state), state.clock[at.WALL])

    return compiled


@part
def _set_up(job: Job, state: State, rank: int, cuts: Ints) -> None:
    """Give each loader its stream, and let the training process begin."""
    for place in range(stride(job)):
        process = rank * stride(job) + place
        state.process[process, at.STAGE] = at.OFF if job.processes and place < job.workers else at.IDLE
        worker = place if place < job.workers else 0
        state.process[process, at.STREAM_START] = cuts[worker]
        state.process[process, at.STREAM_END] = cuts[worker + 1]
    clear(job, state, rank)
    wake(state, main_of(job, rank))


@part
def _go_on(job: Job, state: State, log: Log, process: int) -> None:
    rank = process // stride(job)
    place = process - rank * stride(job)
    if place < job.workers:
        work(job, state, log, rank, process)
    elif place == job.workers:
        pin(job, state, log, rank, process)
    else:
        going = True
        while going:
            going = _train_on(job, state, log, rank, process)


@part
def _train_on(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Do the next thing in a training process; return whether the one after it can be done at once."""
    stage = state.process[main, at.STAGE]
    if stage >= at.TOUCHES:
        return step_on(job, state, log, rank, main)
    if stage >= at.ASKS:
        return ask(job, state, log, rank, main)
    if stage >= at.STOPS:
        return close_epoch(job, state, log, rank, main)
    return open_epoch(job, state, log, rank, main)


@part
def _outcome(job: Job, state: State) -> int:
    outcome: int = state.whole[at.OUTCOME]
    for rank in range(job.ranks):
        if outcome == at.WENT_WELL and state.process[main_of(job, rank), at.STAGE] != at.DONE:
            outcome = at.HANGS
    return outcome


_run = _build(sources())


def run(job: Job, factor: Floats32, cuts: Ints) -> Run:
    """Run a job to its end, or to where it breaks off.

    factor: float32, read-only, `costs.Costs.factor` of rank after rank; one number where all cost the same.
    cuts: see `shards.cuts`.
    """
    return _run(_record(job), factor, cuts)


@lru_cache(maxsize=1)  # a band runs one job with many factors
def _record(job: Job) -> Any:
    return np.array([job], JOB).view(np.recarray)
