"""Sweeps along any axis, and what the simulator says it leaves out."""

import pytest

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate, sweep
from dataloader_sim.simulate import NOT_MODELLED, not_modelled
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


def test_settings_that_are_not_simulated_yet_are_named():
    assert not_modelled(Scenario()) == ()
    scenario = Scenario(
        workload=Workload(epochs=2),
        loader=LoaderConfig(num_workers=1, in_order=False),
        machine=Machine(ranks=4),
    )
    assert not_modelled(scenario) == ("workload.epochs", "loader.in_order", "machine.ranks")


@pytest.mark.parametrize("kind", [Workload, LoaderConfig, Machine])
def test_the_docstring_marks_what_is_not_simulated_yet(kind):
    lines = " ".join(kind.__doc__.split())
    for name in NOT_MODELLED[kind]:
        after = lines.split(name, 1)[1]
        assert "not modelled yet" in after.split(".", 1)[0] + after.split(".", 2)[1]
