"""Run torch's DataLoader protocol as a discrete-event simulation, sample by sample.

The cores are one processor-sharing resource: `n` computing processes share `cores` equally, each at most
one core's worth, so all progress at `min(1, cores / n)`. The storage is another, with `storage_streams` for cores
and blocked processes for computing ones. Each resource has a clock of its own, the work that a process which used it
all along would have done; one that needs `d` seconds of it is done when that clock has grown by `d`.

Simultaneous events run in a fixed order: workers by id, then the training process.
Compiled by numba; under NUMBA_DISABLE_JIT=1 the same source runs as plain Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Rows of the table of times, one column per batch.
SENT, LOAD_START, LOADED, RECEIVED, STEP_START, STEP_END = range(6)

# A phase is also the place of its resource's clock and of the number of processes that use it.
_IDLE, _BLOCKED, _COMPUTING = range(3)
_NOW, _STEP_DUE = 0, 3
_SENT, _RECEIVED, _STEPPING = 0, 3, 4
_NEVER = np.inf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])


def _part(function: Function) -> Function:
    """Compile a part of a run, which allocates nothing: counting references at each call took 97 % of the time."""
    options: Any = {"cache": True, "nogil": True, "forceinline": True, "_nrt": False}
    return _compiled(function, options)


def _whole(function: Function) -> Function:
    """Compile the run, which allocates its tables."""
    return _compiled(function, {"cache": True, "nogil": True})


def _compiled(function: Function, options: dict[str, Any]) -> Function:
    """Compile and keep the result on disk, or for this process alone where no folder may be written."""
    try:
        compiled: Function = njit(**options)(function)
    except RuntimeError:
        compiled = njit(**{**options, "cache": False})(function)
    return compiled


class Job(NamedTuple):
    """Hold what does not change during a run; `workers=0` means that the training process loads."""

    io_s: Floats
    cpu_s: Floats
    collate_s: float
    batches: int
    batch_size: int
    workers: int
    capacity: int
    step_s: float
    cores: float
    streams: float


class _State(NamedTuple):
    phase: Ints  # per server: idle, blocked or computing
    due: Floats  # per server: when its segment ends, on the clock of the resource it uses
    segment: Ints  # per server: how far it is in its batch
    batch: Ints  # per server: the batch it loads now, or loads next
    clock: Floats  # now, storage, cores, end of the step
    tally: Ints  # indices sent, servers blocked, servers computing, batches received, whether a step runs


@_whole
def run(job: Job) -> Floats:
    """Return the time of each event of each batch: a float64 table, rows SENT to STEP_END, a column per batch."""
    servers = max(job.workers, 1)
    times = np.full((6, job.batches), -1.0)
    state = _State(
        np.zeros(servers, np.int64),
        np.zeros(servers),
        np.zeros(servers, np.int64),
        np.arange(servers),
        np.zeros(4),
        np.zeros(5, np.int64),
    )
    for _ in range(min(job.capacity, job.batches)):  # prime: every credit goes out before the first next()
        _send(job, state, times)
    _enter_next(job, state, times)
    while state.tally[_RECEIVED] < job.batches or state.tally[_STEPPING]:
        _handle_next_event(job, state, times)
    return times


@_part
def _handle_next_event(job: Job, state: _State, times: Floats) -> None:
    read_rate = _rate(state.tally[_BLOCKED], job.streams)
    core_rate = _rate(state.tally[_COMPUTING], job.cores)
    server, at = _next_event(state, read_rate, core_rate)
    state.clock[_BLOCKED] += (at - state.clock[_NOW]) * read_rate
    state.clock[_COMPUTING] += (at - state.clock[_NOW]) * core_rate
    state.clock[_NOW] = at
    if server < 0:
        state.tally[_STEPPING] = 0
        _enter_next(job, state, times)
        return
    phase = state.phase[server]
    state.clock[phase] = state.due[server]
    state.tally[phase] -= 1
    _work(job, state, times, server)
    _hand_over(job, state, times)


@_part
def _rate(users: int, capacity: float) -> float:
    """Return how fast each user of a resource progresses."""
    return capacity / users if users > capacity else 1.0


@_part
def _next_event(state: _State, read_rate: float, core_rate: float) -> tuple[int, float]:
    """Return the server whose segment ends next and when; -1 is the training process at the end of its step."""
    now = state.clock[_NOW]
    server, at = -1, _NEVER
    for one in range(state.phase.size):
        phase = state.phase[one]
        if phase != _IDLE:
            due = now + (state.due[one] - state.clock[phase]) / (read_rate if phase == _BLOCKED else core_rate)
            if due < at:
                server, at = one, due
    if state.tally[_STEPPING] and state.clock[_STEP_DUE] < at:
        server, at = -1, state.clock[_STEP_DUE]
    return server, max(at, now)


@_part
def _enter_next(job: Job, state: _State, times: Floats) -> None:
    """Let the training process enter next(); without workers it loads the batch itself."""
    if job.workers == 0 and state.tally[_SENT] < job.batches:
        _send(job, state, times)
    _hand_over(job, state, times)


@_part
def _send(job: Job, state: _State, times: Floats) -> None:
    """Send the next index: batch k goes to worker k mod num_workers, however busy (torch: _try_put_index)."""
    batch = state.tally[_SENT]
    times[SENT, batch] = state.clock[_NOW]
    state.tally[_SENT] += 1
    server = batch % state.phase.size
    if state.phase[server] == _IDLE:
        _work(job, state, times, server)


@_part
def _hand_over(job: Job, state: _State, times: Floats) -> None:
    """Return the next batch in order if it is loaded and the training process waits for it."""
    batch = state.tally[_RECEIVED]
    if state.tally[_STEPPING] or batch == job.batches or times[LOADED, batch] < 0.0:
        return
    now = state.clock[_NOW]
    times[RECEIVED, batch] = now
    state.tally[_RECEIVED] += 1
    # A new index goes out only at hand-over, before the step (torch: _process_data calls _try_put_index).
    if job.workers > 0 and state.tally[_SENT] < job.batches:
        _send(job, state, times)
    times[STEP_START, batch] = now
    times[STEP_END, batch] = now + job.step_s
    state.clock[_STEP_DUE] = now + job.step_s
    state.tally[_STEPPING] = 1


@_part
def _work(job: Job, state: _State, times: Floats, server: int) -> None:
    """Go on with a server's batch, then with its next ones, until something takes time or no index is left."""
    while state.batch[server] < state.tally[_SENT]:
        batch = state.batch[server]
        if times[LOAD_START, batch] < 0.0:
            times[LOAD_START, batch] = state.clock[_NOW]
            state.segment[server] = -1
        if _start_segment(job, state, server):
            return
        times[LOADED, batch] = state.clock[_NOW]
        state.batch[server] += state.phase.size
    state.phase[server] = _IDLE


@_part
def _start_segment(job: Job, state: _State, server: int) -> bool:
    """Start the next stretch of the batch that takes time: per sample blocked then on a core, then collate."""
    first = state.batch[server] * job.batch_size
    while state.segment[server] < 2 * job.batch_size:
        state.segment[server] += 1
        segment = state.segment[server]
        sample = first + segment // 2
        if segment == 2 * job.batch_size:
            length = job.collate_s
        elif segment % 2 == 0:
            length = job.io_s[sample]
        else:
            length = job.cpu_s[sample]
        if length > 0.0:
            _occupy(job, state, server, length)
            return True
    return False


@_part
def _occupy(job: Job, state: _State, server: int, length: float) -> None:
    reads = state.segment[server] % 2 == 0 and state.segment[server] < 2 * job.batch_size
    phase = _BLOCKED if reads else _COMPUTING
    state.phase[server] = phase
    state.due[server] = state.clock[phase] + length
    state.tally[phase] += 1
