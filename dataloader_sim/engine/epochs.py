"""Open and close an epoch: start, resume and stop the workers."""

from __future__ import annotations

import numpy as np

from dataloader_sim.engine import at
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.loading import boot, is_at_rest
from dataloader_sim.engine.queues import dispatch
from dataloader_sim.engine.shares import takes
from dataloader_sim.engine.state import Job, Log, State, main_of, note_worker, stride


@part
def clear(job: Job, state: State, rank: int) -> None:
    """Forget the epoch before: counters, queues, streams; the training process is about to start its first worker."""
    for one in (at.WORKER, at.SENDS, at.AWAITED, at.TURN, at.MAIL_IN, at.MAIL_OUT):
        state.tally[rank, one] = 0
    state.tally[rank, at.PINNED_IN] = state.tally[rank, at.PINNED_OUT] = 0
    state.tally[rank, at.ALIVE] = job.workers
    state.tally[rank, at.WAITS_FOR] = -1
    state.tally[rank, at.AWAITS] = at.NOBODY
    state.moment[rank, at.DEADLINE] = np.inf
    state.task[at.PLACE, rank, :] = at.NOWHERE
    for worker in range(job.workers):
        _clear_loader(state, rank * stride(job) + worker)
    _clear_loader(state, main_of(job, rank))
    state.process[main_of(job, rank), at.STAGE] = at.STARTS


@part
def _clear_loader(state: State, process: int) -> None:
    state.process[process, at.FIRST_TASK] = -1
    state.process[process, at.GIVEN] = 0
    state.process[process, at.SERVES] = 1
    state.process[process, at.ENDED] = 0
    state.process[process, at.POSITION] = state.process[process, at.STREAM_START]


@part
def open_epoch(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Start the workers one after the other, or hear that each has resumed, then send out every credit at once."""
    stage, worker = state.process[main, at.STAGE], state.tally[rank, at.WORKER]
    if stage == at.PRIMES:
        for _ in range(job.capacity):
            dispatch(job, state, log, rank)
        state.process[main, at.STAGE] = at.ASKS
        return True
    if stage == at.STARTS:
        return _next_worker(job, state, log, rank, main, worker)
    if stage == at.RESUMES:
        note_worker(job, state, log, at.RESUME_START, rank, worker)
        state.process[main, at.STAGE] = at.RESUMED
        return not takes(state, main, job.compute_on, job.get_s)
    state.tally[rank, at.WORKER] = worker + 1
    state.process[main, at.STAGE] = at.STARTS
    if stage == at.STARTED:
        note_worker(job, state, log, at.START_END, rank, worker)
        boot(job, state, rank, worker)
        return not job.serial_start or is_at_rest(job, state, rank, worker)
    note_worker(job, state, log, at.RESUME_END, rank, worker)
    return True


@part
def _next_worker(job: Job, state: State, log: Log, rank: int, main: int, worker: int) -> bool:
    if worker == job.workers or not job.processes:
        state.process[main, at.STAGE] = at.PRIMES
        return True
    if state.tally[rank, at.EPOCH] > 0 and job.persistent:
        state.process[main, at.STAGE] = at.RESUMES
        return is_at_rest(job, state, rank, worker)
    note_worker(job, state, log, at.START_START, rank, worker)
    state.process[main, at.STAGE] = at.STARTED
    return not takes(state, main, job.compute_on, job.spawn_s)


@part
def close_epoch(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Stop the workers one after the other unless they are kept, then open the next epoch."""
    worker, last = state.tally[rank, at.WORKER], state.tally[rank, at.EPOCH] + 1 == job.epochs
    if state.process[main, at.STAGE] == at.STOPPED:
        note_worker(job, state, log, at.STOP_END, rank, worker)
        worker += 1
        state.tally[rank, at.WORKER] = worker
        state.process[main, at.STAGE] = at.STOPS
    if job.processes and worker < job.workers and (last or not job.persistent):
        # A worker that has not yet booted is waited for: torch joins it.
        if not is_at_rest(job, state, rank, worker):
            return False
        note_worker(job, state, log, at.STOP_START, rank, worker)
        state.process[main, at.STAGE] = at.STOPPED
        return not takes(state, main, job.compute_on, job.exit_s)
    if last:
        state.process[main, at.STAGE] = at.DONE
        return False
    state.tally[rank, at.EPOCH] += 1
    clear(job, state, rank)
    return True
