"""Say all that one run depends on: the workload, the loader, the machine and the seed.

Times are seconds, sizes bytes. A field marked `not modelled yet` is accepted and checked, the
simulator runs as if it had its default, and `simulate.not_modelled` names it for whoever shows the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from dataloader_sim.rules import check, choice, number, refuse, switch, whole

START_METHODS = ("fork", "forkserver", "spawn")
# torch's own default when num_workers > 0 (torch/utils/data/dataloader.py).
DEFAULT_PREFETCH_FACTOR = 2
LONGEST_S = 1e6
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
    epochs: passes over the data; not modelled yet beyond the first.
    io_s, cpu_s: one sample: time blocked on storage or network (no core), time on a core.
    jitter: coefficient of variation of a sample's cost, log-normal with mean 1, for io_s and cpu_s alike.
    slow_every, slow_factor: every n-th sample costs that many times more; 0: none.
    collate_s: time on a core to make one batch of its samples.
    sample_bytes, tensors: size of one sample after the transform, tensors in a batch; not modelled yet.
    step_s: accelerator time of one training step.
    launch_s, synchronize: host time to launch a step, whether the host waits for it each time; not modelled yet
        (the simulator launches in no time and waits).
    dataset_bytes: memory of the Dataset object itself; not modelled yet.
    """

    batches: int = whole(64, low=1, high=10_000_000, hint="a run needs at least one batch")
    batch_size: int = whole(32, low=1, high=1_000_000, hint="a batch needs at least one sample")
    epochs: int = whole(1, low=1, high=1_000, hint="a run needs at least one epoch")
    io_s: float = _time(0.004)
    cpu_s: float = _time(0.002)
    jitter: float = number(0.0, high=10.0, hint="a coefficient of variation: 0.5 means plus or minus 50 %")
    slow_every: int = whole(0, low=0, high=10_000_000, hint="0 means that no sample is slow")
    slow_factor: float = number(10.0, low=1.0, high=1e6, hint="a slow sample costs at least as much as another")
    collate_s: float = _time(0.0)
    sample_bytes: int = _size(0)
    tensors: int = whole(2, low=1, high=10_000, hint="a batch holds at least one tensor")
    step_s: float = _time(0.030)
    launch_s: float = _time(0.0)
    synchronize: bool = switch(default=True)
    dataset_bytes: int = _size(0)

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

    num_workers, prefetch_factor: simulated; `prefetch_factor=None` means 2 with workers, as torch does.
    pin_memory, persistent_workers, timeout, multiprocessing_context: not modelled yet.
    in_order: True is simulated; False is not modelled yet.
    """

    num_workers: int = whole(0, low=0, high=1024, hint="use 0 to load in the training process")
    prefetch_factor: int | None = whole(None, low=1, high=4096, optional=True, hint="use None for torch's default")
    pin_memory: bool = switch(default=False)
    persistent_workers: bool = switch(default=False)
    in_order: bool = switch(default=True)
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
    ranks: processes with a loader and a GPU each, sharing the cores and the storage; not modelled yet beyond 1.
    worker_spawn_s, worker_boot_s, worker_exit_s, put_s, get_s, get_tensor_s: plumbing times; not modelled yet.
    shm_bytes_per_s, touch_bytes_per_s, pin_bytes_per_s, h2d_bytes_per_s: plumbing rates; not modelled yet.
    storage_streams: reads that the storage serves at full speed at once; more share it equally; 0: no limit.
    ram_bytes, shm_bytes: memory of the machine and of /dev/shm, 0: unknown; not modelled yet.
    """

    cores: float = number(8.0, above=True, high=65_536.0, hint="a quota of half a core is 0.5")
    ranks: int = whole(1, low=1, high=1024)
    worker_spawn_s: float = _time(0.0)
    worker_boot_s: float = _time(0.0)
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
class Scenario:
    """Gather all that a run depends on; equal scenarios give equal simulated timelines."""

    workload: Workload = field(default_factory=Workload)
    loader: LoaderConfig = field(default_factory=LoaderConfig)
    machine: Machine = field(default_factory=Machine)
    seed: int = whole(0, low=0, high=2**63 - 1)

    def __post_init__(self) -> None:
        """Check that each part is of its type."""
        check(self)
        for name, kind in (("workload", Workload), ("loader", LoaderConfig), ("machine", Machine)):
            if not isinstance(getattr(self, name), kind):
                raise refuse(name, f"a {kind.__name__}", getattr(self, name))
