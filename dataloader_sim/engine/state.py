"""Hold what a run is made of: what stays (`Job`), what changes (`State`), and what is written down (`Log`).

The processes of all ranks stand in one row, `workers + 2` for each rank: its workers by id, its pinning thread, its
training process. Simultaneous events run in that order.
"""

from __future__ import annotations

from typing import NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.engine import at
from dataloader_sim.engine.compiled import part

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Job(NamedTuple):
    """Hold what does not change during a run; times in seconds, `workers=0` means that the training process loads.

    tasks: columns of the log per epoch. uneven: whether samples differ in cost. processes: whether workers are
    processes rather than threads. locked: whether these threads share an interpreter lock. pinned: whether batches are
    pinned; pins: by a thread of its own. read_on, compute_on: the resource that reading and computing use, WALL where
    there is enough for all. Times whose name ends in `_sample_s` are per sample of a batch.
    """

    ranks: int
    workers: int
    capacity: int
    epochs: int
    batches: int
    tasks: int
    batch_size: int
    samples: int
    uneven: bool
    iterable: bool
    drop_last: bool
    in_order: bool
    persistent: bool
    processes: bool
    locked: bool
    pinned: bool
    pins: bool
    synchronize: bool
    serial_start: bool
    timeout: float
    cores: float
    streams: float
    read_on: int
    compute_on: int
    io_s: float
    cpu_s: float
    cpu_locked_s: float
    collate_s: float
    collate_locked_s: float
    launch_s: float
    step_s: float
    spawn_s: float
    boot_s: float
    exit_s: float
    put_s: float
    get_s: float
    get_tensors_s: float
    share_sample_s: float
    touch_sample_s: float
    pin_sample_s: float
    copy_sample_s: float
    fault: int
    fault_batch: int
    rows: int


# The compiled run gets a job as a record with the same names: one pointer, where a tuple is 45 values in each call.
_CODES = {int: np.int64, float: np.float64, bool: np.bool_}
JOB = np.dtype([(name, _CODES[kind]) for name, kind in get_type_hints(Job).items()], align=True)


class State(NamedTuple):
    """Hold what a run works on; `at` names the places."""

    factor: NDArray[np.float32]  # `Costs.factor`, rank after rank, if the job is uneven; never changed
    clock: Floats  # per resource: the work that a process which used it all along would have done
    due: Floats  # per resource a heap: when each user is done, on the resource's clock
    who: Ints  # the same heap: which process it is
    process: Ints  # process, field
    tally: Ints  # rank, field
    moment: Floats  # rank, field
    task: Ints  # row, rank, task; a message is a task, or -1 - worker for one whose stream has ended
    step_end: Floats  # per place of a step under way: when it is finished on every rank
    whole: Ints  # the run as a whole


class Log(NamedTuple):
    """Hold what is written down: seconds, NaN for what did not happen.

    times: a row per event (`at.SENT` on), a column per task of each epoch of each rank. worker: who loaded it, -1 the
    training process. setup: a row per event (`at.START_START` on), a column per worker of each epoch of each rank.
    """

    times: Floats
    worker: NDArray[np.int32]
    setup: Floats


@part
def stride(job: Job) -> int:
    """Return how many processes a rank has."""
    return job.workers + 2


@part
def main_of(job: Job, rank: int) -> int:
    """Return the number of a rank's training process."""
    return rank * stride(job) + job.workers + 1


@part
def pinner_of(job: Job, rank: int) -> int:
    """Return the number of a rank's pinning thread."""
    return rank * stride(job) + job.workers


@part
def column_of(job: Job, state: State, rank: int, task: int) -> int:
    """Return where a task of the rank's present epoch stands in the log."""
    column: int = (rank * job.epochs + state.tally[rank, at.EPOCH]) * job.tasks + task
    return column


@part
def note(job: Job, state: State, log: Log, row: int, rank: int, task: int) -> None:
    """Write down that something happens to a task now."""
    if row < log.times.shape[0]:
        log.times[row, column_of(job, state, rank, task)] = state.clock[at.WALL]


@part
def note_worker(job: Job, state: State, log: Log, row: int, rank: int, worker: int) -> None:
    """Write down that something happens to a worker now; it boots in the epoch that started it."""
    epoch = 0 if row == at.BOOTED and job.persistent else state.tally[rank, at.EPOCH]
    log.setup[row, (rank * job.epochs + epoch) * job.workers + worker] = state.clock[at.WALL]


@part
def is_faulty(job: Job, state: State, rank: int, task: int) -> bool:
    """Return whether this task is the one that goes wrong."""
    return job.fault != at.NO_FAULT and rank == 0 and state.tally[0, at.EPOCH] == 0 and task == job.fault_batch
