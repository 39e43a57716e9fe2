"""Lay out a sweep: which trial runs when, what it may ask for, and how long it will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from bench.trial.spec import MOST_WORKERS, TrialSpec
from dataloader_sim.metrics import metrics
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Scenario
from dataloader_sim.simulate import simulate
from dataloader_sim.sweep import vary
from dataloader_sim.wire import scenario_from_dict, scenario_to_dict

MOST_TRIALS = 400
MOST_PREFETCH = 64
# The rate is taken between the first and the last step, in whole rounds of the workers.
FEWEST_BATCHES = 3
# A trial without a batch for so many times a batch's own cost is taken for a hang.
SLOW_BATCHES = 5.0
LONGEST_S = 4 * 3600.0
# A fresh process imports torch (1.2 s on a 2-core machine) and ends again.
START_UP_S = 1.7
# What decoding a picture of 100 KB costs, until it is measured.
JPEG_CPU_S = 0.005
# Longer runs are estimated from this many batches and samples.
ESTIMATED_BATCHES = 200
ESTIMATED_SAMPLES = 200_000
# Python refuses to print whole numbers of more than 4,300 digits, and nobody reads them.
LONGEST_SHOWN = 10**30


@dataclass(frozen=True, kw_only=True)
class PlannedTrial:
    """Name one trial of a sweep; `block` counts from 0."""

    block: int
    num_workers: int


@dataclass(frozen=True, kw_only=True)
class SweepSpec:
    """Describe a sweep over num_workers; the same caps hold for the browser, the command line and Python.

    base: what every trial runs, but for its num_workers. Options that only workers use (prefetch_factor and
        others) may stand in it when its own num_workers is 1 or more; the trial at 0 workers leaves them out.
    workload, images, stall_timeout_s: as in `TrialSpec`.
    num_workers: the values to try, each once, 64 at most. repeats: blocks, each of which runs every value once.
    order_seed: seeds the order within the blocks.
    Raises ValueError for a value out of range, more than 400 trials, or an estimate beyond 4 hours.
    """

    base: Scenario = field(default_factory=Scenario)
    workload: str = "emulated"
    images: str = ""
    num_workers: tuple[int, ...] = (0, 1, 2, 4)
    repeats: int = 5
    order_seed: int = 0
    stall_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        """Check every value, each trial's included."""
        if not isinstance(self.base, Scenario):
            raise refuse("base", "a Scenario", self.base)
        object.__setattr__(self, "num_workers", _values(self.num_workers))
        _whole("repeats", self.repeats, 1, MOST_TRIALS, "5 or more give an interval worth having")
        _whole("order_seed", self.order_seed, 0, 2**63 - 1)
        count = len(self.num_workers) * self.repeats
        if count > MOST_TRIALS:
            raise refuse("trials", f"{MOST_TRIALS} or less", count, "try fewer values of num_workers or fewer repeats")
        for workers in self.num_workers:
            self.trial(workers)
        _check_size(self.base)
        if self.estimate_s > LONGEST_S:
            way_out = "use fewer batches, values or repeats"
            rule = f"{LONGEST_S / 3600:g} h or less"
            raise refuse("the estimated time of a sweep", rule, f"{self.estimate_s / 3600:,.1f} h", way_out)

    def trial(self, num_workers: int) -> TrialSpec:
        """Return the trial at one num_workers."""
        return TrialSpec(
            scenario=vary(self.base, "loader.num_workers", num_workers),
            workload=self.workload,
            images=self.images,
            # A batch that takes long by its own settings is not a hang.
            stall_timeout_s=max(self.stall_timeout_s, SLOW_BATCHES * _batch_s(self.base)),
        )

    @cached_property
    def estimate_s(self) -> float:
        """Return how long the sweep will take, in seconds."""
        return estimate_s(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as values that JSON can hold; `from_dict` takes them back."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return plain | {"base": scenario_to_dict(self.base), "num_workers": list(self.num_workers)}

    @classmethod
    def from_dict(cls, data: object) -> SweepSpec:
        """Rebuild a spec from `to_dict`; raises ValueError for anything else."""
        names = {item.name for item in fields(cls)}
        if not isinstance(data, dict) or data.keys() != names:
            got = sorted(map(str, data)) if isinstance(data, dict) else data
            raise refuse("a sweep", f"an object with the fields {', '.join(sorted(names))}", got)
        return cls(**(data | {"base": scenario_from_dict(data["base"])}))


def trials(spec: SweepSpec) -> list[PlannedTrial]:
    """Return the trials in the order to run them: every block holds every value once, shuffled.

    A neighbour that is busy for a while then slows all values alike, instead of those whose turn it was.
    """
    generator = np.random.Generator(np.random.PCG64(spec.order_seed))
    planned = []
    for block in range(spec.repeats):
        order = generator.permutation(len(spec.num_workers))
        planned += [PlannedTrial(block=block, num_workers=spec.num_workers[at]) for at in order]
    return planned


def estimate_s(spec: SweepSpec) -> float:
    """Return how long the sweep will take: each trial simulated, and its process started."""
    return spec.repeats * sum(trial_s(spec, workers) for workers in spec.num_workers)


def left_s(spec: SweepSpec, finished: Sequence[tuple[int, float]], running: float = 0.0) -> float:
    """Return how long the rest of the sweep will take.

    finished: (num_workers, seconds) of each finished trial. running: how much of the next one is done, 0 to 1.
    A value that has run takes as long again; the others are scaled by what the estimates were off so far.
    """
    seen: dict[int, list[float]] = {}
    for workers, seconds in finished:
        seen.setdefault(workers, []).append(seconds)
    expected = sum(trial_s(spec, workers) * len(times) for workers, times in seen.items())
    off = sum(map(sum, seen.values())) / expected if expected else 1.0
    each = {workers: trial_s(spec, workers) * off for workers in spec.num_workers}
    each |= {workers: sum(times) / len(times) for workers, times in seen.items()}
    ahead = [each[one.num_workers] for one in trials(spec)[len(finished) :]]
    return sum(ahead) - running * ahead[0] if ahead else 0.0


def trial_s(spec: SweepSpec, num_workers: int) -> float:
    """Return the estimated time of one trial in seconds, its process's start included."""
    return START_UP_S + _run_s(vary(_estimated(spec), "loader.num_workers", num_workers))


def _estimated(spec: SweepSpec) -> Scenario:
    workload = spec.base.workload
    if spec.workload == "jpeg":
        workload = replace(workload, io_s=0.0, cpu_s=JPEG_CPU_S, jitter=0.0, slow_every=0)
    return replace(spec.base, workload=workload)


@lru_cache(maxsize=256)
def _run_s(scenario: Scenario) -> float:
    workload = scenario.workload
    enough = max(FEWEST_BATCHES, min(ESTIMATED_BATCHES, ESTIMATED_SAMPLES // workload.batch_size))
    batches = min(workload.batches, enough)
    timeline = simulate(replace(scenario, workload=replace(workload, batches=batches)))
    start_s = metrics(timeline).startup_s
    return workload.epochs * (start_s + (timeline.end_s - start_s) * workload.batches / batches)


def _batch_s(base: Scenario) -> float:
    """Return how long one process takes for a batch and its step, a slow sample's cost for each sample."""
    workload = base.workload
    slow = workload.slow_factor if workload.slow_every else 1.0
    return workload.batch_size * (workload.io_s + workload.cpu_s) * slow + workload.collate_s + workload.step_s


def _check_size(base: Scenario) -> None:
    workload, loader = base.workload, base.loader
    if workload.batches * workload.epochs < FEWEST_BATCHES:
        hint = "the rate is taken between the first and the last step"
        raise refuse("batches", f"{FEWEST_BATCHES} or more in a sweep", workload.batches, hint)
    if (loader.prefetch_factor or 0) > MOST_PREFETCH:
        raise refuse("prefetch_factor", f"{MOST_PREFETCH} or less in a sweep", loader.prefetch_factor, "simulate more")


def _values(values: object) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or not values:
        raise refuse("num_workers", "one value or more, such as (0, 1, 2, 4)", values)
    for value in values:
        _whole("num_workers", value, 0, MOST_WORKERS, "0 loads in the training process")
    if len(set(values)) != len(values):
        raise refuse("num_workers", "values that differ", values, "raise repeats to run each more often")
    return tuple(sorted(values))


def _whole(name: str, value: object, low: int, high: int, hint: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(name, "a whole number", value, hint)
    if not low <= value <= high:
        rule = f"{low} or more" if value < low else f"{high} or less"
        raise refuse(name, rule, value if abs(value) < LONGEST_SHOWN else "a longer number", hint)
