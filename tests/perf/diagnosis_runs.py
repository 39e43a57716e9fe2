"""Run the loaders of `diagnosis_loaders.py` for real: traced once, untraced before and after a change."""

import time
import warnings
from dataclasses import replace

import numpy as np
from diagnosis_loaders import Case
from prediction_child import machine_s, own_cpu_s

from bench.tracing.trace import trace
from dataloader_sim import LoaderConfig, Scenario, Workload
from dataloader_sim.metrics import Window, samples_per_s, steps_before_window

# torch's, about more workers than cores; some cases mean to have them.
warnings.filterwarnings("ignore", message="This DataLoader will create")
MOST_REPEATS, DISTURBED_CORES = 2, 0.10


def traced(case: Case):
    """Return the timeline of a case as it is, and how many cores other programs used meanwhile."""

    def once():
        loader = case.loader()
        with trace(loader) as run:
            train(loader, case)
        return run.timeline

    timeline, others = quietest(once)
    if case.shm_bytes:
        machine = replace(timeline.scenario.machine, shm_bytes=case.shm_bytes)
        timeline = replace(timeline, scenario=replace(timeline.scenario, machine=machine))
    return timeline, others


def rate(case: Case, changes=()):
    """Return the samples per second of a case with some arguments changed, repeats not counted, and the others' use."""

    def once():
        return train(case.loader(changes), case)

    steps, others = quietest(once)
    workers = dict(case.options | dict(changes))["num_workers"]
    scenario = Scenario(
        workload=Workload(batches=len(steps), batch_size=case.batch_size), loader=LoaderConfig(num_workers=workers)
    )
    window = Window(np.array(steps), steps_before_window(len(steps), max(workers, 1)))
    return samples_per_s(scenario, window) * case.distinct, others


def train(loader, case):
    """Return when each step ended, in seconds since the loop began."""
    steps, start_s = [], time.perf_counter()
    for _ in range(case.epochs):
        for batch in loader:
            case.step(batch)
            steps.append(time.perf_counter() - start_s)
    return steps


def quietest(action):
    """Repeat what other programs disturbed, and return the quietest result with the cores that others used."""
    tries = []
    for _ in range(1 + MOST_REPEATS):
        before_s, own_s, at_s = machine_s(), own_cpu_s(), time.perf_counter()
        result = action()
        used_s = (machine_s() - before_s) - (own_cpu_s() - own_s)
        tries.append((max(0.0, used_s) / (time.perf_counter() - at_s), result))
        if tries[-1][0] <= DISTURBED_CORES:
            break
    others, result = min(tries, key=lambda one: one[0])
    return result, others
