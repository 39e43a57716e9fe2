"""Turn a scenario into the timeline that torch's protocol gives it."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np

from dataloader_sim import engine
from dataloader_sim.costs import costs
from dataloader_sim.scenario import LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity, Array, Timeline

# Fields that are accepted and checked but not simulated yet (issue 2 of 5 models them).
NOT_MODELLED: dict[type, tuple[str, ...]] = {
    Workload: ("epochs", "sample_bytes", "tensors", "launch_s", "synchronize", "dataset_bytes"),
    LoaderConfig: ("pin_memory", "persistent_workers", "in_order", "timeout", "multiprocessing_context"),
    Machine: (
        "ranks",
        "worker_spawn_s",
        "worker_boot_s",
        "worker_exit_s",
        "put_s",
        "get_s",
        "get_tensor_s",
        "shm_bytes_per_s",
        "touch_bytes_per_s",
        "pin_bytes_per_s",
        "h2d_bytes_per_s",
        "ram_bytes",
        "shm_bytes",
    ),
}


def not_modelled(scenario: Scenario) -> tuple[str, ...]:
    """Name the settings that are not at their default and not simulated yet, e.g. 'loader.in_order'."""
    named = (("workload", scenario.workload), ("loader", scenario.loader), ("machine", scenario.machine))
    return tuple(
        f"{part}.{item.name}"
        for part, owner in named
        for item in fields(owner)
        if item.name in NOT_MODELLED[type(owner)] and getattr(owner, item.name) != item.default
    )


def simulate(scenario: Scenario) -> Timeline:
    """Simulate one epoch; equal scenarios give equal timelines, bit for bit.

    Raises ValueError when the scenario has more samples than `costs.MOST_SAMPLES`.
    What the simulator does not use yet is named by `not_modelled`.
    """
    workload, loader = scenario.workload, scenario.loader
    drawn = costs(workload, scenario.seed)
    times = engine.run(
        engine.Job(
            io_s=drawn.io_s,
            cpu_s=drawn.cpu_s,
            collate_s=workload.collate_s,
            batches=workload.batches,
            batch_size=workload.batch_size,
            workers=loader.num_workers,
            capacity=loader.capacity,
            step_s=workload.step_s,
            cores=scenario.machine.cores,
            streams=float(scenario.machine.storage_streams) or math.inf,
        ),
    )
    return Timeline(scenario=scenario, source="simulated", spans=_spans(times, loader.num_workers))


def _spans(times: Array | Any, workers: int) -> Array:
    """Lay the engine's table of times out as spans, sorted by start; without workers no index is sent."""
    batch = np.arange(times.shape[1], dtype=np.int32)
    loader_lane = batch % workers if workers else MAIN
    parts = [
        _part(Activity.LOAD, loader_lane, times[engine.LOAD_START], times[engine.LOADED]),
        _part(Activity.RECEIVE, MAIN, times[engine.RECEIVED], times[engine.RECEIVED]),
        _part(Activity.STEP, GPU, times[engine.STEP_START], times[engine.STEP_END]),
    ]
    if workers:
        parts.append(_part(Activity.SEND, MAIN, times[engine.SENT], times[engine.SENT]))
    spans = np.concatenate(parts)
    return spans[np.lexsort((spans["batch"], spans["activity"], spans["start_s"]))]


def _part(activity: Activity, lane: Any, start_s: Any, end_s: Any) -> Array:
    part = np.zeros(start_s.size, SPAN)
    part["lane"], part["activity"] = lane, activity
    part["batch"] = np.arange(start_s.size)
    part["start_s"], part["end_s"] = start_s, end_s
    return part
