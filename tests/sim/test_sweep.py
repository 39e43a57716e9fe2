"""Sweeps along any axis, with and without a band."""

from dataclasses import fields, replace

import numpy as np
import pytest

from dataloader_sim import Band, LoaderConfig, Machine, Metrics, Scenario, Workload, metrics, simulate, sweep
from dataloader_sim.simulate import summarize, throughputs
from dataloader_sim.sweep import vary


def test_a_sweep_over_workers_drops_worker_options_at_zero():
    base = Scenario(loader=LoaderConfig(num_workers=4, prefetch_factor=3, persistent_workers=True))
    run = sweep(base, "loader.num_workers", [0, 2])
    assert run.timelines[0].scenario.loader == LoaderConfig()
    assert run.timelines[1].scenario.loader.prefetch_factor == 3
    assert run.values == (0, 2)


def test_any_field_and_the_seed_are_axes():
    assert vary(Scenario(), "workload.step_s", 0.5).workload.step_s == 0.5
    assert vary(Scenario(), "machine.cores", 2).machine.cores == 2.0
    assert vary(Scenario(), "seed", 9).seed == 9


def test_the_runner_may_be_any_function_from_scenario_to_timeline():
    seen = []

    def run(scenario):
        seen.append(scenario.workload.batch_size)
        return simulate(scenario)

    assert sweep(Scenario(), "workload.batch_size", [1, 2], run).metrics[1].batches == 64
    assert seen == [1, 2]


def test_the_knee_is_the_first_value_within_two_percent_of_the_best():
    steady = sweep(Scenario(workload=Workload(batches=320)), "loader.num_workers", range(12))
    assert steady.knee == 7
    assert steady.metrics[7].samples_per_s >= 0.98 * max(one.samples_per_s for one in steady.metrics)


UNEVEN = Scenario(workload=Workload(batches=40, jitter=0.8), loader=LoaderConfig(num_workers=2))


def test_a_band_spans_the_throughputs_of_the_seeds_that_follow():
    run = sweep(UNEVEN, "loader.num_workers", [0, 4], seeds=5)
    rates = sorted(metrics(simulate(replace(run.timelines[1].scenario, seed=seed))).samples_per_s for seed in range(5))
    assert run.band[1] == Band(low=rates[0], median=rates[2], high=rates[4])
    assert rates[0] < rates[4]


def test_another_runner_gives_the_same_band():
    def run(scenario):
        return simulate(scenario)

    seen = sweep(UNEVEN, "loader.num_workers", [0, 3], run, seeds=4)
    assert seen.band == sweep(UNEVEN, "loader.num_workers", [0, 3], seeds=4).band


def test_without_jitter_the_band_is_a_line_and_one_seed_has_none():
    even = Scenario(workload=Workload(batches=40))
    band = sweep(even, "workload.step_s", [0.01, 0.1], seeds=16).band
    assert all(one.low == one.median == one.high for one in band)
    assert sweep(even, "workload.step_s", [0.01]).band is None


def test_with_a_band_the_knee_goes_by_the_medians():
    run = sweep(UNEVEN, "loader.num_workers", range(9), seeds=9)
    medians = [one.median for one in run.band]
    assert run.knee == next(at for at, rate in enumerate(medians) if rate >= 0.98 * max(medians))


def test_the_last_seed_is_followed_by_the_first():
    last = replace(UNEVEN, seed=2**63 - 1)
    first = metrics(simulate(replace(UNEVEN, seed=0))).samples_per_s
    band = sweep(last, "workload.step_s", [UNEVEN.workload.step_s], seeds=2).band[0]
    assert first in (band.low, band.high)


@pytest.mark.parametrize("seeds", [0, -1, 1.5, True, "16", float("nan")])
def test_a_wrong_number_of_seeds_is_refused(seeds):
    with pytest.raises(ValueError, match="seeds must be a whole number, 1 or more, got"):
        sweep(UNEVEN, "loader.num_workers", [1], seeds=seeds)


def test_a_band_along_the_seed_is_refused():
    with pytest.raises(ValueError, match="seeds must be 1 when the axis is 'seed', got 16"):
        sweep(UNEVEN, "seed", [1, 2], seeds=16)


def test_what_is_summarized_is_what_the_timeline_says():
    scenario = replace(UNEVEN, workload=replace(UNEVEN.workload, epochs=2), machine=Machine(ranks=2, cores=3))
    seen, kept = metrics(simulate(scenario)), summarize(scenario)
    for item in fields(Metrics):
        np.testing.assert_array_equal(getattr(kept, item.name), getattr(seen, item.name), err_msg=item.name)
    assert throughputs(scenario, [scenario.seed]) == [seen.samples_per_s]
