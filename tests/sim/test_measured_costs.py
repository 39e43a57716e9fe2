"""Samples that cost what was measured: the shape of their costs is replayed, for reading and computing apart."""

import math

import pytest

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.costs import costs
from dataloader_sim.timeline import Activity

WORK = Workload(
    batches=6, batch_size=2, io_s=0.010, cpu_s=0.020, io_factors=(0.5, 1.5, 1.0, 1.0), cpu_factors=(2.0, 0.0)
)


def test_reading_and_computing_have_each_their_own_shape():
    drawn = costs(WORK, seed=0)
    assert drawn.io_s[:5].tolist() == pytest.approx([0.005, 0.015, 0.010, 0.010, 0.005])
    assert drawn.cpu_s[:3].tolist() == pytest.approx([0.040, 0.0, 0.040])


def test_the_simulator_replays_them():
    loads = simulate(Scenario(workload=WORK)).of(Activity.LOAD)
    assert (loads["end_s"] - loads["start_s"])[:2].tolist() == pytest.approx([0.060, 0.060])
    assert (loads["end_s"] - loads["start_s"]).sum() == pytest.approx(6 * 0.060)


def test_another_seed_or_rank_begins_with_another_batch():
    first = {round(float(costs(WORK, seed=seed, rank=rank).io_s[0]), 6) for seed in range(8) for rank in (0, 1)}
    assert first == {0.005, 0.010}  # always the first sample of a measured batch, never the second


def test_jitter_comes_on_top():
    uneven = Workload(batches=500, io_s=0.010, jitter=0.5, io_factors=(0.5, 1.5))
    drawn = costs(uneven, seed=3).io_s
    assert drawn[::2].mean() == pytest.approx(0.005, rel=0.05)
    assert drawn[1::2].mean() == pytest.approx(0.015, rel=0.05)


def test_one_shape_alone_leaves_the_other_cost_even():
    only_cpu = Workload(io_s=0.010, cpu_s=0.001, cpu_factors=(0.0, 2.0))
    drawn = costs(only_cpu, seed=0)
    assert set(drawn.io_s.tolist()) == {0.010}
    assert drawn.cpu_s[:2].tolist() == pytest.approx([0.0, 0.002])


def test_shared_cores_see_the_measured_shape():
    """Two workers on one core take turns: together they need what one would."""
    machine, loader = Machine(cores=1.0), LoaderConfig(num_workers=2)
    work = Workload(batches=8, batch_size=1, io_s=0.0, cpu_s=0.010, step_s=0.0, cpu_factors=(0.5, 1.5))
    assert simulate(Scenario(workload=work, loader=loader, machine=machine)).end_s == pytest.approx(0.080)


@pytest.mark.parametrize("wrong", [(-1.0,), (math.nan,), (math.inf,), "12", 3, ("a",), (True,), [1.0] * 10_000])
def test_wrong_factors_are_refused(wrong):
    with pytest.raises(ValueError, match="io_factors must be"):
        Workload(io_factors=wrong)
