"""Say a scenario in the engine's terms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.costs import MOST_SAMPLES, costs, is_uneven, read_only
from dataloader_sim.engine import at
from dataloader_sim.engine.run import Run
from dataloader_sim.engine.run import run as run_job
from dataloader_sim.engine.state import Job
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Scenario
from dataloader_sim.shards import cuts, delivered

# A child that inherits nothing reads the pickled dataset from a pipe of so many bytes, and only once it has booted:
# beyond that, Process.start() blocks until it has (measured; Linux's pipe holds 64 KiB).
PIPE_BYTES = 65_536
# All factors are read-only: numba compiles anew for an array that is not.
_ONE = read_only(np.ones((1, 1), np.float32))
_FAULTS = {"killed": at.KILL, "hangs": at.HANG, "raises": at.RAISE, "lost": at.LOSE}


def job(scenario: Scenario, *, details: bool) -> Job:
    """Return what the engine runs; `details`: whether it writes down the plumbing too.

    Raises ValueError when the run has too many samples or no batch.
    """
    workload, loader, machine = scenario.workload, scenario.loader, scenario.machine
    workers, processes = loader.num_workers, not scenario.threads
    samples = workload.samples * workload.epochs * machine.ranks
    if samples > MOST_SAMPLES:
        way_out = "use fewer batches, epochs or ranks, or a smaller batch_size"
        raise refuse("batches x batch_size x epochs x ranks", f"{MOST_SAMPLES:,} or less", samples, way_out)
    batches, _ = delivered(workload, loader)
    if batches == 0:
        way_out = (
            "no worker's part of the samples fills a batch; use fewer workers, a smaller batch_size, or no drop_last"
        )
        raise refuse("batches", "at least one batch that drop_last leaves", 0, way_out)
    values: dict[str, Any] = {
        "ranks": machine.ranks,
        "workers": workers,
        "capacity": loader.capacity,
        "epochs": workload.epochs,
        "batches": workload.batches,
        # A worker whose stream has ended leaves its credits unanswered.
        "tasks": batches + (loader.capacity + workers if workload.iterable else 0),
        "batch_size": workload.batch_size,
        "samples": workload.samples,
        "iterable": workload.iterable,
        "drop_last": loader.drop_last,
        "in_order": loader.in_order,
        "persistent": loader.persistent_workers,
        "processes": processes,
        "pinned": loader.pin_memory,
        "pins": loader.pin_memory and workers > 0,
        "synchronize": workload.synchronize,
        "timeout": loader.timeout,
        "step_s": workload.step_s,
        "launch_s": workload.launch_s,
        "fault": _FAULTS[scenario.fault.kind] if scenario.fault else at.NO_FAULT,
        "fault_batch": scenario.fault.batch if scenario.fault else 0,
        "rows": at.ROWS if details else at.ESSENTIAL,
    }
    plumbing = _plumbing(scenario)
    return Job(**values, **_loading(scenario), **plumbing, **_sharing(scenario, plumbing))


def run(asked: Job, scenario: Scenario, seed: int) -> Run:
    """Run a scenario's job with the sample costs of a seed."""
    return run_job(asked, _factor(scenario, seed), cuts(scenario.workload, asked.workers))


def _factor(scenario: Scenario, seed: int) -> NDArray[np.float32]:
    """Return what each sample costs, rank after rank, as `Costs.factor`; one number where all cost the same."""
    if not is_uneven(scenario.workload):
        return _ONE
    drawn = [costs(scenario.workload, seed, rank).factor for rank in range(scenario.machine.ranks)]
    return drawn[0] if len(drawn) == 1 else read_only(np.concatenate(drawn, axis=1))


def _loading(scenario: Scenario) -> dict[str, Any]:
    """Return what a sample and a collate cost, under the interpreter's lock and not."""
    workload = scenario.workload
    locked = scenario.threads and scenario.loader.num_workers > 0 and not scenario.machine.free_threaded
    held = workload.gil_share if locked else 0.0
    return {
        "uneven": is_uneven(workload),
        "locked": locked,
        "io_s": workload.io_s,
        "cpu_s": workload.cpu_s * (1.0 - held),
        "cpu_locked_s": workload.cpu_s * held,
        "collate_s": workload.collate_s * (1.0 - held),
        "collate_locked_s": workload.collate_s * held,
    }


def _plumbing(scenario: Scenario) -> dict[str, Any]:
    """Return what it costs to have workers; threads and the training process itself pass batches on for nothing."""
    machine, size, loader = scenario.machine, scenario.workload.sample_bytes, scenario.loader
    passes = loader.num_workers > 0 and not scenario.threads
    inherits = loader.multiprocessing_context in (None, "fork")
    touch_s = size / machine.touch_bytes_per_s if passes else 0.0
    pin_s = size / machine.pin_bytes_per_s if loader.pin_memory else 0.0
    return {
        "spawn_s": machine.worker_spawn_s,
        "boot_s": machine.worker_boot_s + (0.0 if inherits else machine.worker_import_s),
        "exit_s": machine.worker_exit_s,
        "serial_start": not inherits and scenario.workload.dataset_bytes > PIPE_BYTES,
        "put_s": machine.put_s if passes else 0.0,
        "get_s": machine.get_s if passes else 0.0,
        "get_tensors_s": machine.get_tensor_s * scenario.workload.tensors if passes else 0.0,
        "share_sample_s": size / machine.shm_bytes_per_s if passes else 0.0,
        "touch_sample_s": 0.0 if loader.pin_memory else touch_s,
        "pin_sample_s": touch_s + pin_s if loader.pin_memory else 0.0,
        "copy_sample_s": size / machine.h2d_bytes_per_s,
    }


def _sharing(scenario: Scenario, plumbing: dict[str, Any]) -> dict[str, Any]:
    """Return the shared resources; one of which there is always enough is not shared, which changes no time."""
    machine, workers = scenario.machine, scenario.loader.num_workers
    streams = float(machine.storage_streams) or math.inf
    at_once = machine.ranks * (workers + (scenario.loader.pin_memory + _main_computes(scenario, plumbing)))
    return {
        "cores": machine.cores,
        "streams": streams,
        "read_on": at.WALL if streams >= machine.ranks * max(workers, 1) else at.STORAGE,
        "compute_on": at.WALL if machine.cores >= max(at_once, machine.ranks) else at.CORES,
    }


def _main_computes(scenario: Scenario, plumbing: dict[str, Any]) -> bool:
    """Return whether the training process needs a core beside its workers'."""
    seconds = ("spawn_s", "exit_s", "get_s", "get_tensors_s", "touch_sample_s")
    return scenario.workload.launch_s > 0 or any(plumbing[name] > 0 for name in seconds)
