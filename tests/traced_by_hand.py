"""Traced runs written by hand: workers in turn, a step per batch, and what a trace would have observed."""

import numpy as np

from dataloader_sim import LoaderConfig, Machine, Scenario, Timeline, Workload
from dataloader_sim.observed import LOADED, SAMPLE, Observed
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity

SIZE = 4


def traced(*, workers=2, batches=40, load_s=0.04, step_s=0.005, asked_late_s=0.0, loads=None, walls=None, **settings):
    """Let each worker load one batch after the other, and the loop step on each as soon as it is there.

    loads: columns of `LOADED` that are not as for a batch that is blocked all the time. walls: seconds of each sample,
    shape (batches, SIZE). asked_late_s: how long a worker waits for its next index.
    """
    machine = {"cores": 2.0} | {name: settings.pop(name) for name in ("shm_bytes",) if name in settings}
    loader = {name: settings.pop(name) for name in ("prefetch_factor", "in_order") if name in settings}
    walls = np.full((batches, SIZE), load_s / SIZE) if walls is None else walls
    scenario = Scenario(
        workload=Workload(
            batches=batches, batch_size=SIZE, io_s=float(walls.mean()), cpu_s=0.0, step_s=step_s, **settings
        ),
        loader=LoaderConfig(num_workers=workers, **loader),
        machine=Machine(**machine),
    )
    free_s, ready_s, spans = np.zeros(workers), 0.0, []
    for batch, own_s in enumerate(walls.sum(axis=1)):
        worker = batch % workers
        sent = free_s[worker] + (asked_late_s if batch >= workers else 0.0)
        loaded = sent + own_s
        free_s[worker] = loaded
        received = max(loaded, ready_s)
        ready_s = received + step_s
        spans += [
            (0, MAIN, Activity.SEND, 0, batch, sent, sent),
            (0, worker, Activity.LOAD, 0, batch, sent, loaded),
            (0, MAIN, Activity.GET, 0, batch, received, received + (loads or {}).get("get_s", 0.0)),
            (0, MAIN, Activity.RECEIVE, 0, batch, received, received),
            (0, GPU, Activity.STEP, 0, batch, received, ready_s),
        ]
    return Timeline(
        scenario=scenario,
        source="measured",
        spans=np.array(spans, SPAN),
        observed=Observed(samples=samples(walls), loads=loaded_rows(walls, loads or {})),
    )


def samples(walls):
    rows = np.zeros(walls.size, SAMPLE)
    rows["batch"] = np.repeat(np.arange(len(walls)), SIZE)
    rows["index"], rows["wall_s"] = np.arange(walls.size), walls.ravel()
    return rows


def loaded_rows(walls, columns):
    rows = np.zeros(len(walls), LOADED)
    rows["batch"], rows["samples"], rows["tensors"] = np.arange(len(walls)), SIZE, 1
    rows["tensor_bytes"], rows["message_bytes"], rows["fetch_s"] = 4096, 345, walls.sum(axis=1)
    for name, value in columns.items():
        if name != "get_s":
            rows[name] = value
    return rows
