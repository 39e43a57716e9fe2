"""Take out of a traced run the numbers that tell its cause: each is seen in the trace, none is modelled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.observed import Observed
from dataloader_sim.timeline import Activity, Array
from dataloader_sim.verdict.case import Case

Floats = NDArray[np.float64]
# This share of the messages, the quickest, is taken to have met an idle worker.
QUICK = 0.1
# A pipe holds so much (pipe(7)): what is larger is written and read in turns by both sides.
PIPE_BYTES = 65_536


@dataclass(frozen=True, eq=False)
class Facts:
    """Hold what a traced run shows beside its spans; seconds are means of a batch unless said.

    Raises ValueError for a run that was not traced.
    """

    case: Case

    @property
    def seen(self) -> Observed:
        """Return what the trace observed."""
        if self.case.timeline.observed is None:
            raise ValueError("case must be a traced run, got one without `observed`")
        return self.case.timeline.observed

    def mean_s(self, name: str) -> float:
        """Return the mean of a column of `LOADED`, 0.0 where it was not seen."""
        values = self.seen.loads[name]
        values = values[~np.isnan(values)]
        return float(values.mean()) if values.size else 0.0

    def median(self, name: str) -> float:
        """Return the median of a column of `LOADED`, 0.0 where it was not seen."""
        values = self.seen.loads[name]
        values = values[values >= 0]
        return float(np.median(values)) if values.size else 0.0

    @property
    def load_s(self) -> float:
        """Return how long a load took."""
        return self.mean_s("fetch_s") + self.mean_s("collate_s")

    @property
    def work_s(self) -> float:
        """Return how long a load would have taken with a core whenever it was ready to run."""
        computed_s = self.mean_s("fetch_cpu_s") + self.mean_s("collate_cpu_s")
        return max(computed_s, self.load_s - self.mean_s("queued_s"))

    @property
    def collate_share(self) -> float:
        """Return the share of that work that is the collate's own."""
        return min(1.0, self.mean_s("collate_cpu_s") / self.work_s) if self.work_s else 0.0

    @property
    def queued_share(self) -> float:
        """Return the share of a load in which it was ready to run and had no core."""
        return min(1.0, self.mean_s("queued_s") / self.load_s) if self.load_s else 0.0

    @property
    def used_cores(self) -> float:
        """Return how many cores the run kept busy: its loads' processes and its training process."""
        per_batch_s = self.mean_s("process_cpu_s") + self.mean_s("put_s") + self.mean_s("body_cpu_s")
        return per_batch_s * self.case.rows.size / self.case.timeline.end_s

    @property
    def other_threads_s(self) -> float:
        """Return the processor time of a loading process's threads beside the fetching and the pickling one."""
        known = self.mean_s("fetch_cpu_s") + self.mean_s("collate_cpu_s") + self.mean_s("put_s")
        return max(0.0, self.mean_s("process_cpu_s") - known)

    @property
    def other_threads_share(self) -> float:
        """Return their share of the processor time of loading."""
        whole_s = self.mean_s("process_cpu_s")
        return self.other_threads_s / whole_s if whole_s else 0.0

    @cached_property
    def handing_s(self) -> tuple[float, float]:
        """Return what a batch's way to the training process costs its worker, and its receiver at the quickest.

        Most messages of a worker that computes take longer: it is too busy to answer, and the receiver waits.
        """
        gets = self.case.timeline.of(Activity.GET)
        get_s = float(np.quantile(gets["end_s"] - gets["start_s"], QUICK)) if gets.size else 0.0
        return self.median("put_s"), get_s

    @cached_property
    def stall_s(self) -> float:
        """Return how long the training process waited for a batch, over the whole run but its start."""
        rows = self.case.rows
        waits = rows["received_s"][1:] - rows["step_end_s"][:-1]
        return float(np.maximum(0.0, waits[~np.isnan(waits)]).sum()) / max(1, rows.size - 1)

    @cached_property
    def idle_share(self) -> float:
        """Return the share of the workers' time in which nothing was asked of them, from their first to last load."""
        idle_s = lasted_s = 0.0
        for own in self._by_worker:
            if own.size > 1:
                late_s = own["sent_s"][1:] - own["loaded_s"][:-1]
                idle_s += float(np.maximum(0.0, late_s[~np.isnan(late_s)]).sum())
                lasted_s += float(own["loaded_s"][-1] - own["load_start_s"][0])
        return idle_s / lasted_s if lasted_s > 0 else 0.0

    @cached_property
    def _by_worker(self) -> list[Array]:
        """Return each worker's batches in each epoch, in the order loaded."""
        rows = self.case.rows
        rows = rows[(rows["worker"] >= 0) & ~np.isnan(rows["loaded_s"])]
        rows = rows[np.lexsort((rows["load_start_s"], rows["worker"], rows["epoch"]))]
        if not rows.size:
            return []
        cuts = np.flatnonzero((np.diff(rows["worker"]) != 0) | (np.diff(rows["epoch"]) != 0)) + 1
        return list(np.split(rows, cuts))

    @property
    def waiting_bytes(self) -> float:
        """Return what the batches that may be outstanding at once take of /dev/shm."""
        return self.case.scenario.loader.capacity * self.median("tensor_bytes")

    @property
    def start_s(self) -> float:
        """Return how long the training process took to start a worker, the mean: pickling what it is given included."""
        spans = self.case.timeline.of(Activity.START)
        return float((spans["end_s"] - spans["start_s"]).mean()) if spans.size else 0.0
