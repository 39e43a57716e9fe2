"""Let a simulated run look like a traced one: what a perfect tracer would have noted of it."""

from dataclasses import replace

import numpy as np

from dataloader_sim import simulate
from dataloader_sim.costs import costs
from dataloader_sim.observed import BOOTED, LOADED, SAMPLE, Observed
from dataloader_sim.timeline import Activity


def as_traced(scenario, *, samples=True):
    """Return the scenario's simulation as a trace; its cores must suffice, so that nobody waits for one.

    samples: whether the dataset fetches samples one by one.
    """
    timeline = simulate(scenario)
    observed = Observed(
        samples=_samples(scenario) if samples else np.zeros(0, SAMPLE),
        loads=_loads(scenario, timeline),
        boots=_boots(timeline),
    )
    return replace(timeline, source="measured", observed=observed)


def _samples(scenario):
    work, drawn = scenario.workload, costs(scenario.workload, scenario.seed)
    rows = np.zeros(work.samples, SAMPLE)
    rows["index"] = np.arange(work.samples)
    rows["batch"] = rows["index"] // work.batch_size
    rows["wall_s"], rows["cpu_s"] = drawn.io_s + drawn.cpu_s, drawn.cpu_s
    return rows


def _loads(scenario, timeline):
    work, drawn = scenario.workload, costs(scenario.workload, scenario.seed)
    rows = np.zeros(work.batches, LOADED)
    rows["batch"] = np.arange(work.batches)
    rows["samples"], rows["tensors"] = work.batch_size, work.tensors
    rows["tensor_bytes"] = work.sample_bytes * work.batch_size
    rows["fetch_cpu_s"] = drawn.cpu_s.reshape(work.batches, -1).sum(axis=1)
    rows["fetch_s"] = rows["fetch_cpu_s"] + drawn.io_s.reshape(work.batches, -1).sum(axis=1)
    loads = timeline.of(Activity.LOAD)
    loads = loads[np.argsort(loads["batch"])]
    rows["collate_s"] = rows["collate_cpu_s"] = loads["end_s"] - loads["start_s"] - rows["fetch_s"]
    rows["body_cpu_s"] = work.launch_s
    return rows


def _boots(timeline):
    spans = timeline.of(Activity.BOOT)
    rows = np.zeros(spans.size, BOOTED)
    rows["worker"], rows["cpu_s"] = spans["lane"], spans["end_s"] - spans["start_s"]
    return rows
