"""Take out of a traced timeline what each batch and each sample cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.observed import Array, Observed
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import MOST_FACTORS
from dataloader_sim.timeline import MAIN, Activity, Timeline

Floats = NDArray[np.float64]
# Of fewer batches all are used; else the first one of each worker is left out, in which caches fill and modules load.
FEWEST_STEADY = 8


@dataclass(frozen=True, eq=False)
class Observations:
    """Hold the costs that one trace shows; arrays have a value per steady batch unless said, NaN for what was not seen.

    Raises ValueError for a timeline that is no trace, and for one in which no batch was loaded.
    """

    timeline: Timeline

    def __post_init__(self) -> None:
        """Check that there is something to calibrate from."""
        if self.timeline.observed is None:
            way_out = "record it with `with trace(loader)` or `dataloader-lab trace script.py`"
            raise refuse("timeline", "a traced run", self.timeline.source, way_out)
        if not self._loads.size:
            raise refuse("timeline", "a trace of at least one loaded batch", 0, "let the loop run for some batches")

    @property
    def seen(self) -> Observed:
        """Return what the trace observed beside its spans."""
        if self.timeline.observed is None:
            raise AssertionError
        return self.timeline.observed

    @property
    def _loads(self) -> Array:
        rows: Array = self.seen.loads
        return rows[np.lexsort((rows["batch"], rows["epoch"]))]

    @cached_property
    def loads(self) -> Array:
        """Return the rows of `LOADED` of the steady batches, by epoch and batch."""
        rows = self._loads
        steady = ~np.isin(keys(rows), self._first_of_workers)
        chosen: Array = rows[steady] if steady.sum() >= FEWEST_STEADY else rows
        return chosen

    @cached_property
    def _first_of_workers(self) -> NDArray[np.int64]:
        spans = self.timeline.of(Activity.LOAD)
        _, first = np.unique(spans["epoch"].astype(np.int64) * 4096 + spans["lane"], return_index=True)
        return keys(spans[first])

    @property
    def samples(self) -> Floats:
        """Return how many samples each batch has."""
        counts: Floats = np.maximum(self.loads["samples"], 1).astype(np.float64)
        return counts

    @cached_property
    def cpu_s(self) -> Floats:
        """Return the processor time that a sample of each batch took on average."""
        per_sample: Floats = self.loads["fetch_cpu_s"] / self.samples
        return per_sample

    @property
    def busy_s(self) -> Floats:
        """Return what a sample of each batch took on a core or waiting for one, its share of the collate included."""
        rows = self.loads
        busy: Floats = (rows["fetch_cpu_s"] + rows["collate_s"] + np.nan_to_num(rows["queued_s"])) / self.samples
        return busy

    @cached_property
    def io_s(self) -> Floats:
        """Return how long a sample of each batch was blocked on average: neither computing nor waiting for a core."""
        rows = self.loads
        blocked = rows["fetch_s"] - rows["fetch_cpu_s"] - np.nan_to_num(rows["queued_s"])
        per_sample: Floats = np.maximum(blocked, 0.0) / self.samples
        return per_sample

    @property
    def collate_s(self) -> Floats:
        """Return the processor time of each batch's collate."""
        cpu_s: Floats = self.loads["collate_cpu_s"]
        return cpu_s

    @property
    def tensor_bytes(self) -> float:
        """Return the bytes of tensors in a sample, the median of the batches; 0.0 when unknown."""
        each = self.loads["tensor_bytes"] / self.samples
        return float(np.median(each)) if (each > 0).all() else 0.0

    @property
    def tensors(self) -> int:
        """Return how many tensors a batch holds, at least 1."""
        return max(1, int(np.median(self.loads["tensors"])))

    @cached_property
    def gaps_s(self) -> Floats:
        """Return the worker's time between two loads when the next index was there already; empty without workers."""
        rows = self.timeline.batches()
        rows = rows[(rows["worker"] >= 0) & ~np.isnan(rows["loaded_s"])]
        rows = rows[np.lexsort((rows["load_start_s"], rows["worker"], rows["epoch"]))]
        same = (np.diff(rows["worker"]) == 0) & (np.diff(rows["epoch"]) == 0)
        waited = rows["sent_s"][1:] < rows["loaded_s"][:-1]
        gaps: Floats = (rows["load_start_s"][1:] - rows["loaded_s"][:-1])[same & waited]
        return gaps

    @property
    def get_s(self) -> Floats:
        """Return how long each message took to be taken over; empty without workers."""
        return durations(self.timeline, Activity.GET)

    @property
    def step_s(self) -> Floats:
        """Return the length of each step but the first."""
        steps = durations(self.timeline, Activity.STEP)
        return steps[1:] if steps.size > 1 else steps

    @property
    def body_cpu_s(self) -> float:
        """Return the training process's processor time in a loop body, the median; 0.0 when unknown."""
        seen = self.loads["body_cpu_s"]
        seen = seen[~np.isnan(seen)]
        return float(np.median(seen)) if seen.size else 0.0

    def factors(self, name: str) -> tuple[float, ...]:
        """Return the shape of the samples' costs in the order of the first epochs: `io_s` or `cpu_s` over its mean.

        Samples of a worker's first batch count as average ones. Empty when samples were not fetched one by one, and
        when the cost is too small to tell.
        """
        rows = self.seen.samples
        rows = rows[np.lexsort((rows["batch"], rows["epoch"]))][:MOST_FACTORS]
        cost = rows["cpu_s"].astype(np.float64)
        if name == "io_s":
            cost = np.maximum(rows["wall_s"] - cost - self._queued_per_sample(rows), 0.0)
        warm = ~np.isin(keys(rows), self._first_of_workers)
        if not warm.any() or cost[warm].mean() < SHORTEST_S:
            return ()
        factors = np.where(warm, cost / cost[warm].mean(), 1.0)
        return tuple(float(one) for one in np.round(factors / factors.mean(), 5))

    def _queued_per_sample(self, rows: Array) -> Floats:
        """Return what a batch waited for a core, spread over its samples."""
        of = self._loads
        order = np.argsort(keys(of), kind="stable")
        found = order[np.minimum(np.searchsorted(keys(of)[order], keys(rows)), of.size - 1)]
        share: Floats = np.nan_to_num(of["queued_s"][found]) / np.maximum(of["samples"][found], 1)
        return share

    @property
    def loads_itself(self) -> bool:
        """Return whether the training process loads: num_workers is 0."""
        return bool((self.timeline.of(Activity.LOAD)["lane"] == MAIN).all())


# A mean cost below this is a clock's resolution and a call, not the dataset's.
SHORTEST_S = 2e-6


def keys(rows: Array) -> NDArray[np.int64]:
    """Return one number for each row's epoch and batch."""
    return (rows["epoch"].astype(np.int64) << 32) | rows["batch"].astype(np.int64)


def durations(timeline: Timeline, activity: Activity) -> Floats:
    """Return how long each span of an activity lasted, in the order of their starts."""
    spans = timeline.of(activity)
    lengths: Floats = spans["end_s"] - spans["start_s"]
    return lengths
