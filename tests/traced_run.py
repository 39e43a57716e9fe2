"""A traced run written by hand: two workers, a put that overlaps the next load, everything observed."""

import numpy as np

from dataloader_sim.observed import BOOTED, LOADED, SAMPLE, TRANSFORMED, Observed
from dataloader_sim.scenario import LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity, Timeline

A = Activity
ROWS = [
    (0, MAIN, A.START, 0, 0, 0.000, 0.010),
    (0, MAIN, A.START, 0, 1, 0.010, 0.020),
    (0, 0, A.BOOT, 0, 0, 0.010, 0.030),
    (0, 1, A.BOOT, 0, 1, 0.020, 0.040),
    (0, MAIN, A.SEND, 0, 0, 0.021, 0.021),
    (0, MAIN, A.SEND, 0, 1, 0.022, 0.022),
    (0, MAIN, A.SEND, 0, 2, 0.023, 0.023),
    (0, 0, A.LOAD, 0, 0, 0.030, 0.080),
    (0, 1, A.LOAD, 0, 1, 0.040, 0.060),
    (0, 0, A.LOAD, 0, 2, 0.081, 0.100),
    (0, 0, A.PUT, 0, 0, 0.080, 0.083),
    (0, 1, A.PUT, 0, 1, 0.060, 0.061),
    (0, 0, A.PUT, 0, 2, 0.100, 0.101),
    (0, MAIN, A.GET, 0, 1, 0.062, 0.063),
    (0, MAIN, A.GET, 0, 0, 0.084, 0.085),
    (0, MAIN, A.RECEIVE, 0, 0, 0.086, 0.086),
    (0, GPU, A.STEP, 0, 0, 0.086, 0.116),
    (0, MAIN, A.RECEIVE, 0, 1, 0.117, 0.117),
    (0, GPU, A.STEP, 0, 1, 0.117, 0.147),
    (0, MAIN, A.GET, 0, 2, 0.148, 0.149),
    (0, MAIN, A.RECEIVE, 0, 2, 0.150, 0.150),
    (0, GPU, A.STEP, 0, 2, 0.150, 0.180),
    (0, MAIN, A.STOP, 0, 0, 0.181, 0.183),
]
NAN = float("nan")


def timeline(*, steps=("Resize", "=cmd|'/c calc'!A0"), notes=("The last batch was not stepped on.",)):
    spans = np.array(ROWS, SPAN)
    loads = np.zeros(3, LOADED)
    loads["batch"] = [0, 1, 2]
    loads["samples"], loads["tensors"], loads["tensor_bytes"], loads["message_bytes"] = 2, 3, 4096, -1
    loads["fetch_s"], loads["fetch_cpu_s"] = [0.040, 0.015, NAN], [0.010, 0.015, NAN]
    loads["collate_s"], loads["put_s"] = [0.005, 0.004, 0.003], NAN
    boots = np.zeros(2, BOOTED)
    boots["worker"], boots["cpu_s"], boots["init_s"] = [0, 1], [0.011, 0.012], NAN
    samples = np.zeros(2, SAMPLE)
    samples["index"], samples["wall_s"], samples["cpu_s"] = [7, -1], [0.030, 0.010], [0.004, 0.011]
    transforms = np.zeros(3, TRANSFORMED)
    transforms["batch"], transforms["step"] = [0, 0, 1], [0, 1, 0]
    transforms["calls"], transforms["wall_s"] = 2, [0.01, 0.02, 0.03]
    return Timeline(
        scenario=Scenario(
            workload=Workload(batches=3, batch_size=2), loader=LoaderConfig(num_workers=2), machine=Machine(cores=2.0)
        ),
        source="measured",
        spans=spans,
        observed=Observed(
            samples=samples,
            loads=loads,
            boots=boots,
            transforms=transforms,
            steps=steps,
            notes=notes,
            partial=True,
            origin={"torch": "2.13.0"},
        ),
    )
