"""Closed forms against simulated runs."""

import math
from dataclasses import replace

from hypothesis import given, settings
from strategies import whole_scenarios

from dataloader_sim import bounds, metrics, simulate
from dataloader_sim.sweep import vary


def steady(drawn, **work):
    """Give a drawn scenario enough batches that those loaded ahead, 40 at most, do not decide its throughput."""
    return replace(drawn, workload=replace(drawn.workload, batches=240, jitter=0.0, **work))


def loaded_ahead(scenario):
    """Return the share of a run's batches that may be loaded before the window of its throughput begins."""
    return (scenario.loader.capacity + scenario.loader.num_workers + 3) / 240


@settings(max_examples=200, deadline=None)
@given(whole_scenarios())
def test_no_run_is_faster_than_its_lowest_bound(drawn):
    scenario = steady(drawn)
    reached = metrics(simulate(scenario)).samples_per_s
    assert reached * (1 - loaded_ahead(scenario)) <= bounds(scenario).ceiling * (1 + 1e-9)


@settings(max_examples=200, deadline=None)
@given(whole_scenarios(cores=64.0, iterable=False, threads=False))
def test_a_run_of_equal_samples_that_shares_nothing_is_as_fast_as_its_lowest_bound(drawn):
    # Nor do workers that are up before others load more than their part at first.
    at_once = replace(drawn.machine, worker_spawn_s=0.0, worker_boot_s=0.0, worker_import_s=0.0)
    scenario = replace(steady(drawn, slow_every=0, epochs=1), machine=at_once)
    reached, ceiling = metrics(simulate(scenario)).samples_per_s, bounds(scenario).ceiling
    assert reached >= ceiling * (1 - 1e-9)
    assert reached * (1 - loaded_ahead(scenario)) <= ceiling * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(whole_scenarios())
def test_the_knee_is_the_first_number_of_workers_within_two_percent_of_the_other_bounds(drawn):
    scenario = steady(drawn)
    knee = bounds(scenario).knee
    runs = [bounds(vary(scenario, "loader.num_workers", workers)) for workers in range(min(knee or 1, 60) + 1)]
    rest = bounds(vary(scenario, "loader.num_workers", 1)).without_loader
    reach = [runs[0].ceiling, *(one.loader for one in runs[1:])]
    enough = [workers for workers, one in enumerate(reach) if one >= 0.98 * rest]
    if knee is None:
        assert math.isinf(rest)
    elif knee <= 60:
        assert enough[:1] == [knee]
