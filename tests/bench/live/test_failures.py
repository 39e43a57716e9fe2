"""A real run that breaks off does so as the simulated one: in the same way, after the same batches."""

from dataclasses import replace

import pytest
from watched_run import apart, same_as_simulated, simulated

from dataloader_sim.scenario import Fault, LoaderConfig, Scenario, Workload

pytestmark = pytest.mark.live

WORKLOAD = Workload(batches=10, batch_size=1, io_s=0.10, cpu_s=0.0, jitter=0.7, step_s=0.05)
# Longer than any load takes, so that only the broken one is waited for so long.
TIMEOUT_S = 1.5


def broken(kind, batch=5, workload=WORKLOAD, **loader):
    fault = Fault(kind=kind, batch=batch)
    return apart(Scenario(workload=workload, loader=LoaderConfig(**loader), fault=fault))


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("in_order", [True, False])
def test_an_exception(workers, in_order, tmp_path):
    real = same_as_simulated(broken("raises", num_workers=workers, in_order=in_order), tmp_path)
    assert real.failed == "raised"
    if in_order:
        assert [one.batch for one in real.handed_over] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_killed_worker(workers, tmp_path):
    assert same_as_simulated(broken("killed", num_workers=workers), tmp_path).failed == "killed"


def test_a_worker_that_is_killed_during_a_training_step(tmp_path):
    workload = replace(WORKLOAD, io_s=0.03, step_s=0.2)
    assert same_as_simulated(broken("killed", workload=workload, num_workers=2), tmp_path).failed == "killed"


@pytest.mark.parametrize("kind", ["hangs", "lost"])
@pytest.mark.parametrize("in_order", [True, False])
def test_a_batch_that_never_comes_with_a_timeout(kind, in_order, tmp_path):
    scenario = broken(kind, num_workers=2, timeout=TIMEOUT_S, in_order=in_order)
    assert same_as_simulated(scenario, tmp_path).failed == "timed out"


@pytest.mark.parametrize("kind", ["hangs", "lost"])
def test_a_batch_that_never_comes_without_a_timeout(kind, tmp_path):
    assert same_as_simulated(broken(kind, num_workers=2), tmp_path).failed == "hangs"


@pytest.mark.parametrize(("kind", "end"), [("raises", "raised"), ("killed", "killed"), ("hangs", "hangs")])
def test_without_workers(kind, end, tmp_path):
    real = same_as_simulated(broken(kind), tmp_path)
    assert real.failed == end
    assert [one.batch for one in real.handed_over] == [0, 1, 2, 3, 4]


def test_a_batch_that_cannot_be_pickled_is_no_trouble_without_workers():
    assert simulated(broken("lost"))[1] is None
