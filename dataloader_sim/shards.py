"""Divide an iterable dataset's samples among the workers, and count what each run delivers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.scenario import LoaderConfig, Workload


def cuts(workload: Workload, workers: int) -> NDArray[np.int64]:
    """Return where each worker's stream begins and where the last one ends: int64, one more than streams.

    Worker w reads samples ceil(S F(w/N)) up to ceil(S F((w+1)/N)), with S samples, N workers and
    F(x) = x + shard_skew x (1 - x): equal parts at shard_skew 0, as in the example of torch's IterableDataset page.
    """
    streams = max(workers, 1)
    if not workload.iterable:
        return np.zeros(streams + 1, np.int64)  # nobody has a stream
    x = np.arange(streams + 1) / streams
    # Rounded first, so that a whole number is not lifted to the next by its last bit.
    ends = np.ceil(np.round(workload.samples * (x + workload.shard_skew * x * (1 - x)), 6))
    return ends.astype(np.int64)


def delivered(workload: Workload, loader: LoaderConfig) -> tuple[int, int]:
    """Return how many batches and how many samples one epoch delivers, per rank."""
    if not workload.iterable:
        return workload.batches, workload.samples
    streams = np.diff(cuts(workload, loader.num_workers))
    full, rest = np.divmod(streams, workload.batch_size)
    if loader.drop_last:
        return int(full.sum()), int(full.sum()) * workload.batch_size
    return int(full.sum() + (rest > 0).sum()), int(streams.sum())
