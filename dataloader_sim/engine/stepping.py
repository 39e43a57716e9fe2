"""Let the training process use a batch: first touch, copy, launch; and let the accelerators step together."""

from __future__ import annotations

from dataloader_sim.engine import at
from dataloader_sim.engine.asking import main_uses
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.shares import takes, until
from dataloader_sim.engine.state import Job, Log, State, column_of, main_of, note


@part
def step_on(job: Job, state: State, log: Log, rank: int, main: int) -> bool:
    """Do the next thing between two calls of `next`; return whether the one after it can be done at once."""
    stage, task = state.process[main, at.STAGE], state.tally[rank, at.CURRENT]
    size, steps = state.task[at.SIZE, rank, task], state.tally[rank, at.STEPS]
    if stage == at.TOUCHES:
        state.process[main, at.STAGE] = at.COPIES
        return not takes(state, main, main_uses(job, rank), job.touch_sample_s * size)
    if stage == at.COPIES:
        note(job, state, log, at.TOUCHED, rank, task)
        return _queue_copy(job, state, rank, main, job.copy_sample_s * size)
    if stage == at.AWAITS_COPY:
        note(job, state, log, at.COPY_START, rank, task)
        state.process[main, at.STAGE] = at.COPIED
        return not takes(state, main, at.WALL, job.copy_sample_s * size)
    if stage == at.COPIED:
        note(job, state, log, at.COPY_END, rank, task)
        return _await_place(state, rank, main)
    if stage == at.AWAITS_PLACE:
        note(job, state, log, at.LAUNCH_START, rank, task)
        state.process[main, at.STAGE] = at.LAUNCHES
        return not takes(state, main, main_uses(job, rank), job.launch_s)
    if stage == at.LAUNCHES:
        note(job, state, log, at.LAUNCHED, rank, task)
        _launch(job, state, log, rank, task)
        state.process[main, at.STAGE] = at.AWAITS_STEP
        return _goes_on_after(state, rank, main, steps if job.synchronize else -1)
    state.process[main, at.STAGE] = at.ASKS
    return True


@part
def _queue_copy(job: Job, state: State, rank: int, main: int, length: float) -> bool:
    """Queue a copy from pinned memory behind the steps, or wait for the last step and copy from ordinary memory."""
    steps = state.tally[rank, at.STEPS]
    state.moment[rank, at.QUEUED_AT + steps % at.PLACES] = state.clock[at.WALL]
    state.moment[rank, at.COPY_S + steps % at.PLACES] = length if job.pinned else 0.0
    if length > 0.0 and not job.pinned:
        state.process[main, at.STAGE] = at.AWAITS_COPY
        return _goes_on_after(state, rank, main, steps - 1)
    return _await_place(state, rank, main)


@part
def _await_place(state: State, rank: int, main: int) -> bool:
    """Wait until few enough steps are under way to launch another."""
    state.process[main, at.STAGE] = at.AWAITS_PLACE
    return _goes_on_after(state, rank, main, state.tally[rank, at.STEPS] - at.STEPS_AHEAD)


@part
def _goes_on_after(state: State, rank: int, main: int, step: int) -> bool:
    """Return whether a step is finished on every rank; else let the training process wait for that."""
    if step < 0:
        return True
    if state.whole[at.FINISHED] < step:
        state.tally[rank, at.WAITS_FOR] = step
        return False
    finished = state.step_end[step % at.PLACES]
    return finished <= state.clock[at.WALL] or not takes(state, main, at.WALL, finished - state.clock[at.WALL])


@part
def _launch(job: Job, state: State, log: Log, rank: int, task: int) -> None:
    """Launch a step; when every rank has launched its own, all of them are known (gradients are exchanged in it)."""
    step = state.tally[rank, at.STEPS]
    place = step % at.PLACES
    state.moment[rank, at.LAUNCH_AT + place] = state.clock[at.WALL]
    state.tally[rank, at.STEP_TASK + place] = column_of(job, state, rank, task)
    state.tally[rank, at.STEPS] = step + 1
    state.whole[at.BEGUN + place] += 1
    if state.whole[at.BEGUN + place] == job.ranks:
        state.whole[at.BEGUN + place] = 0
        state.whole[at.FINISHED] = step
        _run_step(job, state, log, step)


@part
def _run_step(job: Job, state: State, log: Log, step: int) -> None:
    """Place a step and its pinned copies on every rank's accelerator, and call whoever waits for it."""
    place = step % at.PLACES
    before = state.step_end[(step - 1) % at.PLACES] if step > 0 else 0.0
    finished = 0.0
    for rank in range(job.ranks):
        start = _later(before, state.moment[rank, at.LAUNCH_AT + place])
        column, copy_s = state.tally[rank, at.STEP_TASK + place], state.moment[rank, at.COPY_S + place]
        if copy_s > 0.0:
            copied = _later(before, state.moment[rank, at.QUEUED_AT + place]) + copy_s
            start = _later(start, copied)
            if log.times.shape[0] > at.COPY_END:
                log.times[at.COPY_START, column], log.times[at.COPY_END, column] = copied - copy_s, copied
        log.times[at.STEP_START, column], log.times[at.STEP_END, column] = start, start + job.step_s
        finished = _later(finished, start + job.step_s)
    state.step_end[place] = finished
    for rank in range(job.ranks):
        if state.tally[rank, at.WAITS_FOR] == step:
            state.tally[rank, at.WAITS_FOR] = -1
            until(state, main_of(job, rank), finished)


@part
def _later(one: float, other: float) -> float:
    return max(one, other)
