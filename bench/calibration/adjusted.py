"""Bring into a calibration what a single trace shows of the run beside its costs, before changes are predicted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bench.calibration.calibration import Calibration
from bench.calibration.changes import Changes, at
from bench.calibration.quantity import Quantity, known
from dataloader_sim.observed import LOADED, Observed
from dataloader_sim.timeline import Activity, Timeline
from dataloader_sim.verdict.sharing import sharing
from dataloader_sim.verdict.traced_facts import PIPE_BYTES, QUICK

# An epoch is predicted this many times as long as what is loaded ahead in it, so that a short one does not seem fast.
TIMES_AHEAD = 8


def as_seen(calibration: Calibration, timeline: Timeline) -> Calibration:
    """Return the calibration with what workers share, what large messages cost, and what blocks workers at first."""
    if timeline.observed is None:
        return calibration
    return _with_init(_with_messages(_with_streams(calibration, timeline), timeline), timeline.observed)


def in_turn(timeline: Timeline | None) -> float:
    """Return the samples per second of a loop that loads without workers, if all took as long as in the trace.

    Loading and training then take turns. What handing batches over costs is left out, and so is waiting for a core;
    infinite without a trace.
    """
    if timeline is None or timeline.observed is None or not timeline.observed.loads.size:
        return math.inf
    loads, steps = timeline.observed.loads, timeline.of(Activity.STEP)
    seen = {name: np.nan_to_num(loads[name]) for name in ("fetch_s", "collate_s", "queued_s", "fetch_cpu_s")}
    computed_s = seen["fetch_cpu_s"] + np.nan_to_num(loads["collate_cpu_s"])
    load_s = np.maximum(computed_s, seen["fetch_s"] + seen["collate_s"] - seen["queued_s"])
    seconds = float(load_s.mean()) + (float((steps["end_s"] - steps["start_s"]).mean()) if steps.size else 0.0)
    return float(np.maximum(loads["samples"], 1).mean()) / seconds if seconds > 0 else math.inf


def _with_streams(calibration: Calibration, timeline: Timeline) -> Calibration:
    """Serve as many samples at once as the trace shows, so that all workers together fetch what they did.

    Where more runs told the streams already, they stay.
    """
    found = None if calibration.scenario.machine.storage_streams else sharing(timeline)
    if found is None:
        return calibration
    share, machine = found.served_s / found.blocked_s, calibration.scenario.machine
    scenario = replace(calibration.scenario, machine=replace(machine, storage_streams=found.streams))
    return _with(replace(calibration, scenario=scenario), "workload.io_s", lambda seconds: seconds * share)


def _with_messages(calibration: Calibration, timeline: Timeline) -> Calibration:
    """Let messages that fill the pipe cost what they did: what the machine was measured with is a few hundred bytes."""
    loads = timeline.observed.loads if timeline.observed else np.zeros(0, LOADED)
    gets = timeline.of(Activity.GET)
    if not gets.size or not loads.size or np.median(loads["message_bytes"]) <= PIPE_BYTES:
        return calibration
    get_s = float(np.quantile(gets["end_s"] - gets["start_s"], QUICK))
    put_s = float(np.nan_to_num(np.median(loads["put_s"])))
    others = [one for one in calibration.quantities if one.name not in {"machine.get_s", "machine.get_tensor_s"}]
    took = [known("machine.get_s", get_s, "trace", "large messages"), known("machine.get_tensor_s", 0.0, "trace")]
    whole = replace(calibration, quantities=(*others, *took))
    return _with(whole, "machine.put_s", lambda seconds: max(seconds, put_s))


def _with_init(calibration: Calibration, seen: Observed) -> Calibration:
    """Add to a worker's start what a worker_init_fn waits for; the simulator has it compute meanwhile."""
    boots = seen.boots
    if not boots.size:
        return calibration
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
