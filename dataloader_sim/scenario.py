"""Say all that one run depends on: the workload, the loader, the machine and the seed.

Times are seconds, sizes bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from dataloader_sim.rules import check, choice, number, numbers, refuse, switch, whole

START_METHODS = ("fork", "forkserver", "spawn")
FAULTS = ("killed", "hangs", "raises", "lost")
# torch's own default when num_workers > 0 (torch/utils/data/dataloader.py).
DEFAULT_PREFETCH_FACTOR = 2
LONGEST_S = 1e6
# So many measured samples show the shape of their costs; more would only make scenarios long to write down.
MOST_FACTORS = 8192
LARGEST_BYTES = 10**15


def _time(default: float) -> float:
    seconds: float = number(default, high=LONGEST_S, hint="times are in seconds")
    return seconds


def _size(default: int) -> int:
    size: int = whole(default, low=0, high=LARGEST_BYTES, hint="sizes are in bytes")
    return size


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Describe what a run has to load and to train on, per rank.

    batches, batch_size: batches per epoch; samples in a batch.
    epochs: passes over the data, in the same order each time.
    io_s, cpu_s: one sample: time blocked on storage or network (no core), time on a core.
    jitter: coefficient of variation of a sample's cost, log-normal with mean 1, for io_s and cpu_s alike.
    slow_every, slow_factor: every n-th sample costs that many times more; 0: none.
    io_factors, cpu_factors: how many times io_s, or cpu_s, each of some measured samples costs, in the order of an
        epoch; sample i takes number i modulo their count; (): all alike. jitter and slow samples come on top.
    gil_share: the share of cpu_s and collate_s that holds the interpreter's lock: 1.0 pure Python, 0.0 code that
        releases it; matters when the workers are threads.
    collate_s: time on a core to make one batch of its samples.
    sample_bytes, tensors: size of one sample after the transform, tensors in a batch.
    step_s: accelerator time of one training step.
    launch_s, synchronize: host time on a core to launch a step; whether the host waits for each step (`loss.item()`) or
        runs ahead.
    iterable, shard_skew: an IterableDataset that shards by worker: each worker reads its own contiguous part of the
        samples, all of equal size at 0.0; at 1.0 the first part is the largest and the last nearly empty.
    dataset_bytes, dataset_objects: memory of the Dataset object itself; whether it holds Python objects, whose
        reference counts are written whenever they are read, rather than arrays.
    """

    batches: int = whole(64, low=1, high=10_000_000, hint="a run needs at least one batch")
    batch_size: int = whole(32, low=1, high=1_000_000, hint="a batch needs at least one sample")
    epochs: int = whole(1, low=1, high=1_000, hint="a run needs at least one epoch")
    io_s: float = _time(0.004)
    cpu_s: float = _time(0.002)
    jitter: float = number(0.0, high=10.0, hint="a coefficient of variation: 0.5 means plus or minus 50 %")
    slow_every: int = whole(0, low=0, high=10_000_000, hint="0 means that no sample is slow")
    slow_factor: float = number(10.0, low=1.0, high=1e6, hint="a slow sample costs at least as much as another")
    io_factors: tuple[float, ...] = numbers(most=MOST_FACTORS, hint="a factor is a cost divided by the mean cost")
    cpu_factors: tuple[float, ...] = numbers(most=MOST_FACTORS, hint="a factor is a cost divided by the mean cost")
    gil_share: float = number(1.0, high=1.0, hint="1 for pure Python, 0 for code that releases the lock")
    collate_s: float = _time(0.0)
    sample_bytes: int = _size(0)
    tensors: int = whole(2, low=1, high=10_000, hint="a batch holds at least one tensor")
    step_s: float = _time(0.030)
    launch_s: float = _time(0.0)
    synchronize: bool = switch(default=True)
    iterable: bool = switch(default=False)
    shard_skew: float = number(0.0, high=1.0, hint="0 for parts of equal size, 1 for the most uneven")
    dataset_bytes: int = _size(0)
    dataset_objects: bool = switch(default=False)

    def __post_init__(self) -> None:
        """Check every value."""
        check(self)

    @property
    def samples(self) -> int:
        """Return the samples in one epoch."""
        return self.batches * self.batch_size


@dataclass(frozen=True, kw_only=True)
class LoaderConfig:
    """Hold `torch.utils.data.DataLoader`'s own arguments, with its names, defaults and rules.

    `None` means what torch means by it: prefetch_factor 2 with workers; the simulator takes
    multiprocessing_context None as fork, Linux's default before Python 3.14.
    drop_last: leave out a batch that is not full; in an iterable dataset each worker's last one.
    timeout: seconds without any message after which `next(iterator)` raises; 0: waits for ever.
    """

    num_workers: int = whole(0, low=0, high=1024, hint="use 0 to load in the training process")
    prefetch_factor: int | None = whole(None, low=1, high=4096, optional=True, hint="use None for torch's default")
    pin_memory: bool = switch(default=False)
    persistent_workers: bool = switch(default=False)
    in_order: bool = switch(default=True)
    drop_last: bool = switch(default=False)
    timeout: float = number(0.0, high=LONGEST_S, hint="0 means no timeout")
    multiprocessing_context: str | None = choice(None, choices=START_METHODS)

    def __post_init__(self) -> None:
        """Check every value, and torch's rule that some options need workers."""
        check(self)
        if self.num_workers == 0:
            for name, unset in WORKER_OPTIONS.items():
                if getattr(self, name) != unset:
                    way_out = "only worker processes use it; set num_workers to 1 or more, or leave it out"
                    raise refuse(name, f"{unset!r} when num_workers is 0", getattr(self, name), way_out)

    @property
    def capacity(self) -> int:
        """Return how many batches may be outstanding at once: num_workers x prefetch_factor, 0 without workers."""
        return self.num_workers * (self.prefetch_factor or DEFAULT_PREFETCH_FACTOR)


