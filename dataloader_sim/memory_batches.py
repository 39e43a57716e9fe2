"""Count the finished batches that exist at once, and the bytes of each where it waits."""

from __future__ import annotations

from dataclasses import dataclass

from dataloader_sim.scenario import Scenario, Workload
from dataloader_sim.shards import delivered

# A file in /dev/shm takes whole pages.
PAGE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Hold the most finished batches of one rank that exist at once.

    plain, pinned: how many there may be in the memory of processes or /dev/shm, and in pinned memory.
    plain_bytes, pinned_bytes: one batch in each.
    """

    plain: int
    pinned: int
    plain_bytes: int
    pinned_bytes: int

    @property
    def together_bytes(self) -> int:
        """Return the most that both take at once: a batch is in one, but for that which is being copied."""
        if self.pinned:
            return self.pinned * self.pinned_bytes + self.plain_bytes
        return self.plain * self.plain_bytes


def in_worker_processes(scenario: Scenario) -> int:
    """Return how many worker processes a rank has: threads are none."""
    return 0 if scenario.threads else scenario.loader.num_workers


def start_method(scenario: Scenario) -> str:
    """Return how worker processes start: None is fork, as in the simulator."""
    return scenario.loader.multiprocessing_context or "fork"


def batch_bytes(workload: Workload) -> int:
    """Return the bytes of a full batch."""
    return workload.batch_size * workload.sample_bytes


def waiting(scenario: Scenario) -> Waiting:
    """Count one rank's batches."""
    work = scenario.workload
    at_once = _at_once(scenario)
    pin = scenario.loader.pin_memory
    return Waiting(
        # The batch in the training step is a pinned one.
        plain=max(1, at_once - 1) if pin else at_once,
        pinned=at_once if pin else 0,
        plain_bytes=_file_bytes(work) if in_worker_processes(scenario) else batch_bytes(work),
        pinned_bytes=_rounded_bytes(work),
    )


def _at_once(scenario: Scenario) -> int:
    work, loader = scenario.workload, scenario.loader
    epoch, _ = delivered(work, loader)
    # Without workers one is made while the last one is still in the loop's variable.
    ahead = max(loader.capacity, 1)
    if work.epochs == 1:
        return min(ahead + 1, epoch)
    # The last batch of an epoch is in that variable while the next epoch's are loaded ...
    forked_anew = in_worker_processes(scenario) and start_method(scenario) == "fork" and not loader.persistent_workers
    if forked_anew and not loader.pin_memory:
        # ... and workers that were forked meanwhile hold it, mapped and open, until their end.
        return min(ahead + 1, epoch) + 1
    return min(ahead, epoch) + 1


def _file_bytes(workload: Workload) -> int:
    """Return the most that a batch takes as files of whole pages, one per tensor, however its bytes are divided."""
    size = batch_bytes(workload)
    return (-(-size // PAGE_BYTES) + workload.tensors - 1) * PAGE_BYTES if size else 0


def _rounded_bytes(workload: Workload) -> int:
    """Return a batch of equal tensors, each rounded up to a power of two."""
    each = -(-batch_bytes(workload) // workload.tensors)
    return workload.tensors * (1 << (each - 1).bit_length()) if each else 0
