"""Name the cause of a traced run from what the trace shows; each rule says in one line why it may."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dataloader_sim.verdict import delays
from dataloader_sim.verdict.case import Case
from dataloader_sim.verdict.findings import is_even
from dataloader_sim.verdict.repeats import ALIKE, reads_alike
from dataloader_sim.verdict.sharing import Sharing, sharing
from dataloader_sim.verdict.traced_facts import PIPE_BYTES, Facts

# A loop's body that fills so much of the run leaves the loader a tenth to gain at most; plumbing is part of it.
BODY_SHARE = 0.9
# Most of something: of a stall, of a load's work, of a body.
MOST = 0.5
# Order is the limit when this share of the stall passes beside loaded batches.
HELD_SHARE = 0.3
# Cores are short when a load waits for one for this share of its time.
QUEUED_SHARE = 0.25
# Threads beside the fetching one count when they take this share of a worker's processor time.
THREADS_SHARE = 0.3
# All cores count as taken from this share on.
TAKEN_SHARE = 0.75
# Workers starve when they are asked for nothing in this share of their time.
IDLE_SHARE = 0.15
# /dev/shm is near full when what may wait in it takes this share.
FULL_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class Traced(Facts):
    """Hold a traced run's facts with what the workers share and repeat."""

    @cached_property
    def shared(self) -> Sharing | None:
        """Return what the workers wait for together, if they do."""
        return sharing(self.case.timeline)

    @cached_property
    def alike(self) -> float:
        """Return how alike the costs of the workers' streams are."""
        return reads_alike(self.case.timeline)


def cause(facts: Traced) -> str:
    """Name the cause: what is wrong whatever the speed is, else what the training process waited for most."""
    return _wrong(facts) or _cause_of_starts(facts.case) or _cause_in_the_loop(facts) or _cause_of_waiting(facts)


def _wrong(facts: Traced) -> str:
    """Say what is wrong whatever the speed is."""
    # The workers' streams cost the same, sample by sample: they are the same samples.
    if facts.alike >= ALIKE:
        return "duplicates"
    # What may wait in /dev/shm is as large as /dev/shm.
    shm_bytes = facts.case.scenario.machine.shm_bytes
    full = facts.case.workers and shm_bytes and facts.waiting_bytes >= FULL_SHARE * shm_bytes
    return "memory" if full else ""


def _cause_of_starts(case: Case) -> str:
    """Say whether most of the waiting is for the first batches."""
    if case.seen.batches <= max(case.workers, 1):
        return "startup"
    lost = case.losses
    # The first batches of later epochs kept it waiting longer than all others.
    return "epochs" if lost.starts_s > max(lost.stall_s, lost.window_s * (1 - BODY_SHARE)) else ""


def _cause_in_the_loop(facts: Traced) -> str:
    """Say whether the loop's own body fills the run, and whether it computes there."""
    if facts.case.seen.gpu_busy_share < BODY_SHARE:
        return ""
    rows = facts.case.rows
    body_s = float(np.nansum(rows["step_end_s"] - rows["step_start_s"]))
    return "body" if facts.mean_s("body_cpu_s") * rows.size >= MOST * body_s else "gpu"


def _cause_of_waiting(facts: Traced) -> str:
    """Say why batches come late although the loop would take them."""
    if not facts.case.workers:
        return "loader"
    put_s, get_s = facts.handing_s
    # The workers end at different times, as one of them has more to load.
    if delays.are_uneven(facts.case):
        return "shards"
    # Passing a batch on takes longer than loading it.
    if put_s + get_s > facts.work_s:
        return "hand-over"
    found = _cause_in_the_workers(facts)
    # Half of the waiting passes in unpickling messages that fill the pipe. Smaller ones wait for a busy worker at most.
    large = facts.median("message_bytes") > PIPE_BYTES
    return "hand-over" if large and found not in {"crowd", "threads"} and get_s >= MOST * facts.stall_s else found


def _cause_in_the_workers(facts: Traced) -> str:
    """Say what loads wait for, or why nothing is asked of the workers; else it is the loads' own work."""
    case, crowd = facts.case, _cause_of_crowd(facts)
    # Loads wait for a core: whatever else is seen is its consequence.
    if crowd:
        return crowd
    # All workers together fetch hardly more than fewer of them do.
    if facts.shared is not None:
        return "lock" if facts.shared.streams == 1 else "shared"
    # Loaded batches lie there while the awaited one is still being loaded.
    if case.seen.held_stall_s > HELD_SHARE * case.seen.stall_s and case.scenario.loader.in_order:
        return "order"
    # Nothing is asked of the workers while the loop waits: the queue was full before a slow batch, and then empty.
    if facts.idle_share >= IDLE_SHARE:
        return "prefetch" if case.scenario.loader.prefetch_factor == 1 and is_even(case) else "jitter"
    return "collate" if facts.collate_share >= MOST else "loader"


def _cause_of_crowd(facts: Traced) -> str:
    """Say whether the loads lack cores, and whether threads beside the workers take them."""
    cores = facts.case.scenario.machine.cores
    short = facts.queued_share >= QUEUED_SHARE or facts.used_cores >= TAKEN_SHARE * cores
    if not short:
        return ""
    # The loading processes use more processor time than their loading threads do.
    if facts.other_threads_share >= THREADS_SHARE and facts.case.workers:
        return "threads"
    return "crowd"
