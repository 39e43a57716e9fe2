"""Traces for the page's tests: a simulated run taken for a measured one, with what a trace tells beside it."""

import re
from dataclasses import replace

import numpy as np

from dataloader_sim import LoaderConfig, Machine, Scenario, Timeline, Workload, simulate
from dataloader_sim.costs import costs
from dataloader_sim.observed import BOOTED, LOADED, SAMPLE, TRANSFORMED, Observed
from dataloader_sim.timeline import SPAN, Activity

MACHINE = Machine(
    cores=8,
    worker_spawn_s=0.002,
    worker_boot_s=0.02,
    worker_exit_s=0.002,
    put_s=0.0002,
    get_s=0.0002,
    ram_bytes=2**34,
    shm_bytes=2**33,
)
SCENARIO = Scenario(
    workload=Workload(
        batches=24,
        batch_size=8,
        io_s=0.003,
        cpu_s=0.002,
        jitter=0.3,
        slow_every=100,
        step_s=0.012,
        collate_s=0.001,
    ),
    loader=LoaderConfig(num_workers=2),
    machine=MACHINE,
)
ORIGIN = {"machine_id": "abcd1234", "cpu": "one", "cores": "8", "python": "3.13.1", "torch": "2.13.0"}
SLOW_INDEX = 99


def traced(scenario=SCENARIO, *, steps=("Decode", "Crop"), **observed):
    """Return a measured timeline of a scenario; its sample number `SLOW_INDEX` is the slowest."""
    ran = simulate(scenario)
    loads = ran.of(Activity.LOAD)
    loads = loads[np.lexsort((loads["batch"], loads["epoch"]))]
    given = {
        "samples": _samples(loads, scenario),
        "boots": _boots(ran.of(Activity.BOOT)),
        "loads": _loads(loads, scenario.workload),
        "transforms": _transforms(loads, steps),
        "steps": tuple(steps),
        "origin": ORIGIN,
    }
    # The spans of a real run lie where they lie, so nothing of the simulator's memory is shared.
    spans = np.array(ran.spans, SPAN)
    seen = Observed(**{**given, **observed})
    return Timeline(scenario=scenario, source="measured", spans=spans, failure=ran.failure, observed=seen)


def changed(scenario=SCENARIO, *, loader=None, **workload):
    """Return the scenario with other values of the workload, and another loader."""
    return replace(scenario, workload=replace(scenario.workload, **workload), loader=loader or scenario.loader)


def words_of(app):
    """Return everything that an opened page says, as one text without markdown's escapes."""
    parts = (app.markdown, app.caption, app.info, app.warning, app.error, app.metric, app.code)
    said = [f"{getattr(one, 'label', '')} {one.value}" for kind in parts for one in kind]
    return re.sub(r"\\([\[\]*_$<>~\\])", r"\1", "\n".join(said))


def _samples(loads, scenario):
    workload, drawn = scenario.workload, costs(scenario.workload, scenario.seed)
    rows = np.zeros(loads.size * workload.batch_size, SAMPLE)
    for name in ("rank", "epoch", "batch"):
        rows[name] = np.repeat(loads[name], workload.batch_size)
    rows["index"] = np.tile(np.arange(workload.samples), workload.epochs)[: rows.size]
    rows["wall_s"], rows["cpu_s"] = (drawn.io_s + drawn.cpu_s)[rows["index"]], drawn.cpu_s[rows["index"]]
    return rows


def _boots(spans):
    rows = np.zeros(spans.size, BOOTED)
    rows["epoch"], rows["worker"], rows["cpu_s"] = spans["epoch"], spans["lane"], spans["end_s"] - spans["start_s"]
    return rows


def _loads(loads, workload):
    rows = np.zeros(loads.size, LOADED)
    for name in ("rank", "epoch", "batch"):
        rows[name] = loads[name]
    rows["samples"], rows["tensors"], rows["tensor_bytes"], rows["message_bytes"] = workload.batch_size, 2, 4096, 700
    rows["fetch_s"] = loads["end_s"] - loads["start_s"] - workload.collate_s
    rows["fetch_cpu_s"] = 0.4 * rows["fetch_s"]
    rows["collate_s"] = rows["collate_cpu_s"] = workload.collate_s
    rows["process_cpu_s"] = rows["fetch_cpu_s"] + rows["collate_cpu_s"]
    rows["put_s"], rows["body_cpu_s"] = 0.0002, np.nan
    return rows


def _transforms(loads, steps):
    rows = np.zeros(loads.size * len(steps), TRANSFORMED)
    for name in ("rank", "epoch", "batch"):
        rows[name] = np.repeat(loads[name], len(steps))
    rows["step"] = np.tile(np.arange(len(steps)), loads.size)
    rows["calls"], rows["wall_s"] = 8, 0.004 * (1 + rows["step"])
    return rows
