"""Gather what a verdict goes by: the run, its metrics, its bounds, and where the accelerators' time went."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.bounds import Bounds
from dataloader_sim.metrics import Metrics, steps_before_window, together
from dataloader_sim.scenario import Scenario
from dataloader_sim.timeline import MAIN, Activity, Array, Timeline


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Say what the accelerators waited for while no step ran, in seconds of the metrics' window, mean of the ranks.

    window_s: how long the window lasts. stall_s: waiting for a batch. starts_s: for the first batch of an epoch after
    the first one. host_s: a batch was there, and its first touch, copy and launch not done. ranks_s: for the step of
    another rank.
    """

    window_s: float
    stall_s: float
    starts_s: float
    host_s: float
    ranks_s: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hold one run that a verdict is reached on.

    rows: its `Timeline.batches()`. limit: its bounds, with the knee of a sweep where one is known (`swept`).
    """

    timeline: Timeline
    rows: Array
    seen: Metrics
    limit: Bounds
    swept: bool

    @property
    def scenario(self) -> Scenario:
        """Return what was run."""
        return self.timeline.scenario

    @property
    def workers(self) -> int:
        """Return num_workers."""
        return self.scenario.loader.num_workers

    @cached_property
    def loads_s(self) -> NDArray[np.float64]:
        """Return how long each batch took to load, in the order received; 0.0 for one whose load was not seen."""
        seconds: NDArray[np.float64] = np.nan_to_num(self.rows["loaded_s"] - self.rows["load_start_s"])
        return seconds

    @cached_property
    def loaded_per_s(self) -> float:
        """Return how many samples per second all loaders load, as long as their loads took in this run."""
        return self.as_fast_as(float(self.loads_s.mean()))

    def as_fast_as(self, load_s: float) -> float:
        """Return how many samples per second the loaders of all ranks load when each takes `load_s` for a batch."""
        samples = max(self.workers, 1) * self.scenario.machine.ranks * self.scenario.workload.batch_size
        return samples / load_s if load_s > 0 else math.inf

    @cached_property
    def of_workers(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return how many batches each worker of rank 0 loaded in the first epoch, and its mean time for one."""
        own = (self.rows["rank"] == 0) & (self.rows["epoch"] == 0) & (self.rows["worker"] >= 0)
        worker = self.rows["worker"][own]
        counts = np.bincount(worker, minlength=self.workers)
        sums = np.bincount(worker, weights=self.loads_s[own], minlength=self.workers)
        return counts, sums / np.maximum(counts, 1)

    @cached_property
    def losses(self) -> Losses:
        """Return what the accelerators waited for; where a wait has several causes, it is the earliest's."""
        ranks = [self.rows[self.rows["rank"] == one] for one in range(self.scenario.machine.ranks)]
        whole = together([one["step_end_s"] for one in ranks])
        before = steps_before_window(whole.size, max(self.workers, 1))
        free = np.concatenate(([0.0], whole[:-1]))
        epoch = ranks[0]["epoch"]
        # Without workers every batch is loaded alike, the first of an epoch too.
        opens = (np.concatenate(([False], epoch[1:] > epoch[:-1])) & (self.workers > 0))[before:]
        parts = np.zeros(4)
        for one in ranks:
            stall = np.maximum(0.0, one["received_s"] - free)[before:]
            host = np.maximum(0.0, one["step_start_s"] - np.maximum(one["received_s"], free))[before:]
            parts += (stall[~opens].sum(), stall[opens].sum(), host.sum(), (whole - one["step_end_s"])[before:].sum())
        stall_s, starts_s, host_s, ranks_s = (parts / len(ranks)).tolist()
        window_s = float(whole[-1] - (whole[before - 1] if before else 0.0))
        return Losses(window_s=window_s, stall_s=stall_s, starts_s=starts_s, host_s=host_s, ranks_s=ranks_s)

    def per_batch_s(self, activity: Activity) -> float:
        """Return how long an activity took per batch in the training process, or a copy in its GPU's lane."""
        spans = self.timeline.of(activity)
        spans = spans[(spans["lane"] != MAIN) == (activity == Activity.COPY)]
        return float((spans["end_s"] - spans["start_s"]).sum()) / self.rows.size

    @cached_property
    def between_epochs_s(self) -> float:
        """Return the mean time from an epoch's last step to the next one's first load: nothing is done in it."""
        rows = self.rows[self.rows["rank"] == 0]
        epochs = int(rows["epoch"].max()) + 1
        gaps = [
            rows["load_start_s"][rows["epoch"] == one].min() - rows["step_end_s"][rows["epoch"] == one - 1].max()
            for one in range(1, epochs)
        ]
        return max(0.0, float(np.mean(gaps))) if gaps else 0.0
