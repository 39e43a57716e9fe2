"""Let the training process ask for a batch: torch's `__next__`, in order and out of order."""

from __future__ import annotations

from dataloader_sim.engine import at
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.loading import find_samples, load
from dataloader_sim.engine.queues import dispatch
from dataloader_sim.engine.shares import takes
from dataloader_sim.engine.state import Job, Log, State, column_of, is_faulty, note, stride


@part
def ask(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Do the next thing inside `next(iterator)`; return whether the one after it can be done at once."""
    stage = state.process[main, at.STAGE]
    if stage == at.ASKS:
        if job.workers == 0:
            return _begin_own_load(job, state, log, rank, main)
        return _look_for_batch(job, state, log, rank, main)
    if stage == at.GOT:
        _sort_message(job, state, log, rank, main)
        return True
    if stage == at.HAS:
        return _hand_over(job, state, log, rank, main)
    return _load_itself(job, state, log, rank, main)


@part
def _look_for_batch(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Take the awaited batch from the cache, else the next message, else wait for one."""
    while state.tally[rank, at.AWAITED] < state.tally[rank, at.SENDS]:
        awaited = state.tally[rank, at.AWAITED]
        place = state.task[at.PLACE, rank, awaited]
        owner = rank * stride(job) + state.task[at.OWNER, rank, awaited]
        if place == at.CACHED or (place == at.OUT and state.process[owner, at.SERVES]):
            break
        state.tally[rank, at.AWAITED] += 1
    else:
        state.tally[rank, at.WORKER] = 0
        state.process[main, at.STAGE] = at.STOPS
        return True
    awaited = state.tally[rank, at.AWAITED]
    if state.task[at.PLACE, rank, awaited] == at.CACHED:
        state.tally[rank, at.AWAITED] += 1
        state.tally[rank, at.CURRENT] = awaited
        state.process[main, at.STAGE] = at.HAS
        return True
    return _take_message(job, state, log, rank, main)


@part
def _take_message(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    queue, taken, posted = at.RESULTS, at.MAIL_OUT, at.MAIL_IN
    if job.pins:
        queue, taken, posted = at.PINNED, at.PINNED_OUT, at.PINNED_IN
    if state.tally[rank, taken] == state.tally[rank, posted]:
        state.process[main, at.STAGE] = at.WAITS
        state.moment[rank, at.DEADLINE] = state.clock[at.WALL] + job.timeout
        return False
    message = state.task[queue, rank, state.tally[rank, taken]]
    state.tally[rank, taken] += 1
    state.tally[rank, at.CURRENT] = message
    state.process[main, at.STAGE] = at.GOT
    if job.pins:
        return True
    note(job, state, log, at.GET_START, rank, task_of(message))
    return not takes(state, main, main_uses(job, rank), message_s(job, state, rank, message))


@part
def message_s(job: Job, state: State, rank: int, message: int) -> float:
    """Return how long it takes to receive a message; that a stream has ended, or an exception, holds no tensors."""
    if message < 0 or (job.fault == at.RAISE and is_faulty(job, state, rank, message)):
        return job.get_s
    return job.get_s + job.get_tensors_s


@part
def task_of(message: int) -> int:
    """Return the task that a message answers."""
    return message if message >= 0 else -1 - message


@part
def main_uses(job: Job, rank: int) -> int:
    """Return what the training process computes on."""
    return at.LOCK + rank if job.locked else job.compute_on


@part
def _sort_message(job: Job, state: State, log: Log, rank: int, main: int) -> None:
    message = state.tally[rank, at.CURRENT]
    state.process[main, at.STAGE] = at.ASKS
    if not job.pins:
        note(job, state, log, at.GET_END, rank, task_of(message))
    if message < 0:
        state.process[rank * stride(job) + state.task[at.OWNER, rank, task_of(message)], at.SERVES] = 0
        state.tally[rank, at.ALIVE] -= 1
        dispatch(job, state, log, rank)
        return
    if message == state.tally[rank, at.AWAITED]:
        state.tally[rank, at.AWAITED] += 1
    elif job.in_order:
        state.task[at.PLACE, rank, message] = at.CACHED  # early: it is held, and no index goes out for it
        return
    state.process[main, at.STAGE] = at.HAS


@part
def _hand_over(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Return the batch from `next`; a new index goes out just before (torch: _process_data calls _try_put_index)."""
    task = state.tally[rank, at.CURRENT]
    if job.workers > 0:
        state.task[at.PLACE, rank, task] = at.GONE
        state.process[rank * stride(job) + state.task[at.OWNER, rank, task], at.GIVEN] -= 1
        dispatch(job, state, log, rank)
    if job.fault == at.RAISE and is_faulty(job, state, rank, task):
        state.whole[at.OUTCOME] = at.RAISED
        return False
    note(job, state, log, at.RECEIVED, rank, task)
    state.process[main, at.STAGE] = at.TOUCHES
    return True


@part
def _begin_own_load(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Without workers, begin to load the next batch here."""
    task = state.tally[rank, at.SENDS]
    there = job.iterable or task < job.batches
    if not there or not find_samples(job, state, rank, main, task):
        state.process[main, at.STAGE] = at.STOPS
        return True
    state.tally[rank, at.SENDS] = task + 1
    state.tally[rank, at.CURRENT] = task
    log.worker[column_of(job, state, rank, task)] = -1
    note(job, state, log, at.LOAD_START, rank, task)
    state.process[main, at.STAGE] = at.LOADS
    if job.fault == at.LOSE or not is_faulty(job, state, rank, task):
        return True
    if job.fault == at.HANG:
        return False
    state.whole[at.OUTCOME] = at.KILLED if job.fault == at.KILL else at.RAISED
    return False


@part
def _load_itself(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    task = state.tally[rank, at.CURRENT]
    if state.process[main, at.STAGE] == at.PINS:
        note(job, state, log, at.PIN_END, rank, task)
        state.process[main, at.STAGE] = at.HAS
        return True
    if load(job, state, rank, main):
        return False
    note(job, state, log, at.LOADED, rank, task)
    note(job, state, log, at.PIN_START, rank, task)
    state.process[main, at.STAGE] = at.PINS
    return not takes(state, main, job.compute_on, job.pin_sample_s * state.task[at.SIZE, rank, task])
