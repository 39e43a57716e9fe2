"""Draw what each sample of a workload costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Workload

# Two float64 a sample: 20 million samples take 320 MB, beyond which a picture helps nobody.
MOST_SAMPLES = 20_000_000


@dataclass(frozen=True)
class Costs:
    """Hold the costs of an epoch's samples in the order of their index, in seconds, read-only.

    io_s, cpu_s: float64 arrays of length batches x batch_size: time blocked, time on a core.
    """

    io_s: NDArray[np.float64]
    cpu_s: NDArray[np.float64]


@lru_cache(maxsize=4)
def costs(workload: Workload, seed: int) -> Costs:
    """Draw the costs of every sample; the simulator and the emulated dataset both take them from here.

    A sample's factor is log-normal with mean 1 and coefficient of variation `jitter`
    (sigma^2 = ln(1 + jitter^2), mu = -sigma^2 / 2), and `slow_factor` times that for every
    `slow_every`-th sample. The factor scales io_s and cpu_s alike.
    Raises ValueError when the epoch has more samples than `MOST_SAMPLES`.
    """
    if workload.samples > MOST_SAMPLES:
        way_out = "use fewer batches or a smaller batch_size"
        raise refuse("batches x batch_size", f"{MOST_SAMPLES:,} or less", workload.samples, way_out)
    factor = _jitter(workload.jitter, workload.samples, seed)
    if workload.slow_every:
        factor[workload.slow_every - 1 :: workload.slow_every] *= workload.slow_factor
    drawn = Costs(io_s=factor * workload.io_s, cpu_s=factor * workload.cpu_s)
    drawn.io_s.flags.writeable = drawn.cpu_s.flags.writeable = False
    return drawn


def mean_factor(workload: Workload) -> float:
    """Return how many times `io_s` and `cpu_s` a sample costs on average (slow samples; jitter has mean 1)."""
    if not workload.slow_every:
        return 1.0
    slow = workload.samples // workload.slow_every
    return 1.0 + (workload.slow_factor - 1.0) * slow / workload.samples


def _jitter(coefficient: float, samples: int, seed: int) -> NDArray[np.float64]:
    if coefficient == 0.0:
        return np.ones(samples)
    variance = math.log1p(coefficient**2)
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn: NDArray[np.float64] = np.exp(math.sqrt(variance) * generator.standard_normal(samples) - variance / 2)
    return drawn
