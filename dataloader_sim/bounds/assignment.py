"""Say how unevenly the samples of a workload fall on its workers."""

from __future__ import annotations

from functools import lru_cache
from math import gcd, lcm

import numpy as np

from dataloader_sim.costs import mean_factor
from dataloader_sim.scenario import Workload


def largest_part(workload: Workload, workers: int) -> float:
    """Return how many times the mean the largest worker's part of an iterable dataset is; 1.0 for a map-style one.

    Worker w reads the samples between S F(w/N) and S F((w+1)/N) with F(x) = x + shard_skew x (1 - x): the first one
    the most, F(1/N) of them, where the mean is 1/N.
    """
    return 1.0 + workload.shard_skew * (1.0 - 1.0 / workers) if workload.iterable else 1.0


def busiest_factor(workload: Workload, workers: int) -> float:
    """Return how many times `io_s` and `cpu_s` a sample costs on average for the worker with most of the slow ones.

    In order, batch k of an epoch goes to worker k mod N, however busy (torch: _try_put_index). The slow samples'
    places in a batch repeat every p = slow_every / gcd(slow_every, batch_size) batches, and of these p a worker meets
    those whose number is its own modulo gcd(N, p): all where that is 1, else some workers get more slow ones for good.
    Whole cycles of lcm(N, p) batches count; for an epoch shorter than one this is `mean_factor`.
    """
    mean = mean_factor(workload)
    if not workload.slow_every:
        return mean
    period = workload.slow_every // gcd(workload.slow_every, workload.batch_size)
    kinds = gcd(workers, period)
    cycles = workload.batches // lcm(workers, period)
    if kinds == 1 or not cycles:
        return mean
    slow = cycles * _most(workload.batch_size, workload.slow_every, kinds)
    own = -(-workload.batches // workers) * workload.batch_size
    return max(mean, 1.0 + (workload.slow_factor - 1.0) * slow / own)


@lru_cache(maxsize=1024)
def _most(batch_size: int, slow_every: int, kinds: int) -> int:
    """Return how many slow samples of a period fall on batches of one kind, k modulo `kinds`, for the worst kind."""
    slow = np.arange(1, batch_size // gcd(batch_size, slow_every) + 1, dtype=np.int64) * slow_every - 1
    return int(np.bincount(slow // batch_size % kinds).max())
