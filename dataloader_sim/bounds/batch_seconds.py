"""Say what a full batch takes of each that handles it."""

from __future__ import annotations

from typing import NamedTuple

from dataloader_sim.costs import mean_factor
from dataloader_sim.scenario import Scenario


class BatchSeconds(NamedTuple):
    """Hold the seconds that a full batch takes of each that handles it; on a core, as long as one process needs for it.

    fetch: samples of ordinary cost, reading included. read, compute: blocked, and on a core with the collate, slow
    samples at their mean. locked: the part of compute under the interpreter's lock. pass_on: into shared memory and
    the queue. take, touch, pin, copy, launch, step: as in `Bounds`. receive: from the queue to the training process,
    by a pinning thread or by itself.
    """

    fetch: float
    read: float
    compute: float
    locked: float
    pass_on: float
    take: float
    receive: float
    touch: float
    pin: float
    copy: float
    launch: float
    step: float


def batch_seconds(scenario: Scenario, *, processes: bool) -> BatchSeconds:
    """Return what a batch takes; only worker processes pass it on."""
    work, machine = scenario.workload, scenario.machine
    # One process computes on one core at most.
    slow = 1.0 / min(1.0, machine.cores)
    factor = mean_factor(work)
    size = work.batch_size * work.sample_bytes
    compute = (work.batch_size * work.cpu_s * factor + work.collate_s) * slow
    take = (machine.get_s + work.tensors * machine.get_tensor_s) * slow if processes else 0.0
    touch = size / machine.touch_bytes_per_s * slow if processes else 0.0
    pin = size / machine.pin_bytes_per_s * slow if scenario.loader.pin_memory else 0.0
    return BatchSeconds(
        fetch=work.batch_size * (work.io_s + work.cpu_s * slow),
        read=work.batch_size * work.io_s * factor,
        compute=compute,
        locked=work.gil_share * compute,
        pass_on=(size / machine.shm_bytes_per_s + machine.put_s) * slow if processes else 0.0,
        take=take,
        receive=take + touch + pin if scenario.loader.pin_memory else take,
        touch=touch,
        pin=pin,
        copy=size / machine.h2d_bytes_per_s,
        launch=work.launch_s * slow,
        step=work.step_s,
    )
