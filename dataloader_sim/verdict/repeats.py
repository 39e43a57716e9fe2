"""Tell from the costs of samples whether every worker of an iterable dataset reads the same ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.observed import SAMPLE
from dataloader_sim.timeline import Activity, Timeline

# Workers read the same when the costs of their k-th samples rise and fall together as much as this (rank correlation).
ALIKE = 0.9
# So many samples of each worker are needed, and costs that differ by this coefficient of variation: equal ones are
# alike whatever is read.
_FEWEST = 24
_VARIED = 0.1


def reads_alike(timeline: Timeline) -> float:
    """Return how alike the costs of the workers' k-th samples are, 0 to 1: of the two neighbours least alike.

    0.0 where there is nothing to compare: a map-style dataset, fewer than two workers, or samples of equal cost.
    """
    workers, seen = timeline.scenario.loader.num_workers, timeline.observed
    if workers <= 1 or seen is None or not timeline.scenario.workload.iterable:
        return 0.0
    costs = [one for one in _costs(timeline) if one.size]
    size = min((one.size for one in costs), default=0)
    if len(costs) <= 1 or size < _FEWEST:
        return 0.0
    # A worker's first samples wait for what the process does for the first time.
    costs = [one[size // 8 : size] for one in costs]
    if min(one.std() / one.mean() if one.mean() else 0.0 for one in costs) < _VARIED:
        return 0.0
    return max(0.0, min(_rank_correlation(left, right) for left, right in pairwise(costs)))


def _costs(timeline: Timeline) -> list[NDArray[np.float64]]:
    """Return how long each worker's samples of the first epoch took, in the order read."""
    loads = timeline.of(Activity.LOAD)
    loads = loads[loads["epoch"] == loads["epoch"].min(initial=0)]
    rows = timeline.observed.samples if timeline.observed else np.zeros(0, SAMPLE)
    rows = rows[rows["epoch"] == 0]
    lane_of = {int(one["batch"]): int(one["lane"]) for one in loads}
    lanes = np.array([lane_of.get(int(batch), -1) for batch in rows["batch"]])
    found = []
    for lane in range(timeline.scenario.loader.num_workers):
        own = rows[lanes == lane]
        own = own[np.argsort(own["batch"], kind="stable")]
        found.append(own["wall_s"].astype(np.float64))
    return found


def _rank_correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    ranks = [np.argsort(np.argsort(one)).astype(np.float64) for one in (left, right)]
    matrix = np.corrcoef(ranks[0], ranks[1])
    return float(np.atleast_2d(matrix)[0, 1])
