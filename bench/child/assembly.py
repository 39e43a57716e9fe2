"""Turn what one trial noted into a measured Timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.scenario import Scenario
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity, Array

# Columns of recording.Loads.table and of consumer.TrainingLoop.log.
WORKER, LOAD_START, LOADED, LOAD_CPU, FIRST, SAMPLES = range(6)
ENTERED, RECEIVED, STEP_START, STEP_END = range(4)

Nanoseconds = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Hold what a trial noted, times in ns of one clock.

    start_ns: the first `iter(loader)`. loads: `recording.Loads.table`, and sent_ns, by run-wide task number; 0: never.
    firsts, log: of `consumer.TrainingLoop`, a row per batch in the order handed over.
    """

    start_ns: int
    loads: Nanoseconds
    sent_ns: Nanoseconds
    firsts: Nanoseconds
    log: Nanoseconds

    @property
    def order(self) -> Nanoseconds:
        """Return the task of each batch in the order handed over."""
        loaded = np.flatnonzero(self.loads[:, LOADED])
        by_first = loaded[np.argsort(self.loads[loaded, FIRST])]
        return by_first[np.searchsorted(self.loads[by_first, FIRST], self.firsts)]


def spans(scenario: Scenario, noted: Noted) -> Array:
    """Lay one trial out as spans sorted by start, in seconds since its start.

    A RECEIVE starts when the batch was both loaded and wanted; without workers no index is sent. A batch of an
    iterable dataset has its task's number.
    """
    loads, order, log = noted.loads, noted.order, noted.log
    loaded, sent = np.flatnonzero(loads[:, LOADED]), np.flatnonzero(noted.sent_ns)
    receive_ns = np.maximum(log[:, ENTERED], loads[order, LOADED])
    parts = [
        (Activity.LOAD, loads[loaded, WORKER], loaded, loads[loaded, LOAD_START], loads[loaded, LOADED]),
        (Activity.RECEIVE, MAIN, order, receive_ns, log[:, RECEIVED]),
        (Activity.STEP, GPU, order, log[:, STEP_START], log[:, STEP_END]),
    ]
    if scenario.loader.num_workers:
        parts.append((Activity.SEND, MAIN, sent, noted.sent_ns[sent], noted.sent_ns[sent]))
    table = np.zeros(sum(numbers.size for _, _, numbers, _, _ in parts), SPAN)
    at = 0
    for activity, lane, numbers, from_ns, to_ns in parts:
        rows = table[at : at + numbers.size]
        rows["activity"], rows["lane"] = activity, lane
        rows["epoch"], rows["batch"] = np.divmod(numbers, loads.shape[0] // scenario.workload.epochs)
        rows["start_s"], rows["end_s"] = (from_ns - noted.start_ns) / 1e9, (to_ns - noted.start_ns) / 1e9
        at += numbers.size
    return table[np.lexsort((table["batch"], table["activity"], table["start_s"]))]


def with_measured_costs(scenario: Scenario, loads: Nanoseconds, sample_bytes: int) -> Scenario:
    """Return the scenario with the mean cost of a sample that the loads show, collating included.

    cpu_s is processor time of the loading thread. io_s is the rest of the time on the clock; with more workers
    than cores that rest is mostly waiting for a core, cannot be told apart, and is left out. So the costs
    describe the dataset well when measured with few workers on a quiet machine.
    """
    samples = int(loads[:, SAMPLES].sum())
    cpu_s = float(loads[:, LOAD_CPU].sum()) / 1e9 / samples
    wall_s = float((loads[:, LOADED] - loads[:, LOAD_START]).sum()) / 1e9 / samples
    blocked = scenario.loader.num_workers <= scenario.machine.cores
    workload = replace(
        scenario.workload,
        cpu_s=cpu_s,
        io_s=max(0.0, wall_s - cpu_s) if blocked else 0.0,
        collate_s=0.0,
        jitter=0.0,
        slow_every=0,
        sample_bytes=sample_bytes,
        tensors=2,
    )
    return replace(scenario, workload=workload)
