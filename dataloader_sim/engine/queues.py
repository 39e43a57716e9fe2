"""Send indices to the workers and messages back: torch's index queues, result queue and pinned queue."""

from __future__ import annotations

import numpy as np

from dataloader_sim.engine import at
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.shares import wake
from dataloader_sim.engine.state import Job, Log, State, main_of, note, pinner_of, stride


@part
def dispatch(job: Job, state: State, log: Log, rank: int) -> None:
    """Send the next index to the worker whose turn it is (torch: _try_put_index).

    In order that is the next worker that serves, however busy; out of order the next one with a free place.
    """
    task = state.tally[rank, at.SENDS]
    if not job.iterable and task == job.batches:
        return
    for _ in range(job.workers):
        worker = state.tally[rank, at.TURN]
        state.tally[rank, at.TURN] = (worker + 1) % job.workers
        process = rank * stride(job) + worker
        if state.process[process, at.SERVES] and (
            job.in_order or state.process[process, at.GIVEN] < job.capacity // state.tally[rank, at.ALIVE]
        ):
            _send(job, state, log, rank, process, worker)
            return


@part
def _send(job: Job, state: State, log: Log, rank: int, process: int, worker: int) -> None:
    task = state.tally[rank, at.SENDS]
    state.tally[rank, at.SENDS] = task + 1
    note(job, state, log, at.SENT, rank, task)
    state.task[at.OWNER, rank, task] = worker
    state.task[at.PLACE, rank, task] = at.OUT
    state.task[at.NEXT_TASK, rank, task] = -1
    state.process[process, at.GIVEN] += 1
    if state.process[process, at.FIRST_TASK] < 0:
        state.process[process, at.FIRST_TASK] = task
        if state.process[process, at.STAGE] == at.IDLE:
            state.process[process, at.STAGE] = at.WOKEN
            wake(state, process)
    else:
        state.task[at.NEXT_TASK, rank, state.process[process, at.LAST_TASK]] = task
    state.process[process, at.LAST_TASK] = task


@part
def post_result(job: Job, state: State, rank: int, message: int) -> None:
    """Put a message into the rank's result queue, for the pinning thread or the training process."""
    state.task[at.RESULTS, rank, state.tally[rank, at.MAIL_IN]] = message
    state.tally[rank, at.MAIL_IN] += 1
    if not job.pins:
        call_main(job, state, rank)
    elif state.process[pinner_of(job, rank), at.STAGE] == at.IDLE:
        state.process[pinner_of(job, rank), at.STAGE] = at.WOKEN
        wake(state, pinner_of(job, rank))


@part
def call_main(job: Job, state: State, rank: int) -> None:
    """Let the training process look into its queue again, if it waits there."""
    main = main_of(job, rank)
    if state.process[main, at.STAGE] == at.WAITS:
        state.process[main, at.STAGE] = at.ASKS
        state.moment[rank, at.DEADLINE] = np.inf
        wake(state, main)
