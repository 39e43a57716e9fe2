"""What is simulated beside a measured run."""

import json
import math
from dataclasses import replace

from kept_runs import BASE, HERE, measured, spec

from bench.report import counterpart
from bench.runs.records import DONE, Run
from dataloader_sim import Machine, Workload
from dataloader_sim.sweep import vary


def run(asked, machine=HERE):
    text = json.dumps(asked.to_dict())
    return Run(id=1, created_utc="", who="", state=DONE, message="", spec_json=text, machine=machine, trials=0)


def test_an_emulated_run_is_simulated_as_asked_on_the_cores_of_its_machine():
    scenario = counterpart.scenario(run(spec(), HERE | {"cores": "1.5"}), None)
    workload = replace(BASE.workload, jitter=counterpart.LEAST_JITTER)
    assert scenario == replace(BASE, workload=workload, machine=Machine(cores=1.5))


def test_without_a_description_of_the_machine_the_cores_are_those_asked_for():
    assert counterpart.scenario(run(spec(), {}), None).machine.cores == 2


def test_a_jpeg_run_takes_a_samples_cost_from_what_was_measured():
    asked = run(spec(workload="jpeg"))
    assert counterpart.scenario(asked, None) is None
    costs = replace(BASE.workload, io_s=0.0007, cpu_s=0.0093, sample_bytes=600_000)
    ran = replace(BASE, workload=costs, machine=Machine(cores=3, ram_bytes=1 << 30))
    scenario = counterpart.scenario(asked, measured(vary(ran, "loader.num_workers", 0)))
    assert (scenario.workload.io_s, scenario.workload.cpu_s) == (0.0007, 0.0093)
    assert scenario.machine == Machine(cores=3)
    assert scenario.workload.sample_bytes == 0


def test_a_long_run_is_simulated_short():
    base = replace(BASE, workload=Workload(batches=5_000, batch_size=8, step_s=0.0001, io_s=0.0, cpu_s=0.0001))
    assert counterpart.scenario(run(spec(base=base)), None).workload.batches == counterpart.MOST_BATCHES
    wide = replace(base, workload=replace(base.workload, batches=50, batch_size=10_000))
    assert counterpart.scenario(run(spec(base=wide, num_workers=(1,), repeats=1)), None).workload.batches == 10


def test_few_workers_are_all_simulated_and_many_only_where_measured():
    assert counterpart.num_workers(run(spec(num_workers=(1, 4)))) == (1, 2, 3, 4)
    assert counterpart.num_workers(run(spec(num_workers=(0, 8, 64)))) == (0, 8, 64)


def test_what_the_plumbing_costs_is_simulated_too_where_it_is_known():
    host = Machine(cores=1.8, put_s=0.001, get_s=0.001, shm_bytes_per_s=1e9, touch_bytes_per_s=1e9)
    heavy = replace(BASE, workload=replace(BASE.workload, sample_bytes=1_000))
    scenario = counterpart.scenario(run(spec(base=heavy), HERE | {"cores": "2"}), None, host)
    assert scenario.machine == host
    assert scenario.workload.sample_bytes == 1_000
    asked = run(spec(workload="jpeg"))
    ran = measured(vary(replace(heavy, machine=Machine(cores=2)), "loader.num_workers", 0))
    scenario = counterpart.scenario(asked, ran, host)
    # What a sample cost was measured with its way into shared memory.
    assert scenario.machine == replace(host, shm_bytes_per_s=math.inf)
