"""Bring into a calibration what a single trace shows of the run beside its costs, before changes are predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bench.calibration.calibrate import Calibration
from bench.calibration.changes import Changes, at
from bench.calibration.quantity import Quantity
from dataloader_sim.timeline import Timeline
from dataloader_sim.verdict.sharing import sharing

# An epoch is predicted this many times as long as what is loaded ahead in it, so that a short one does not seem fast.
TIMES_AHEAD = 8


def as_seen(calibration: Calibration, timeline: Timeline | None) -> Calibration:
    """Return the calibration with what the workers share, and with what blocks them before their first batch."""
    if timeline is None:
        return calibration
    return _with_init(_with_streams(calibration, timeline), timeline)


def _with_streams(calibration: Calibration, timeline: Timeline) -> Calibration:
    """Serve as many samples at once as the trace shows, each as fast as while few workers loaded.

    Where more runs told the streams already, they stay.
    """
    found = None if calibration.scenario.machine.storage_streams else sharing(timeline)
    if found is None:
        return calibration
    share, machine = found.few_s / found.many_s, calibration.scenario.machine
    scenario = replace(calibration.scenario, machine=replace(machine, storage_streams=found.streams))
    return _with(replace(calibration, scenario=scenario), "workload.io_s", lambda seconds: seconds * share)


def _with_init(calibration: Calibration, timeline: Timeline) -> Calibration:
    """Add to a worker's start what a worker_init_fn waits for; the simulator has it compute meanwhile."""
    if timeline.observed is None or not timeline.observed.boots.size:
        return calibration
    boots = timeline.observed.boots
    blocked_s = max(0.0, float(np.nan_to_num(np.median(boots["init_s"] - boots["cpu_s"]))))
    return _with(calibration, "machine.worker_boot_s", lambda seconds: seconds + blocked_s)


def _with(calibration: Calibration, name: str, change: Callable[[float], float]) -> Calibration:
    quantities = tuple(_changed(one, change) if one.name == name else one for one in calibration.quantities)
    return replace(calibration, quantities=quantities)


def _changed(one: Quantity, change: Callable[[float], float]) -> Quantity:
    return replace(one, value=change(one.value), low=change(one.low), high=change(one.high))


def long_enough(calibration: Calibration, changes: Sequence[Changes]) -> Calibration:
    """Return the calibration with one epoch in which batches loaded ahead at the start count little.

    Where several epochs were traced their starts are part of what is predicted, and each is as long as it was.
    """
    work = calibration.scenario.workload
    most = max((at(calibration.scenario, one).loader.capacity for one in changes), default=0)
    if work.epochs > 1 or work.batches >= TIMES_AHEAD * most:
        return calibration
    workload = replace(work, batches=TIMES_AHEAD * most)
    return replace(calibration, scenario=replace(calibration.scenario, workload=workload))
