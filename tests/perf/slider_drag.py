"""Measure what the server does at one drag of a slider on See it.

`python tests/perf/slider_drag.py`: 17 values of num_workers, 64 batches of 32 samples, jitter 0.5, 16 seeds for the
band, metrics and verdict of the 17 runs shown; 30 drags per machine in turn, each of a scenario not seen before; prints
milliseconds on the clock, and of CPU time, which other programs lengthen less. The goal is 50 ms.
"""

import gc
import time
from dataclasses import replace
from statistics import median

from dataloader_sim import Machine, Scenario, Workload, judge, sweep

DRAGS = 30
GOAL_MS = 50.0
AXIS, VALUES, SEEDS = "loader.num_workers", range(17), 16
WORK = Workload(batches=64, batch_size=32, jitter=0.5)
FULL_WORK = replace(WORK, collate_s=0.003, sample_bytes=600_000, launch_s=0.002, synchronize=False)
PLUMBING = Machine(
    cores=8,
    worker_spawn_s=0.009,
    worker_boot_s=0.012,
    worker_exit_s=0.003,
    put_s=0.001,
    get_s=0.0005,
    get_tensor_s=0.0002,
    shm_bytes_per_s=1.2e9,
    touch_bytes_per_s=1.25e9,
    pin_bytes_per_s=8e9,
    h2d_bytes_per_s=12e9,
    storage_streams=8,
)


def dragged(machine, work, step_s, seed):
    """Return the scenario that a drag of the step time arrives at; another seed keeps any cache from answering."""
    return Scenario(workload=replace(work, step_s=step_s), machine=machine, seed=seed)


def drag(scenario):
    run = sweep(scenario, AXIS, VALUES, seeds=SEEDS)
    return run.metrics, [judge(one, run.knee) for one in run.timelines]


CASES = {
    "8 cores": (Machine(cores=8), WORK),
    "2 cores": (Machine(cores=2), WORK),
    "8 cores, all plumbing": (PLUMBING, FULL_WORK),
    "2 cores, all plumbing": (replace(PLUMBING, cores=2), FULL_WORK),
}


def timed_ms(scenario):
    gc.collect()
    clock, cpu = time.perf_counter(), time.process_time()
    drag(scenario)
    return 1e3 * (time.perf_counter() - clock), 1e3 * (time.process_time() - cpu)


def main():
    took = {name: [] for name in CASES}
    for number in range(DRAGS + 1):  # the first warms up
        for name, (machine, work) in CASES.items():
            took[name].append(timed_ms(dragged(machine, work, 0.020 + 0.001 * number, 1000 * number)))
    for name, times in took.items():
        for kind, ms in zip(("on the clock", "of CPU time"), zip(*times[1:], strict=True), strict=True):
            within = "within" if median(ms) <= GOAL_MS else "over"
            spread = f"{median(ms):6.1f} ms ({min(ms):.1f} to {max(ms):.1f}, n={len(ms)})"
            print(f"{name:24} {spread:36} {kind}: {within} {GOAL_MS:g} ms")


if __name__ == "__main__":
    main()
