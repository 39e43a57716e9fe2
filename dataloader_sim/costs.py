"""Draw what each sample of a workload costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Workload

# A float32 a sample: 20 million samples take 80 MB, beyond which a picture helps nobody.
MOST_SAMPLES = 20_000_000
# So many are drawn at a time, in float64, so that drawing takes little memory beside what it fills.
_AT_ONCE = 1 << 18
# The drawings of a band of 16 seeds are kept for its other points, unless they are this large: 64 of them take 64 MB.
_MOST_KEPT = 1 << 18
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Costs:
    """Hold the costs of one rank's samples in the order of their index.

    factor: read-only float32 array, how many times `io_s` and `cpu_s` each sample costs: a row for both, or a row for
        each where they were measured apart.
    """

    workload: Workload
    factor: NDArray[np.float32]

    @cached_property
    def io_s(self) -> NDArray[np.float64]:
        """Return the time that each sample is blocked, float64, in seconds, read-only."""
        return read_only(self.factor[0].astype(np.float64) * self.workload.io_s)

    @cached_property
    def cpu_s(self) -> NDArray[np.float64]:
        """Return the time that each sample needs a core, float64, in seconds, read-only."""
        return read_only(self.factor[-1].astype(np.float64) * self.workload.cpu_s)


def costs(workload: Workload, seed: int, rank: int = 0) -> Costs:
    """Draw the costs of every sample of a rank; the simulator and the emulated dataset both take them from here.

    A sample's factor is log-normal with mean 1 and coefficient of variation `jitter`
    (sigma^2 = ln(1 + jitter^2), mu = -sigma^2 / 2), and `slow_factor` times that for every
    `slow_every`-th sample; what was measured (`io_factors`, `cpu_factors`) comes on top. The drawn factor scales io_s
    and cpu_s alike. It is rounded to 24 bits, so that processors whose exponential differs in its last bit draw the
    same.
    Raises ValueError when the epoch has more samples than `MOST_SAMPLES`.
    """
    if workload.samples > MOST_SAMPLES:
        way_out = "use fewer batches or a smaller batch_size"
        raise refuse("batches x batch_size", f"{MOST_SAMPLES:,} or less", workload.samples, way_out)
    uneven = (workload.samples, workload.jitter, workload.slow_every, workload.slow_factor)
    draw = _drawn if workload.samples > _MOST_KEPT else _kept
    factor = draw(*uneven, seed=seed, rank=rank)
    if workload.io_factors or workload.cpu_factors:
        measured = (workload.io_factors, workload.cpu_factors)
        factor = np.stack([factor[0] * _measured(workload, row, seed, rank) for row in measured])
    return Costs(workload=workload, factor=read_only(factor))


def _measured(workload: Workload, factors: tuple[float, ...], seed: int, rank: int) -> NDArray[np.float32]:
    """Lay measured factors out over an epoch; other seeds and ranks begin with another batch of them."""
    if not factors:
        return np.ones(workload.samples, np.float32)
    first = 0
    if seed or rank:
        batches = max(1, len(factors) // workload.batch_size)
        first = int(np.random.Generator(np.random.PCG64((seed, rank))).integers(batches)) * workload.batch_size
    return np.resize(np.roll(np.asarray(factors, np.float32), -first), workload.samples)


def is_uneven(workload: Workload) -> bool:
    """Return whether samples differ in what they cost."""
    return workload.slow_every > 0 or is_drawn(workload)


def is_drawn(workload: Workload) -> bool:
    """Return whether another seed gives other costs."""
    return workload.jitter > 0.0 or bool(workload.io_factors or workload.cpu_factors)


def mean_factor(workload: Workload) -> float:
    """Return how many times `io_s` and `cpu_s` a sample costs on average (slow samples; jitter has mean 1)."""
    if not workload.slow_every:
        return 1.0
    slow = workload.samples // workload.slow_every
    return 1.0 + (workload.slow_factor - 1.0) * slow / workload.samples


def _drawn(
    samples: int, jitter: float, slow_every: int, slow_factor: float, *, seed: int, rank: int
) -> NDArray[np.float32]:
    factor = np.ones(samples, np.float32)
    if jitter > 0.0:
        variance = math.log1p(jitter**2)
        # Rank 0 draws what a run of one rank does.
        generator = np.random.Generator(np.random.PCG64(seed if rank == 0 else (seed, rank)))
        for first in range(0, samples, _AT_ONCE):
            drawn = generator.standard_normal(min(_AT_ONCE, samples - first))
            factor[first : first + drawn.size] = np.exp(math.sqrt(variance) * drawn - variance / 2)
    if slow_every:
        factor[slow_every - 1 :: slow_every] *= np.float32(slow_factor)
    return read_only(factor.reshape(1, samples))


_kept = lru_cache(maxsize=64)(_drawn)


def read_only(array: NDArray[Number]) -> NDArray[Number]:
    """Return the array, made read-only."""
    array.flags.writeable = False
    return array