# Options that torch refuses when num_workers is 0, with the value that leaves each unset.
WORKER_OPTIONS: dict[str, object] = {
    "prefetch_factor": None,
    "persistent_workers": False,
    "timeout": 0.0,
    "multiprocessing_context": None,
}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Describe the machine that a run shares.

    cores: processes that can compute at once; a fraction for a container's quota.
    free_threaded: whether the interpreter has no lock, so that its threads compute at once.
    ranks: processes with a loader and a GPU each, sharing the cores and the storage; their steps are synchronised.
    worker_spawn_s, worker_boot_s, worker_exit_s: per worker, on a core: the training process starts it, it boots,
        the training process shuts it down.
    worker_import_s: what a child that inherits nothing (forkserver, spawn) needs on top of worker_boot_s to start an
        interpreter and import.
    put_s: core time of a worker per batch to hand it on. get_s, get_tensor_s: core time of the receiver (the training
        process, or its pinning thread) per message, and per tensor in it.
    shm_bytes_per_s, touch_bytes_per_s, pin_bytes_per_s, h2d_bytes_per_s: a batch into shared memory by its worker, its
        first touch by the receiver, into pinned memory, to the accelerator.
    storage_streams: reads that the storage serves at full speed at once; more share it equally; 0: no limit.
    ram_bytes, shm_bytes: memory of the machine and of /dev/shm, 0: unknown; only `memory.predict` uses them.
    All plumbing defaults cost nothing, so that an ideal machine is ideal; `presets` holds measured ones.
    """

    cores: float = number(8.0, above=True, high=65_536.0, hint="a quota of half a core is 0.5")
    free_threaded: bool = switch(default=False)
    ranks: int = whole(1, low=1, high=1024)
    worker_spawn_s: float = _time(0.0)
    worker_boot_s: float = _time(0.0)
    worker_import_s: float = _time(0.0)
    worker_exit_s: float = _time(0.0)
    put_s: float = _time(0.0)
    get_s: float = _time(0.0)
    get_tensor_s: float = _time(0.0)
    shm_bytes_per_s: float = number(math.inf, above=True, finite=False)
    touch_bytes_per_s: float = number(math.inf, above=True, finite=False)
    pin_bytes_per_s: float = number(math.inf, above=True, finite=False)
    h2d_bytes_per_s: float = number(math.inf, above=True, finite=False)
    storage_streams: int = whole(0, low=0, high=1_000_000, hint="0 means no limit")
    ram_bytes: int = _size(0)
    shm_bytes: int = _size(0)

    def __post_init__(self) -> None:
        """Check every value."""
        check(self)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Let something go wrong when a batch's load begins, in the first epoch on rank 0.

    kind: 'killed' (the worker dies of a signal), 'hangs' (it never ends), 'raises' (the dataset raises, which the
        training loop does not catch), 'lost' (the batch cannot be pickled: it is loaded and never arrives).
    batch: which batch it happens to.
    """

    kind: str = choice("raises", choices=FAULTS)
    batch: int = whole(0, low=0, high=10_000_000, hint="batches are numbered from 0")

    def __post_init__(self) -> None:
        """Check every value."""
        check(self)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Gather all that a run depends on; equal scenarios give equal simulated timelines.

    threads: workers are threads of the training process instead of processes; torch has no such loader, the GIL
        lesson needs one. They hand batches over for nothing and start for nothing, and share the interpreter's lock.
    fault: what goes wrong, None: nothing.
    """

    workload: Workload = field(default_factory=Workload)
    loader: LoaderConfig = field(default_factory=LoaderConfig)
    machine: Machine = field(default_factory=Machine)
    threads: bool = switch(default=False)
    fault: Fault | None = None
    seed: int = whole(0, low=0, high=2**63 - 1)

    def __post_init__(self) -> None:
        """Check that each part is of its type, and that the fault's batch exists."""
        check(self)
        for name, kind in (("workload", Workload), ("loader", LoaderConfig), ("machine", Machine)):
            if not isinstance(getattr(self, name), kind):
                raise refuse(name, f"a {kind.__name__}", getattr(self, name))
        if self.fault is not None and not isinstance(self.fault, Fault):
            raise refuse("fault", "a Fault or None", self.fault)
        if self.fault is not None and self.fault.batch >= self.workload.batches:
            way_out = f"the epoch has {self.workload.batches} batches, numbered from 0"
            raise refuse("fault.batch", f"less than {self.workload.batches}", self.fault.batch, way_out)
