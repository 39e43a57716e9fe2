"""Share the cores, the storage and the interpreter locks among the processes that use them, and find what ends next.

Each is a processor-sharing resource: `n` processes progress at the same rate, so one clock per resource suffices, the
work that a process which used it all along would have done; one that needs `d` seconds of it is done when that clock
has grown by `d`, whoever comes and goes. The users of a resource stand in a heap by that reading, then by number.
"""

from __future__ import annotations

import numpy as np

from dataloader_sim.engine import at
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.state import Job, State


@part
def use(state: State, process: int, resource: int, length: float) -> None:
    """Let a process use a resource for `length` seconds of its clock."""
    due = state.clock[resource] + length
    place = state.whole[at.USERS + resource]
    state.whole[at.USERS + resource] += 1
    while place > 0:
        above = (place - 1) // 2
        if state.due[resource, above] < due or (
            state.due[resource, above] == due and state.who[resource, above] < process
        ):
            break
        state.due[resource, place] = state.due[resource, above]
        state.who[resource, place] = state.who[resource, above]
        place = above
    state.due[resource, place] = due
    state.who[resource, place] = process


@part
def takes(state: State, process: int, resource: int, length: float) -> bool:
    """Let a process use a resource; return whether that takes any time."""
    if length > 0.0:
        use(state, process, resource, length)
        return True
    return False


@part
def until(state: State, process: int, moment: float) -> None:
    """Let a process wait until a moment, at the earliest now."""
    now = state.clock[at.WALL]
    use(state, process, at.WALL, moment - now if moment > now else 0.0)


@part
def wake(state: State, process: int) -> None:
    """Let a process go on now, in its turn among the events of this moment."""
    use(state, process, at.WALL, 0.0)


@part
def release(state: State, resource: int) -> None:
    """Take the user that is done first out of a resource's heap."""
    last = state.whole[at.USERS + resource] - 1
    state.whole[at.USERS + resource] = last
    due, process = state.due[resource, last], state.who[resource, last]
    place = 0
    while 2 * place + 1 < last:
        below = 2 * place + 1
        other = below + 1
        if other < last and _before(state, resource, other, below):
            below = other
        if due < state.due[resource, below] or (
            due == state.due[resource, below] and process < state.who[resource, below]
        ):
            break
        state.due[resource, place] = state.due[resource, below]
        state.who[resource, place] = state.who[resource, below]
        place = below
    state.due[resource, place] = due
    state.who[resource, place] = process


@part
def _before(state: State, resource: int, one: int, other: int) -> bool:
    first, second = state.due[resource, one], state.due[resource, other]
    before: bool = first < second or (first == second and state.who[resource, one] < state.who[resource, other])
    return before


@part
def core_rate(job: Job, state: State) -> float:
    """Return how fast each process on a core progresses; those that share a lock use one core together."""
    if job.compute_on != at.CORES:
        return 1.0
    users = state.whole[at.USERS + at.CORES]
    for rank in range(job.ranks if job.locked else 0):
        if state.whole[at.USERS + at.LOCK + rank] > 0:
            users += 1
    return job.cores / users if users > job.cores else 1.0


@part
def rate_of(job: Job, state: State, resource: int, on_a_core: float) -> float:
    """Return how fast each user of a resource progresses."""
    if resource == at.WALL:
        return 1.0
    if resource == at.CORES:
        return on_a_core
    users = state.whole[at.USERS + resource]
    if resource == at.STORAGE:
        return job.streams / users if users > job.streams else 1.0
    return on_a_core / users if users > 0 else 1.0


@part
def advance(job: Job, state: State) -> int:
    """Go to the next moment at which a process is done; return that process, -1 when nothing can happen any more."""
    on_a_core = core_rate(job, state)
    now = state.clock[at.WALL]
    resource, process, moment = -1, -1, np.inf
    for one in range(state.clock.size):
        if state.whole[at.USERS + one] > 0:
            due = state.due[one, 0]
            if one != at.WALL:
                due = now + (due - state.clock[one]) / rate_of(job, state, one, on_a_core)
            if due < moment or (due == moment and state.who[one, 0] < process):
                resource, process, moment = one, state.who[one, 0], due
    if _has_waited_too_long(job, state, moment) or process < 0:
        return -1
    if moment < now:  # by the last bit of a division
        moment = now
    for one in range(1, state.clock.size):
        if state.whole[at.USERS + one] > 0:
            state.clock[one] += (moment - now) * rate_of(job, state, one, on_a_core)
    state.clock[at.WALL] = moment
    state.clock[resource] = state.due[resource, 0]
    release(state, resource)
    return process


@part
def _has_waited_too_long(job: Job, state: State, moment: float) -> bool:
    """End the run when a training process's time-out comes before the next event."""
    if job.timeout > 0.0:
        for rank in range(job.ranks):
            if state.moment[rank, at.DEADLINE] < moment:
                state.clock[at.WALL] = state.moment[rank, at.DEADLINE]
                state.whole[at.OUTCOME] = at.TIMED_OUT
                return True
    return False
