"""What each part of a run takes with a core of one's own, in seconds; 0 for a part that the scenario leaves out."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np

from dataloader_sim.costs import costs

# A pickle no larger fits the pipe, and `Process.start()` returns before the child has read it.
PIPE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Piece:
    """One batch as a worker will make it: its samples are first .. last - 1.

    dropped: the worker finds out that they do not fill a batch only by fetching them (torch's fetcher), and drops them.
    """

    first: int
    last: int
    dropped: bool = False


class Amounts:
    """All amounts of one rank."""

    def __init__(self, scenario, rank):
        self.work, self.loader, self.machine = scenario.workload, scenario.loader, scenario.machine
        self.workers = self.loader.num_workers
        self.drawn = costs(self.work, scenario.seed, rank)
        self.processes = self.workers > 0 and not scenario.threads
        self.pin_thread = self.loader.pin_memory and self.workers > 0
        inherits_nothing = self.loader.multiprocessing_context in ("forkserver", "spawn")
        self.one_by_one = inherits_nothing and self.work.dataset_bytes > PIPE_BYTES
        machine = self.machine
        self.spawn_s = self._process(machine.worker_spawn_s)
        self.boot_s = self._process(machine.worker_boot_s + (machine.worker_import_s if inherits_nothing else 0.0))
        self.exit_s = self._process(machine.worker_exit_s)
        self.put_s = self._process(machine.put_s)
        self.marker_s = self._process(machine.get_s)
        self.get_s = self._process(machine.get_s + self.work.tensors * machine.get_tensor_s)

    def _process(self, seconds):
        return seconds if self.processes else 0.0

    def _bytes(self, piece):
        return (piece.last - piece.first) * self.work.sample_bytes

    def shm_s(self, piece):
        return self._process(self._bytes(piece) / self.machine.shm_bytes_per_s)

    def touch_s(self, piece):
        """Return what the training process takes to read a batch first; 0 when the pinning thread has done so."""
        return 0.0 if self.pin_thread else self._process(self._bytes(piece) / self.machine.touch_bytes_per_s)

    def pin_s(self, piece):
        if not self.loader.pin_memory:
            return 0.0
        return self._process(self._bytes(piece) / self.machine.touch_bytes_per_s) + (
            self._bytes(piece) / self.machine.pin_bytes_per_s
        )

    def copy_s(self, piece):
        return self._bytes(piece) / self.machine.h2d_bytes_per_s

    def load_s(self, piece):
        samples = slice(piece.first, piece.last)
        fetch_s = float(np.sum(self.drawn.io_s[samples]) + np.sum(self.drawn.cpu_s[samples]))
        return fetch_s if piece.dropped else fetch_s + self.work.collate_s + self.shm_s(piece)

    def pieces(self):
        """Return the batches of an epoch in the order of their samples."""
        size = self.work.batch_size
        return [Piece(batch * size, (batch + 1) * size) for batch in range(self.work.batches)]

    def shards(self):
        """Return each worker's batches of an iterable epoch; one list for the training process without workers."""
        count = max(self.workers, 1)
        cuts = [self._cut(Fraction(worker, count)) for worker in range(count + 1)]
        return [self._split(first, last) for first, last in pairwise(cuts)]

    def _cut(self, share):
        return ceil(self.work.samples * (share + Fraction(self.work.shard_skew) * share * (1 - share)))

    def _split(self, first, last):
        size = self.work.batch_size
        ends = [min(start + size, last) for start in range(first, last, size)]
        starts = range(first, last, size)
        return [
            Piece(*ends, self.loader.drop_last and ends[1] - ends[0] < size) for ends in zip(starts, ends, strict=True)
        ]
