"""Closed forms that any run must obey."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import scenarios, workloads

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, bounds, metrics, simulate, sweep
from dataloader_sim.costs import costs

ROUNDING = 1 + 1e-9


@settings(max_examples=200, deadline=None)
@given(scenarios())
def test_no_run_ends_before_its_work_can_be_done(scenario):
    work, cores = scenario.workload, scenario.machine.cores
    drawn = costs(work, scenario.seed)
    per_batch = (drawn.io_s + drawn.cpu_s).reshape(work.batches, -1).sum(axis=1) + work.collate_s
    servers = max(scenario.loader.num_workers, 1)
    busiest = max(per_batch[one::servers].sum() for one in range(servers))
    core_s = drawn.cpu_s.sum() + work.batches * work.collate_s
    least = max(work.batches * work.step_s, busiest, core_s / cores)
    assert simulate(scenario).end_s * ROUNDING >= least


@settings(max_examples=200, deadline=None)
@given(scenarios(constant=True, cores=64.0))
def test_throughput_with_constant_costs_stays_below_every_bound(scenario):
    assert metrics(simulate(scenario)).samples_per_s <= bounds(scenario).ceiling * ROUNDING


@settings(max_examples=60, deadline=None)
@given(workloads(constant=True), st.sampled_from([1, 2, 3]))
def test_more_workers_never_hurt_without_contention_and_with_constant_costs(workload, prefetch):
    ends = [
        simulate(
            Scenario(
                workload=workload,
                loader=LoaderConfig(num_workers=count, prefetch_factor=prefetch),
                machine=Machine(cores=64.0),
            ),
        ).end_s
        for count in range(1, 9)
    ]
    assert all(later <= earlier * ROUNDING for earlier, later in itertools.pairwise(ends))


@settings(max_examples=100, deadline=None)
@given(scenarios(least_workers=1))
def test_littles_law_holds_for_ready_batches(scenario):
    timeline = simulate(scenario)
    ready, rows = metrics(timeline).ready_batches, timeline.batches()
    area = float((np.diff(ready["time_s"]) * ready["count"][:-1]).sum())
    assert area == pytest.approx(float((rows["received_s"] - rows["loaded_s"]).sum()), rel=1e-6, abs=1e-9)
    assert ready["count"].min() >= 0
    assert ready["count"].max() <= scenario.loader.capacity


def test_drawn_costs_have_the_mean_and_the_spread_that_were_asked_for():
    drawn = costs(Workload(batches=2000, batch_size=50, io_s=0.004, cpu_s=0.002, jitter=0.5), 11)
    assert drawn.io_s.mean() == pytest.approx(0.004, rel=0.01)
    assert drawn.cpu_s.std() / drawn.cpu_s.mean() == pytest.approx(0.5, rel=0.03)
    assert (drawn.io_s / drawn.cpu_s) == pytest.approx(2.0)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_default_capacity_is_two_batches_per_worker(workers):
    assert LoaderConfig(num_workers=workers).capacity == 2 * workers


@pytest.mark.parametrize(
    ("workers", "step_s", "expected"),
    [(0, 0.03, 32 / 0.222), (1, 0.03, 32 / 0.192), (4, 0.03, 128 / 0.192), (16, 0.03, 32 / 0.03)],
)
def test_steady_throughput_of_constant_costs_is_the_closed_form(workers, step_s, expected):
    work = Workload(batches=160, step_s=step_s)
    scenario = Scenario(workload=work, loader=LoaderConfig(num_workers=workers), machine=Machine(cores=64.0))
    assert metrics(simulate(scenario)).samples_per_s == pytest.approx(expected)
    assert bounds(scenario).ceiling == pytest.approx(expected)


def test_the_knee_of_the_closed_form_is_the_knee_of_the_simulated_curve():
    scenario = Scenario(workload=Workload(batches=320), machine=Machine(cores=64.0))
    assert sweep(scenario, "loader.num_workers", range(17)).knee == bounds(scenario).knee == 7


def test_storage_streams_and_slow_samples_enter_the_bounds():
    work = Workload(batches=10, batch_size=10, io_s=0.01, cpu_s=0.0, slow_every=10, slow_factor=11.0, step_s=0.001)
    limit = bounds(Scenario(workload=work, loader=LoaderConfig(num_workers=8), machine=Machine(storage_streams=4)))
    # Every tenth sample costs 11 times as much: the mean is twice io_s.
    assert limit.storage == pytest.approx(4 / 0.02)
    assert limit.loader == pytest.approx(8 / 0.02)


def test_without_step_and_core_time_nothing_but_the_loader_limits():
    work = Workload(io_s=0.001, cpu_s=0.0, step_s=0.0)
    assert bounds(Scenario(workload=work, loader=LoaderConfig(num_workers=2))).knee is None
