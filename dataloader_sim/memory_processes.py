"""Say what the processes of one rank take besides the batches.

The sizes of processes were measured on Linux with Python 3.11, torch 2.13 for CPU, numpy and Pillow: medians of 5;
`python tests/perf/memory_facts.py` prints each beside what it measures. A training script that imports more, or a
CUDA build with its context, takes more than is said here.
"""

from __future__ import annotations

from dataclasses import dataclass

from dataloader_sim.memory_batches import batch_bytes, in_worker_processes, start_method
from dataloader_sim.scenario import Scenario
from dataloader_sim.shards import cuts, delivered

_MB = 10**6
# Code mapped from the libraries' files: in memory once, however many processes use it.
LIBRARY_BYTES = 86 * _MB
# Private to a process that imported torch itself: the training process, a spawned worker, a fork server's worker.
IMPORTED_BYTES = 152 * _MB
# Private to a forked worker: the pages shared with the training process that it wrote to ...
FORKED_BYTES = 14 * _MB
# ... and once the garbage collector has looked at every object on them, and so has written to each.
COLLECTED_BYTES = 48 * _MB
# With so many objects alive at once in a batch that comes sooner or later: never seen up to 300 in 600 batches;
# from 384 on within 560 batches. Python's first threshold is 700 (gc.get_threshold()). A forked worker inherits the
# collector's counters, which importing torch leaves at (., 6, 10) of (700, 10, 10): its seventh collection is a full
# one (seen in batch 8 of 512 objects, 7 of 768, 4 of 1,024, 2 of 3,072), and a shorter run takes 34 MB a worker less.
# A script that calls gc.collect() before it starts the workers spares them that.
COLLECTED_OBJECTS = 350
# multiprocessing's resource tracker, and its fork server beside it.
HELPER_BYTES = {"fork": 0, "spawn": 6 * _MB, "forkserver": 13 * _MB}
# A pickle of Python objects relative to the objects, and with the pickler's memo while it is written. Means of six
# kinds of lists, from 0.07 and 0.11 (lists of small numbers) to 0.76 and 0.88 (strings of 200 characters).
OBJECT_PICKLE, OBJECT_PICKLING = 1 / 3, 0.6
# An array is pickled by way of `tobytes` (numpy's __reduce__, pickle protocol 4): two copies while it is written.
ARRAY_PICKLE, ARRAY_PICKLING = 1.0, 2.0
# Weak references to shared tensors that each process keeps (torch.multiprocessing.reductions.SharedCache.limit).
KEPT_REFERENCES = 128
# glibc hands blocks above this back to the system at once (DEFAULT_MMAP_THRESHOLD_MAX), so they leave no hole.
LARGEST_HOLE_BYTES = 32 << 20
# The most by which the heap of a training process that loads by itself was seen to grow, in batches.
HEAP_GROWTH_BATCHES = 6


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Hold what the worker processes of one rank take, without what they load.

    count: how many there are. own_bytes: each, without the Dataset.
    copy_bytes, copies_bytes: its own copy of the Dataset, the largest; the copies of all.
    helper_bytes: the processes that multiprocessing starts beside them.
    inherit: whether they are forked, and share what they do not write to.
    """

    count: int
    own_bytes: int
    copy_bytes: int
    copies_bytes: int
    helper_bytes: int
    inherit: bool


@dataclass(frozen=True, kw_only=True)
class Pickle:
    """Hold what the Dataset's pickle takes in the training process.

    writing_bytes: while it is written. held_bytes: from then on, while a worker boots and reads it.
    """

    writing_bytes: int = 0
    held_bytes: int = 0


def workers(scenario: Scenario) -> Workers:
    """Say what one rank's worker processes take."""
    count = in_worker_processes(scenario)
    if not count:
        return Workers(count=0, own_bytes=0, copy_bytes=0, copies_bytes=0, helper_bytes=0, inherit=False)
    copy, copies = _copies(scenario, count)
    return Workers(
        count=count,
        own_bytes=_own_bytes(scenario),
        copy_bytes=copy,
        copies_bytes=copies,
        helper_bytes=HELPER_BYTES[start_method(scenario)],
        inherit=start_method(scenario) == "fork",
    )


def pickled(scenario: Scenario) -> Pickle:
    """Say what the Dataset's pickle takes: nothing unless a worker that inherits nothing is sent it."""
    work = scenario.workload
    if not in_worker_processes(scenario) or start_method(scenario) == "fork":
        return Pickle()
    held, writing = (OBJECT_PICKLE, OBJECT_PICKLING) if work.dataset_objects else (ARRAY_PICKLE, ARRAY_PICKLING)
    return Pickle(writing_bytes=round(writing * work.dataset_bytes), held_bytes=round(held * work.dataset_bytes))


def growth_bytes(scenario: Scenario) -> int:
    """Return what the heaps of one rank may grow by in a long run, beyond what is in use."""
    work, loader = scenario.workload, scenario.loader
    count = in_worker_processes(scenario)
    if not count:
        small = batch_bytes(work) // work.tensors <= LARGEST_HOLE_BYTES
        return HEAP_GROWTH_BATCHES * batch_bytes(work) if small else 0
    if work.sample_bytes // work.tensors > LARGEST_HOLE_BYTES:
        return 0
    lives = work.epochs if loader.persistent_workers else 1
    batches = -(-delivered(work, loader)[0] * lives // count)
    return count * min(KEPT_REFERENCES, work.tensors * batches) * work.sample_bytes


def _own_bytes(scenario: Scenario) -> int:
    if start_method(scenario) != "fork":
        return IMPORTED_BYTES
    # Each sample is a tuple of tensors.
    objects = scenario.workload.batch_size * (scenario.workload.tensors + 1)
    return COLLECTED_BYTES if objects >= COLLECTED_OBJECTS else FORKED_BYTES


def _copies(scenario: Scenario, count: int) -> tuple[int, int]:
    """Return the largest worker's own copy of the Dataset, and all copies together."""
    work = scenario.workload
    if start_method(scenario) != "fork":
        return work.dataset_bytes, count * work.dataset_bytes
    if not work.dataset_objects:
        return 0, 0
    if not work.iterable:
        return work.dataset_bytes, count * work.dataset_bytes
    ends = cuts(work, count)
    largest = int((ends[1:] - ends[:-1]).max())
    return -(-work.dataset_bytes * largest // work.samples), work.dataset_bytes
