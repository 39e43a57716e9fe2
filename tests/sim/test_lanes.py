"""What holds in every lane of every run: one thing at a time, nothing after the end, plumbing only where it costs."""

from dataclasses import replace

import numpy as np
import pytest
from features import FEATURES

from dataloader_sim import Fault, LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.scenario import FAULTS
from dataloader_sim.timeline import Activity

KNOWN = {f"{name}, as it is": one for name, one in FEATURES.items()}
BROKEN = {
    f"{name}, {kind}": replace(one, fault=Fault(kind=kind, batch=4))
    for name, one in FEATURES.items()
    for kind in FAULTS
}


@pytest.mark.parametrize("name", [*KNOWN, *BROKEN])
def test_a_lane_does_one_thing_at_a_time_and_nothing_after_the_end(name):
    timeline = simulate((KNOWN | BROKEN)[name])
    spans = timeline.spans[timeline.spans["end_s"] > timeline.spans["start_s"]]
    for rank, lane in set(zip(spans["rank"].tolist(), spans["lane"].tolist(), strict=True)):
        own = spans[(spans["rank"] == rank) & (spans["lane"] == lane)]
        own = own[np.argsort(own["start_s"], kind="stable")]
        assert np.all(own["start_s"][1:] >= own["end_s"][:-1] - 1e-12)
    assert spans["end_s"].max() <= timeline.end_s
    if timeline.failure:
        assert timeline.end_s == timeline.failure.at_s


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_broken_run_on_an_ideal_machine_has_no_plumbing(kind, workers):
    work = Workload(batches=12, batch_size=2, jitter=0.5)
    fault = Fault(kind=kind, batch=5)
    scenario = Scenario(workload=work, loader=LoaderConfig(num_workers=workers), machine=Machine(), fault=fault)
    seen = {Activity(one) for one in np.unique(simulate(scenario).spans["activity"])}
    assert seen <= {Activity.LOAD, Activity.SEND, Activity.RECEIVE, Activity.STEP}
