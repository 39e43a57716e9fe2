"""Forecast how much memory a run takes, from its settings alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dataloader_sim.memory_batches import Waiting, batch_bytes, waiting
from dataloader_sim.memory_processes import (
    IMPORTED_BYTES,
    LIBRARY_BYTES,
    Pickle,
    Workers,
    growth_bytes,
    pickled,
    workers,
)
from dataloader_sim.memory_warnings import heaps_run_out, ram_runs_out, shm_runs_out
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class MemoryForecast:
    """Hold the most memory that a run takes, in bytes; `predict` says how each is computed.

    main_bytes: one training process, with the libraries and the Dataset, without what waits in /dev/shm or is pinned.
    worker_bytes: private to one worker, the largest; 0 without worker processes.
    workers_bytes: all workers of all ranks.
    shm_bytes, pinned_bytes: batches in /dev/shm, and in pinned memory, of all ranks.
    total_bytes: everything of all ranks. It is not the sum of the others: their peaks do not all come at once.
    growth_bytes: what the heaps of all processes may grow by beyond that in a long run; not in the total.
    warnings: a sentence for each memory that would run out, with the sizes and the way out.
    """

    main_bytes: int
    worker_bytes: int
    workers_bytes: int
    shm_bytes: int
    pinned_bytes: int
    total_bytes: int
    growth_bytes: int
    warnings: tuple[str, ...] = ()

    @property
    def highest_bytes(self) -> int:
        """Return the total with all that the heaps may grow by: what a long run takes whose samples torch makes."""
        return self.total_bytes + self.growth_bytes


@dataclass(frozen=True, kw_only=True)
class _Rank:
    """Hold what one rank's memory goes to; `own_bytes`: the training process without libraries, batches and pickle."""

    own_bytes: int
    batch_bytes: int
    batches: Waiting
    crew: Workers
    pickle: Pickle
    collating_bytes: int

    @property
    def main_bytes(self) -> int:
        inside = self.collating_bytes + (0 if self.crew.count else self.batches.plain * self.batches.plain_bytes)
        return self.own_bytes + self.pickle.writing_bytes + inside

    @property
    def workers_bytes(self) -> int:
        return self.crew.count * (self.crew.own_bytes + self.batch_bytes) + self.crew.copies_bytes

    @property
    def total_bytes(self) -> int:
        crew = self.crew
        always = self.own_bytes + crew.helper_bytes + crew.count * crew.own_bytes + crew.copies_bytes
        loading = self.collating_bytes + crew.count * self.batch_bytes + self.batches.together_bytes
        return always + max(loading, self.pickle.held_bytes)


def predict(scenario: Scenario) -> MemoryForecast:
    """Forecast the peak memory of a run; raise ValueError when given anything but a Scenario.

    With D = dataset_bytes, B = batch_size x sample_bytes, N workers and P = prefetch_factor, a rank has:

    Batches at once: N P on their way and one in the training step, since torch dispatches one for each that it hands
        over (`_process_data`); never more than the epoch has. From the second epoch on there is also the last batch
        of the epoch before, which the loop's variable holds until the first of the new one, and which workers that are
        forked meanwhile inherit and keep to their end. Without workers two: the new one, and the last one in that
        variable. A load shorter than the moment between the hand-over and the loop's letting go of the last batch
        makes it one more.
    /dev/shm: each of them, one file of whole pages per tensor. With a pinning thread one less, as the one in hand is
        pinned; usually far less, as the thread drains them. A training loop that keeps up has fewer waiting.
    Pinned: each of them, every tensor rounded up to a power of two (torch's CachingHostAllocator); one more is still
        in /dev/shm while it is copied. Read in the source, not measured: no GPU was at hand.
    Worker: a process (`memory_processes` says what it takes), B for the samples that it collates, its copy of D. With
        spawn and forkserver that is all of D, unpickled. With fork nothing of an array, and all of the objects, as
        reading one writes its reference count and so ends the sharing of its page; an IterableDataset's worker
        does so to its part only. A list of objects of many pages each (whole pictures as bytes) counts as an array:
        only the page of the count is copied.
    Training process: a process with the libraries, and D; with spawn and forkserver the pickle of D while it starts a
        worker; without worker processes the samples being collated, and the batches. Threads share D, hold B each.
    Total: what all take at once, either while the last worker starts or later, whichever is more; the libraries once.
        Workers that end are gone before others start, so persistent_workers saves no more than the batch named above.
    Growth: glibc does not fill a hole with an aligned block of the hole's size (its bug 14581), and torch aligns all
        that it allocates. In a worker small blocks behind up to 128 kept references stand between the holes, so that
        it may hold so many samples more. How many depends on who allocates them. Torch alone (`torch.full`, `clone`),
        one tensor a sample of 150 kB to 4 MB: nearly all (seen: 116 to 156 in long runs; 24 in one case of eight), so
        that the run takes `highest_bytes`; several equal tensors a sample: at most one tensor for each reference.
        Numpy or Pillow first, then torch (`.float()`): up to 53 samples. Numpy alone: none. Without workers the
        batches themselves do it (seen: 0 to 6 batches). Measured with glibc 2.36; MALLOC_MMAP_THRESHOLD_=131072 in the
        environment ends it.

    Not counted: a shuffling sampler's list (about 40 bytes per sample of an epoch), the model, what a sample takes
    while it is made (a decoder's buffers). Tensors in the Dataset count as arrays; spawn shares them instead.
    """
    if not isinstance(scenario, Scenario):
        raise refuse("scenario", "a Scenario", scenario)
    rank, ranks = _rank(scenario), scenario.machine.ranks
    batches, crew = rank.batches, rank.crew
    forecast = MemoryForecast(
        main_bytes=LIBRARY_BYTES + rank.main_bytes,
        worker_bytes=crew.own_bytes + crew.copy_bytes + rank.batch_bytes if crew.count else 0,
        workers_bytes=ranks * rank.workers_bytes,
        shm_bytes=ranks * batches.plain * batches.plain_bytes if crew.count else 0,
        pinned_bytes=ranks * batches.pinned * batches.pinned_bytes,
        total_bytes=LIBRARY_BYTES + ranks * rank.total_bytes,
        growth_bytes=ranks * growth_bytes(scenario),
    )
    return replace(forecast, warnings=tuple(_warnings(scenario, rank, forecast)))


def _rank(scenario: Scenario) -> _Rank:
    batch, crew = batch_bytes(scenario.workload), workers(scenario)
    return _Rank(
        own_bytes=IMPORTED_BYTES + scenario.workload.dataset_bytes,
        batch_bytes=batch,
        batches=waiting(scenario),
        crew=crew,
        pickle=pickled(scenario),
        # In the training process: its own samples, or those of each thread.
        collating_bytes=0 if crew.count else max(scenario.loader.num_workers, 1) * batch,
    )


def _warnings(scenario: Scenario, rank: _Rank, forecast: MemoryForecast) -> list[str]:
    machine, total = scenario.machine, forecast.total_bytes
    found = []
    if 0 < machine.shm_bytes < forecast.shm_bytes:
        found.append(shm_runs_out(scenario, rank.batches, forecast.shm_bytes))
    if 0 < machine.ram_bytes < total:
        found.append(ram_runs_out(scenario, rank.crew, total, forecast.main_bytes, forecast.worker_bytes))
    elif 0 < machine.ram_bytes < forecast.highest_bytes:
        found.append(heaps_run_out(scenario, total, forecast.growth_bytes))
    return found
