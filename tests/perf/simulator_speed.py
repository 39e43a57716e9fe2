"""Measure how many samples the simulator handles per second.

`python tests/perf/simulator_speed.py`: 5 interleaved rounds after one warm-up; prints medians with minimum and maximum.
"""

import time
from statistics import median

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, judge, metrics, simulate, sweep

ROUNDS = 5
LONG = Workload(batches=4000, batch_size=32, jitter=0.5)
CASES = {f"{workers} workers, {cores:g} cores": (workers, cores) for workers in (1, 4, 16) for cores in (64.0, 2.0)}


def long_run(workers, cores):
    scenario = Scenario(workload=LONG, loader=LoaderConfig(num_workers=workers), machine=Machine(cores=cores))
    return lambda: simulate(scenario)


def slider_drag():
    """Do what one drag on See it asks of the server: 17 runs, each with metrics and a verdict."""
    run = sweep(Scenario(workload=Workload(batches=48, jitter=0.5)), "loader.num_workers", range(17))
    return [(metrics(one), judge(one)) for one in run.timelines]


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main():
    actions = {name: long_run(*case) for name, case in CASES.items()} | {"slider drag": slider_drag}
    seconds = {name: [] for name in actions}
    for action in actions.values():
        action()
    for _ in range(ROUNDS):
        for name, action in actions.items():
            seconds[name].append(timed(action))
    for name, times in seconds.items():
        if name == "slider drag":
            shown = [1e3 * one for one in times]
            print(f"{name:24} {median(shown):8.1f} ms ({min(shown):.1f} to {max(shown):.1f}): 17 runs of 48 x 32")
        else:
            rates = [LONG.samples / one for one in times]
            print(f"{name:24} {median(rates):10,.0f} samples/s ({min(rates):,.0f} to {max(rates):,.0f})")


if __name__ == "__main__":
    main()
