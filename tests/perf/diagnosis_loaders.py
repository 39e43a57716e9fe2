"""Twenty-four loaders with one known cause each, for `diagnosis.py`: the fault, the right names, and what helps."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from diagnosis_datasets import (
    Annotations,
    Collate,
    Locked,
    Numbers,
    Pictures,
    Reading,
    Step,
    Stream,
    Threaded,
    Throttled,
    Warming,
    as_arrays,
)
from torch.utils.data import DataLoader, IterableDataset, SequentialSampler, Subset


@dataclass(frozen=True)
class Case:
    """A loader, its training step and the cause that was put into it.

    dataset: makes it. right: the limits of which any names the cause. expert: the options that somebody who knows the
    cause would set, empty: none helps. fix: what the case is once its code is mended, where that is the remedy.
    distinct: the share of the delivered samples that are no repeats. shm_bytes: /dev/shm as the case declares it.
    """

    name: str
    dataset: Callable
    right: frozenset
    step: Step
    options: dict
    batches: int = 96
    batch_size: int = 8
    epochs: int = 1
    collate: Callable | None = None
    init: Callable | None = None
    expert: dict = field(default_factory=dict)
    fix: dict | None = None
    distinct: float = 1.0
    shm_bytes: int = 0

    def loader(self, changes=()):
        """Return the case's DataLoader with some arguments changed."""
        options = self.options | dict(changes)
        if not options.get("num_workers"):
            options = {"num_workers": 0}
        dataset, more = self.dataset(), {}
        if not isinstance(dataset, IterableDataset):
            dataset = Subset(dataset, range(self.batches * self.batch_size))
            more["sampler"] = SequentialSampler(dataset)
        if self.init and options["num_workers"]:
            more["worker_init_fn"] = self.init
        return DataLoader(dataset, self.batch_size, collate_fn=self.collate, **more, **options)

    @property
    def mended(self):
        """Return the case without its fault."""
        return replace(self, **self.fix)


def _case(name, dataset, right, step_ms, workers, **settings):
    options = {"num_workers": workers} | settings.pop("options", {})
    busy_ms = settings.pop("busy_ms", 0.0)
    return Case(
        name=name,
        dataset=dataset,
        right=frozenset(right.split()),
        step=Step(step_ms / 1000, busy_ms),
        options=options,
        **settings,
    )


def cases():
    """Return the cases by name."""
    return {one.name: one for one in (*_amounts(), *_uneven(), *_plumbing(), *_starts(), *_streams(), *_nothing())}


def _amounts():
    """Return loaders that have too little of something, or share it."""
    return [
        _case("slow reads", lambda: Reading(0.02), "loader", 4, 2, batches=24, expert={"num_workers": 8}),
        _case("no workers", lambda: Reading(0.002), "loader", 12, 0, batches=50, expert={"num_workers": 3}),
        _case("one busy worker", lambda: Reading(0, 2.0), "loader", 4, 1, batches=64, expert={"num_workers": 2}),
        _case("cores full", lambda: Reading(0, 2.0), "cores", 4, 4, batches=160),
        _case("2 streams", lambda: Throttled(2, 0.003), "storage lock", 3, 5, batches=240),
        _case("a shared lock", lambda: Locked(0.002, 0.0005), "lock storage", 2, 4, batches=128),
        _case(
            "threads in workers",
            lambda: Threaded(4),
            "threads",
            2,
            3,
            batches=100,
            fix={"dataset": lambda: Threaded(1)},
        ),
        _case(
            "small shared memory",
            lambda: Reading(0.004, 0.0, 50_000),
            "memory",
            3,
            2,
            options={"prefetch_factor": 4},
            batches=48,
            shm_bytes=14_000_000,
        ),
    ]


def _uneven():
    """Return loaders whose batches take unequal times."""
    rng = np.random.default_rng(1)
    one_in_50 = np.where(np.arange(4096) % 50 == 49, 0.150, 0.002)
    one_worker = np.where(np.arange(4096) % 32 == 5, 0.060, 0.001)
    wild = np.minimum(0.0035 * rng.lognormal(-0.98, 1.4, 4096), 0.15)
    return [
        _case(
            "one slow sample in 50",
            lambda: Reading(one_in_50),
            "order jitter",
            7,
            4,
            expert={"prefetch_factor": 8},
        ),
        _case("slow samples, one worker", lambda: Reading(one_worker), "order", 8, 4, expert={"in_order": False}),
        _case("heavy tail", lambda: Reading(wild), "jitter order", 9, 4, expert={"prefetch_factor": 8}, batches=128),
        _case(
            "prefetch_factor=1",
            lambda: Reading(0.0028 * rng.lognormal(-0.32, 0.8, 4096)),
            "prefetch jitter order",
            9,
            3,
            options={"prefetch_factor": 1},
            expert={"prefetch_factor": 4},
        ),
    ]


def _plumbing():
    """Return loaders that pay for passing batches on."""
    return [
        _case(
            "slow collate", lambda: Reading(0.0002), "collate", 3, 1, collate=Collate(15.0), expert={"num_workers": 2}
        ),
        _case(
            "collate into arrays",
            lambda: Pictures(150_000),
            "hand-over",
            1,
            2,
            collate=as_arrays,
            batch_size=16,
            expert={"num_workers": 0},
            fix={"collate": None},
        ),
        _case("tiny samples", Numbers, "hand-over", 0, 2, batches=600, batch_size=4, expert={"num_workers": 0}),
        _case(
            "large batches",
            lambda: Pictures(150_528),
            "collate hand-over cores",
            1,
            2,
            batch_size=64,
            batches=40,
            expert={"num_workers": 0},
        ),
    ]


def _starts():
    """Return loaders that start their workers again and again."""
    return [
        _case(
            "start of each epoch",
            lambda: Reading(0.001),
            "startup",
            6,
            3,
            init=Warming(0.06),
            batches=12,
            epochs=6,
            expert={"persistent_workers": True},
        ),
        _case(
            "spawned with objects",
            lambda: Annotations(0.001, 60_000),
            "startup",
            6,
            1,
            options={"multiprocessing_context": "spawn"},
            batches=16,
            epochs=2,
            expert={"persistent_workers": True},
        ),
    ]


def _streams():
    """Return iterable datasets that are shared out wrongly."""
    reads = 0.003 * np.random.default_rng(2).lognormal(-0.125, 0.5, 512)
    even = {"dataset": lambda: Stream(768, reads, [1])}
    return [
        _case("uneven shards", lambda: Stream(768, reads, [5, 1, 1]), "shards", 4, 3, fix=even),
        _case(
            "every worker reads all",
            lambda: Stream(384, reads, None),
            "duplicates",
            4,
            3,
            batches=144,
            distinct=1 / 3,
            fix={"dataset": lambda: Stream(384, reads, [1]), "batches": 48, "distinct": 1.0},
        ),
    ]


def _nothing():
    """Return loops in which the loader has nothing to gain."""
    jittered = 0.002 * np.random.default_rng(3).lognormal(-0.125, 0.5, 4096)
    return [
        _case("busy accelerator", lambda: Reading(0.001), "gpu", 25, 2, batches=50),
        _case("busy accelerator, jitter", lambda: Reading(jittered, 0.1), "gpu", 25, 3, batches=50),
        _case("work in the loop", lambda: Reading(0.001), "host", 2, 2, busy_ms=15.0, batches=64),
        _case("balanced", lambda: Reading(0.0025), "gpu loader jitter", 14, 2, batches=80),
    ]
