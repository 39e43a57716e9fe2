"""Let the workers take their tasks, load them sample by sample, and hand them on."""

from __future__ import annotations

from dataloader_sim.engine import at
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.queues import post_result
from dataloader_sim.engine.shares import takes, use, wake
from dataloader_sim.engine.state import (
    Job,
    Log,
    State,
    column_of,
    is_faulty,
    main_of,
    note,
    note_worker,
    stride,
)

# A sample is read, computed on without the interpreter's lock, and with it; a collate lacks the first.
_PIECES = 3


@part
def work(job: Job, state: State, log: Log, rank: int, process: int) -> None:
    """Go on with a worker until something takes time or it has no task."""
    going = True
    while going:
        going = _go_on(job, state, log, rank, process)
    main = main_of(job, rank)
    if state.process[process, at.STAGE] == at.IDLE and state.tally[rank, at.AWAITS] == process:
        state.tally[rank, at.AWAITS] = at.NOBODY
        wake(state, main)


@part
def _go_on(job: Job, state: State, log: Log, rank: int, process: int) -> bool:
    """Do the next thing; return whether the one after it can be done at once."""
    stage = state.process[process, at.STAGE]
    if stage == at.LOADING:
        if load(job, state, rank, process):
            return False
        note(job, state, log, at.LOADED, rank, state.process[process, at.TASK])
        if _is_dropped(job, state, rank, state.process[process, at.TASK]):
            note(job, state, log, at.ARRIVED, rank, state.process[process, at.TASK])  # and is left out
            _end_stream(job, state, rank, process, state.process[process, at.TASK])
            state.process[process, at.STAGE] = at.IDLE
        else:
            state.process[process, at.STAGE] = at.PUTS
        return True
    if stage == at.PUTS:
        state.process[process, at.STAGE] = at.PUTTING
        return not takes(state, process, job.compute_on, job.put_s)
    if stage == at.PUTTING:
        _hand_on(job, state, log, rank, state.process[process, at.TASK])
    elif stage == at.BOOTING:
        note_worker(job, state, log, at.BOOTED, rank, process - rank * stride(job))
    state.process[process, at.STAGE] = at.IDLE
    return _take_task(job, state, log, rank, process)


@part
def boot(job: Job, state: State, rank: int, worker: int) -> None:
    """Let a new worker start up."""
    process = rank * stride(job) + worker
    state.process[process, at.STAGE] = at.BOOTING
    if not takes(state, process, job.compute_on, job.boot_s):
        wake(state, process)


@part
def is_at_rest(job: Job, state: State, rank: int, worker: int) -> bool:
    """Return whether a worker is up and idle; else let the training process wait until it is."""
    process = rank * stride(job) + worker
    if state.process[process, at.STAGE] == at.IDLE:
        return True
    state.tally[rank, at.AWAITS] = process
    return False


@part
def _hand_on(job: Job, state: State, log: Log, rank: int, task: int) -> None:
    note(job, state, log, at.ARRIVED, rank, task)
    if job.fault != at.LOSE or not is_faulty(job, state, rank, task):
        post_result(job, state, rank, task)


@part
def _take_task(job: Job, state: State, log: Log, rank: int, process: int) -> bool:
    """Take the next task off the index queue; return whether there is one to load."""
    while state.process[process, at.FIRST_TASK] >= 0:
        task = state.process[process, at.FIRST_TASK]
        state.process[process, at.FIRST_TASK] = state.task[at.NEXT_TASK, rank, task]
        if state.process[process, at.ENDED]:
            continue  # torch's worker skips what is still in its queue and never answers
        if find_samples(job, state, rank, process, task):
            log.worker[column_of(job, state, rank, task)] = process - rank * stride(job)
            note(job, state, log, at.LOAD_START, rank, task)
            state.process[process, at.STAGE] = at.LOADING
            return not is_faulty(job, state, rank, task) or _goes_wrong(job, state, log, rank, process)
        _end_stream(job, state, rank, process, task)
    return False


@part
def _end_stream(job: Job, state: State, rank: int, process: int, task: int) -> None:
    """Say that there are no more samples, in answer to a task; those after it get no answer."""
    state.process[process, at.ENDED] = 1
    post_result(job, state, rank, -1 - task)


@part
def _is_dropped(job: Job, state: State, rank: int, task: int) -> bool:
    """Return whether a batch is not full and left out; torch fetches what there is before it finds that out."""
    return job.drop_last and state.task[at.SIZE, rank, task] < job.batch_size


@part
def _goes_wrong(job: Job, state: State, log: Log, rank: int, process: int) -> bool:
    """Do what the fault does; return whether the worker goes on."""
    if job.fault == at.RAISE:
        note(job, state, log, at.LOADED, rank, state.process[process, at.TASK])  # as far as it got
        state.process[process, at.STAGE] = at.PUTS
    elif job.fault == at.HANG:
        state.process[process, at.STAGE] = at.HUNG
    elif job.fault == at.KILL:
        state.whole[at.OUTCOME] = at.KILLED
    return job.fault in (at.RAISE, at.LOSE)


@part
def find_samples(job: Job, state: State, rank: int, process: int, task: int) -> bool:
    """Set which samples make up a task for this process; return False when its stream has none left."""
    first, last = task * job.batch_size, (task + 1) * job.batch_size
    if job.iterable:
        first = state.process[process, at.POSITION]
        end = state.process[process, at.STREAM_END]
        last = min(first + job.batch_size, end)
        if first >= last:
            return False
        state.process[process, at.POSITION] = last
    state.process[process, at.TASK] = task
    state.process[process, at.SAMPLE] = first
    state.process[process, at.LAST_SAMPLE] = last
    state.process[process, at.PIECE] = 0
    state.task[at.SIZE, rank, task] = last - first
    return True


@part
def load(job: Job, state: State, rank: int, process: int) -> bool:
    """Start the next stretch of a batch; return whether one is left.

    Each sample is read, then computed on (then under the interpreter's lock, in threads); after the last comes the
    collate. What follows on the same resource is one stretch.
    """
    resource, length = -1, 0.0
    sample, piece = state.process[process, at.SAMPLE], state.process[process, at.PIECE]
    last = state.process[process, at.LAST_SAMPLE]
    while piece < _PIECES - 1 or sample < last:
        on = job.read_on if piece == 0 else job.compute_on if piece == 1 else at.LOCK + rank
        if sample < last:
            one = job.io_s if piece == 0 else job.cpu_s if piece == 1 else job.cpu_locked_s
            if job.uneven:
                row = 0 if piece == 0 else state.factor.shape[0] - 1
                one *= float(state.factor[row, rank * job.samples + sample])
        else:
            on = job.compute_on if piece == 0 else at.LOCK + rank
            one = _collate(job, state, rank, state.process[process, at.TASK], piece)
        if one > 0.0:
            if resource >= 0 and on != resource:
                break
            resource, length = on, length + one
        piece += 1
        if sample < last and piece == (_PIECES if job.locked else _PIECES - 1):
            piece, sample = 0, sample + 1
    state.process[process, at.SAMPLE], state.process[process, at.PIECE] = sample, piece
    if resource < 0:
        return False
    use(state, process, resource, length)
    return True


@part
def _collate(job: Job, state: State, rank: int, task: int, piece: int) -> float:
    """Return how long a batch's collate takes: first what needs no lock, then what holds it."""
    if _is_dropped(job, state, rank, task):
        return 0.0
    share_s: float = job.share_sample_s * state.task[at.SIZE, rank, task]
    return job.collate_s + share_s if piece == 0 else job.collate_locked_s
