"""Say what to simulate beside a measured run, so that the two can be drawn in one picture."""

from __future__ import annotations

import math
from dataclasses import replace

from bench.runs.records import Run
from dataloader_sim.scenario import Machine, Scenario
from dataloader_sim.timeline import Timeline

# A steady rate needs no more, however long the run was.
MOST_BATCHES = 400
MOST_SAMPLES = 100_000
# Exactly equal samples keep simulated workers in step, all reading and then all computing, which shared cores punish
# and no real machine does for long: 8 workers on 2 cores came out at 1,000 samples/s so, measured at 1,340.
LEAST_JITTER = 0.05
# Below this many counts every one between the measured ones is simulated too.
FEW_WORKERS = 16


def scenario(run: Run, measured: Timeline | None, host: Machine | None = None) -> Scenario | None:
    """Return the run's scenario on the cores of its machine; the number of batches is cut where it is large.

    measured: a timeline at the run's smallest num_workers. A jpeg run takes the costs of a sample from it, so without
    one there is nothing to simulate: None. host: what torch's plumbing costs on the machine of the run; None: nothing.
    Raises ValueError when another release wrote the run.
    """
    spec = run.spec
    if spec.workload == "emulated":
        workload = spec.base.workload
    elif measured is not None:
        workload = measured.scenario.workload
    else:
        return None
    batches = max(1, min(workload.batches, MOST_BATCHES, MOST_SAMPLES // workload.batch_size))
    return replace(
        spec.base,
        workload=replace(
            workload,
            batches=batches,
            epochs=1,
            sample_bytes=workload.sample_bytes if host else 0,
            jitter=max(workload.jitter, LEAST_JITTER),
        ),
        machine=_machine(run, measured, host),
    )


def _machine(run: Run, measured: Timeline | None, host: Machine | None) -> Machine:
    if host is None:
        return Machine(cores=_cores(run, measured))
    # A measured cost of a sample has the way into shared memory in it.
    rate = host.shm_bytes_per_s if run.spec.workload == "emulated" else math.inf
    return replace(host, cores=min(host.cores, _cores(run, measured)), shm_bytes_per_s=rate)


def num_workers(run: Run) -> tuple[int, ...]:
    """Return the worker counts to simulate: all between the measured ones, or just those when they are many."""
    values = run.spec.num_workers
    return tuple(range(values[0], values[-1] + 1)) if values[-1] <= FEW_WORKERS else values


def _cores(run: Run, measured: Timeline | None) -> float:
    if measured is not None:
        return measured.scenario.machine.cores
    written = run.machine.get("cores", "")
    return float(written) if written else run.spec.base.machine.cores
