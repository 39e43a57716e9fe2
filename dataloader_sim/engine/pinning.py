"""Let a rank's pinning thread take messages, copy their batches into pinned memory and pass them on."""

from __future__ import annotations

from dataloader_sim.engine import at
from dataloader_sim.engine.asking import message_s, task_of
from dataloader_sim.engine.compiled import part
from dataloader_sim.engine.queues import call_main
from dataloader_sim.engine.shares import takes
from dataloader_sim.engine.state import Job, Log, State, is_faulty, note


@part
def pin(job: Job, state: State, log: Log, rank: int, pinner: int) -> None:
    """Go on with a pinning thread until something takes time or the result queue is empty."""
    going = True
    while going:
        going = _go_on(job, state, log, rank, pinner)


@part
def _go_on(job: Job, state: State, log: Log, rank: int, pinner: int) -> bool:
    """Do the next thing; return whether the one after it can be done at once."""
    stage, message = state.process[pinner, at.STAGE], state.process[pinner, at.TASK]
    if stage == at.GETTING:
        state.process[pinner, at.STAGE] = at.PINNING
        note(job, state, log, at.GET_END, rank, task_of(message))
        if message < 0 or (job.fault == at.RAISE and is_faulty(job, state, rank, message)):
            return True
        note(job, state, log, at.PIN_START, rank, message)
        return not takes(state, pinner, job.compute_on, job.pin_sample_s * state.task[at.SIZE, rank, message])
    if stage == at.PINNING:
        if message >= 0:
            note(job, state, log, at.PIN_END, rank, message)
        state.task[at.PINNED, rank, state.tally[rank, at.PINNED_IN]] = message
        state.tally[rank, at.PINNED_IN] += 1
        call_main(job, state, rank)
    state.process[pinner, at.STAGE] = at.IDLE
    if state.tally[rank, at.MAIL_OUT] == state.tally[rank, at.MAIL_IN]:
        return False
    message = state.task[at.RESULTS, rank, state.tally[rank, at.MAIL_OUT]]
    state.tally[rank, at.MAIL_OUT] += 1
    state.process[pinner, at.TASK] = message
    state.process[pinner, at.STAGE] = at.GETTING
    note(job, state, log, at.GET_START, rank, task_of(message))
    return not takes(state, pinner, job.compute_on, message_s(job, state, rank, message))
