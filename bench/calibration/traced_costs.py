"""Calibrate each cost of a scenario from what one trace shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.calibration.observations import Observations, durations
from bench.calibration.quantity import Quantity, known, mean, middle
from dataloader_sim.scenario import Machine, Scenario
from dataloader_sim.timeline import Activity, Timeline

# Without the machine's own figure this share of the messages, the quickest, is taken to have met an idle worker.
_QUICK = 0.1
# A loop body that lasts this share of its step waited for it.
_COVERS = 0.9


def traced_costs(seen: Observations, host: Machine | None) -> list[Quantity]:
    """Return the quantities that a trace tells, with the machine's plumbing costs where the trace cannot."""
    return [
        mean("workload.io_s", seen.io_s, weights=seen.samples, note="neither computing nor waiting for a core"),
        mean("workload.cpu_s", seen.cpu_s, weights=seen.samples),
        _collate(seen, host),
        *_step(seen, host),
        *_handing_on(seen, host),
        *_starting(seen, host),
    ]


def gaps_in(seen: Observations) -> list[str]:
    """Return what a trace cannot tell, a sentence each."""
    notes = []
    if not seen.seen.samples.size:
        notes.append("The dataset fetches whole batches, so what single samples cost is not known: all count alike.")
    if seen.seen.partial:
        notes.append("The trace is partial: what is missing is not in the costs.")
    return notes


def machine_of(run: Timeline, host: Machine) -> Machine:
    """Return the host with the ranks of the run, and the sizes of memory that the run had."""
    had = run.scenario.machine
    return replace(host, ranks=had.ranks, ram_bytes=had.ram_bytes, shm_bytes=had.shm_bytes)


def with_values(scenario: Scenario, quantities: Sequence[Quantity], end: str = "value") -> Scenario:
    """Return the scenario with each quantity's 'value', 'low' or 'high' in its field."""
    for one in quantities:
        part, _, name = one.name.partition(".")
        value: Any = getattr(one, end)
        if isinstance(getattr(getattr(scenario, part), name), int):
            value = round(value)
        changed: dict[str, Any] = {part: replace(getattr(scenario, part), **{name: value})}
        scenario = replace(scenario, **changed)
    return scenario


def with_shapes(scenario: Scenario, seen: Observations) -> Scenario:
    """Return the scenario whose samples vary, and whose batches weigh, as the traced ones."""
    shapes: dict[str, Any] = {f"{name[:-2]}_factors": seen.factors(name) for name in ("io_s", "cpu_s")}
    size: dict[str, Any] = {"sample_bytes": round(seen.tensor_bytes), "tensors": seen.tensors}
    size["synchronize"] = waits_for_steps(seen)
    return replace(scenario, workload=replace(scenario.workload, jitter=0.0, slow_every=0, **size, **shapes))


def waits_for_steps(seen: Observations) -> bool:
    """Return whether the host waits for the accelerator in each loop body; without a GPU the body is the step."""
    bodies_s = durations(seen.timeline, Activity.LAUNCH)
    return not bodies_s.size or float(np.median(bodies_s)) >= _COVERS * float(np.median(seen.step_s))


def _batch_bytes(seen: Observations) -> float:
    return seen.tensor_bytes * float(np.median(seen.samples))


def _collate(seen: Observations, host: Machine | None) -> Quantity:
    """Return what a batch's collate costs beside the way into shared memory, which the machine's rate tells."""
    shared_s = _batch_bytes(seen) / host.shm_bytes_per_s if host is not None and not seen.loads_itself else 0.0
    return mean("workload.collate_s", seen.collate_s - shared_s)


def _step(seen: Observations, host: Machine | None) -> list[Quantity]:
    """Return the host's and the accelerator's part of a step.

    The first touch of a worker's batch lies in the loop body; the machine's rate tells it, and the model has it apart.
    """
    launches = durations(seen.timeline, Activity.LAUNCH)
    if launches.size:  # the accelerator's own time was measured
        step, body = middle("workload.step_s", seen.step_s), middle("workload.launch_s", launches)
        # Of a host that waits for its steps, what is longer than the step is the launch.
        waited_s = step.value if waits_for_steps(seen) else 0.0
        ends = {name: max(0.0, getattr(body, name) - waited_s) for name in ("low", "value", "high")}
        return [step, replace(body, **ends)]
    touch_s = _batch_bytes(seen) / host.touch_bytes_per_s if host is not None and not seen.loads_itself else 0.0
    body = mean("workload.step_s", seen.step_s)
    launch_s = max(0.0, min(seen.body_cpu_s, body.value) - touch_s)
    low, value, high = (max(0.0, end - touch_s - launch_s) for end in (body.low, body.value, body.high))
    return [
        replace(body, low=low, value=value, high=high),
        known("workload.launch_s", launch_s, "trace", "processor time in the loop body"),
    ]


def _handing_on(seen: Observations, host: Machine | None) -> list[Quantity]:
    """Return what a message costs on both sides; waiting for the lock of a busy worker is no work of the receiver."""
    found = [middle("machine.put_s", seen.gaps_s, "between two loads")] if seen.gaps_s.size else []
    if not seen.get_s.size:
        return found
    took = middle("machine.get_s", seen.get_s, "tensors included")
    if host is None:
        quick_s = float(np.quantile(seen.get_s, _QUICK))
        took = replace(
            took, value=quick_s, low=min(quick_s, took.low), note="the quickest: others wait for a busy worker"
        )
    elif host.get_s + host.get_tensor_s * seen.tensors < took.value:
        return [*found, known("machine.get_s", host.get_s, "machine", "the trace's waits for a busy worker left out")]
    return [*found, took, known("machine.get_tensor_s", 0.0, "trace", "in get_s")]


def _starting(seen: Observations, host: Machine | None) -> list[Quantity]:
    started, stopped = durations(seen.timeline, Activity.START), durations(seen.timeline, Activity.STOP)
    boots = seen.seen.boots["cpu_s"].astype(np.float64)
    found = [middle("machine.worker_spawn_s", started)] if started.size else []
    if boots.size:
        inherits = seen.timeline.scenario.loader.multiprocessing_context in (None, "fork")
        forked_s = host.worker_boot_s if host is not None and not inherits else 0.0
        found.append(middle(f"machine.worker_{'boot' if inherits else 'import'}_s", boots - forked_s))
    if stopped.size:
        found.append(middle("machine.worker_exit_s", stopped))
    return found
