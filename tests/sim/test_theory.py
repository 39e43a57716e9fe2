"""Closed forms that any run must obey."""

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.least import least_seconds
from strategies import scenarios, times, whole_scenarios, workloads

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, bounds, metrics, simulate, sweep
from dataloader_sim.costs import costs
from dataloader_sim.metrics import Metrics
from dataloader_sim.simulate import summarize, throughputs

ROUNDING = 1 + 1e-9


slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@settings(slow, max_examples=1000)
@given(whole_scenarios())
def test_no_resource_serves_a_run_faster_than_it_can(scenario):
    least, samples = least_seconds(scenario)
    rate = samples / simulate(scenario).end_s
    for name, seconds in least.items():
        assert rate * seconds <= samples * ROUNDING, name


@settings(slow, max_examples=100)
@given(whole_scenarios(least_workers=0, workers=0, ranks=1, cores=64.0))
def test_without_workers_and_with_a_wait_for_each_step_a_run_is_as_fast_as_the_training_process(scenario):
    # A pinned copy runs beside the launch.
    scenario = replace(scenario, loader=replace(scenario.loader, pin_memory=False))
    scenario = replace(scenario, workload=replace(scenario.workload, synchronize=True))
    least, _ = least_seconds(scenario)
    assert simulate(scenario).end_s == pytest.approx(least["training process"])


@settings(slow, max_examples=300)
@given(whole_scenarios())
def test_a_whole_run_of_equal_samples_is_never_faster_than_the_bounds(scenario):
    scenario = replace(scenario, workload=replace(scenario.workload, jitter=0.0))
    samples = least_seconds(scenario)[1]
    assert samples / simulate(scenario).end_s <= bounds(scenario).ceiling * ROUNDING


@settings(max_examples=200, deadline=None)
@given(scenarios(constant=True, cores=64.0))
def test_throughput_with_constant_costs_stays_below_every_bound(scenario):
    assert metrics(simulate(scenario)).samples_per_s <= bounds(scenario).ceiling * ROUNDING


def alone(workload, **loader):
    """Return when a run ends whose processes have a core each and no plumbing."""
    return simulate(Scenario(workload=workload, loader=LoaderConfig(**loader), machine=Machine(cores=64.0))).end_s


@st.composite
def loops(draw, *, constant=False):
    """Draw a workload whose training loop may run ahead, over one or more epochs."""
    loop = {"epochs": draw(st.integers(1, 3)), "launch_s": draw(times), "synchronize": draw(st.booleans())}
    return replace(draw(workloads(constant=constant, most_batches=25)), **loop)


def never_rises(seconds):
    return all(later <= earlier * ROUNDING for earlier, later in itertools.pairwise(seconds))


@settings(slow, max_examples=100)
@given(loops(constant=True), st.sampled_from([1, 2, 3]))
def test_more_workers_never_hurt_without_contention_and_with_constant_costs(workload, prefetch):
    assert never_rises([alone(workload, num_workers=count, prefetch_factor=prefetch) for count in range(1, 9)])


@settings(slow, max_examples=100)
@given(loops(), st.integers(1, 6))
def test_more_prefetch_never_hurts_without_contention(workload, workers):
    assert never_rises([alone(workload, num_workers=workers, prefetch_factor=count) for count in range(1, 6)])


@settings(slow, max_examples=100)
@given(loops(), st.integers(0, 6))
def test_a_host_that_does_not_wait_for_each_step_never_ends_later_without_contention(workload, workers):
    waits, runs_ahead = (alone(replace(workload, synchronize=each), num_workers=workers) for each in (True, False))
    assert runs_ahead <= waits * ROUNDING


@settings(slow, max_examples=200)
@given(whole_scenarios())
def test_littles_law_holds_for_ready_batches(scenario):
    timeline = simulate(scenario)
    ready, rows = metrics(timeline).ready_batches, timeline.batches()
    area = float((np.diff(ready["time_s"]) * ready["count"][:-1]).sum())
    # Their number on average is the rate at which they come times how long each is ready.
    assert area == pytest.approx(float((rows["received_s"] - rows["loaded_s"]).sum()), rel=1e-6, abs=1e-9)
    assert ready["count"].min() >= 0
    if scenario.loader.num_workers:
        assert ready["count"].max() <= scenario.loader.capacity * scenario.machine.ranks


@settings(slow, max_examples=200)
@given(whole_scenarios(iterable=False, least_workers=1))
def test_littles_law_holds_for_outstanding_batches_which_never_exceed_the_capacity(scenario):
    rows = simulate(scenario).batches()
    for rank in range(scenario.machine.ranks):
        own = rows[rows["rank"] == rank]
        times_s = np.concatenate([own["sent_s"], own["received_s"]])
        change = np.repeat([1, -1], own.size)
        # Of a hand-over and the index it sends at the same instant, the hand-over comes first.
        order = np.lexsort([change, times_s])
        outstanding = np.cumsum(change[order])
        assert outstanding.max() <= scenario.loader.capacity
        assert outstanding[-1] == 0
        area = float((np.diff(times_s[order]) * outstanding[:-1]).sum())
        assert area == pytest.approx(float((own["received_s"] - own["sent_s"]).sum()), abs=1e-9)


@settings(slow, max_examples=300)
@given(whole_scenarios(faults=True))
def test_no_lane_does_two_things_at_once_even_in_a_run_that_breaks_off(scenario):
    timeline = simulate(scenario)
    spans = timeline.spans[timeline.spans["end_s"] > timeline.spans["start_s"]]
    assert spans["end_s"].max(initial=0.0) <= timeline.end_s
    for rank, lane in set(spans[["rank", "lane"]].tolist()):
        own = np.sort(spans[(spans["rank"] == rank) & (spans["lane"] == lane)], order="start_s")
        assert np.all(own["start_s"][1:] >= own["end_s"][:-1] - 1e-9)


@settings(slow, max_examples=200)
@given(whole_scenarios(faults=True))
def test_a_summary_is_the_metrics_of_the_timeline(scenario):
    seen, kept = metrics(simulate(scenario)), summarize(scenario)
    for item in fields(Metrics):
        if item.name == "ready_batches":
            assert np.array_equal(kept.ready_batches, seen.ready_batches)
        else:  # sums of batches received at one moment are taken in another order
            np.testing.assert_allclose(
                getattr(kept, item.name), getattr(seen, item.name), rtol=1e-12, err_msg=item.name
            )
    assert throughputs(scenario, [scenario.seed]) == [seen.samples_per_s]


@settings(slow, max_examples=200)
@given(whole_scenarios(faults=True))
def test_equal_scenarios_give_equal_bytes_whatever_ran_between(scenario):
    once = simulate(scenario)
    simulate(Scenario(workload=Workload(batches=3), loader=LoaderConfig(num_workers=2)))
    again = simulate(replace(scenario, seed=scenario.seed))
    assert again.spans.tobytes() == once.spans.tobytes()
    assert again.failure == once.failure


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
