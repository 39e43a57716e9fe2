"""The real DataLoader hands over the batches that the simulator says, from those workers, with as many outstanding."""

from dataclasses import replace

import pytest
from watched_run import apart, same_as_simulated

from dataloader_sim.scenario import LoaderConfig, Scenario, Workload

pytestmark = pytest.mark.live

UNEVEN = Workload(batches=12, batch_size=1, io_s=0.12, cpu_s=0.0, jitter=0.7, step_s=0.01)
PERIODIC = replace(UNEVEN, io_s=0.08, jitter=0.2, slow_every=3, slow_factor=5.0)
SHAPES = [(1, 1), (1, 4), (2, 1), (2, 2), (2, 4), (3, 1), (3, 4), (4, 2)]


def check_counters(real):
    """Check torch's own counters against each other: what they mean is what the simulator counts."""
    for one in real.told:
        assert one["outstanding"] == one["sent"] - one["handed"] - one["cached"]
        assert one["given"] == one["sent"] - one["handed"]


@pytest.mark.parametrize(("workers", "prefetch"), SHAPES)
@pytest.mark.parametrize("in_order", [True, False])
def test_uneven_samples(workers, prefetch, in_order, tmp_path):
    loader = LoaderConfig(num_workers=workers, prefetch_factor=prefetch, in_order=in_order)
    real = same_as_simulated(apart(Scenario(workload=UNEVEN, loader=loader)), tmp_path)
    check_counters(real)
    if in_order:
        assert [one["awaited"] for one in real.told] == [one["handed"] for one in real.told]


@pytest.mark.parametrize("workers", [2, 3, 4])
@pytest.mark.parametrize("in_order", [True, False])
def test_periodic_slow_samples(workers, in_order, tmp_path):
    loader = LoaderConfig(num_workers=workers, in_order=in_order)
    scenario = apart(Scenario(workload=PERIODIC, loader=loader))
    order = [one.batch for one in same_as_simulated(scenario, tmp_path).handed_over]
    assert (order == sorted(order)) == in_order


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("in_order", [True, False])
def test_several_epochs(persistent, in_order, tmp_path):
    # An odd number, so that an epoch would begin with worker 1 if torch went on where it had been.
    workload = replace(UNEVEN, batches=5, epochs=3)
    loader = LoaderConfig(num_workers=2, persistent_workers=persistent, in_order=in_order)
    real = same_as_simulated(apart(Scenario(workload=workload, loader=loader)), tmp_path)
    check_counters(real)
    assert [one.epoch for one in real.handed_over] == [0] * 5 + [1] * 5 + [2] * 5


def test_without_workers(tmp_path):
    workload = replace(UNEVEN, batches=4, epochs=2)
    real = same_as_simulated(apart(Scenario(workload=workload)), tmp_path)
    assert [one.batch for one in real.handed_over] == [0, 1, 2, 3] * 2
