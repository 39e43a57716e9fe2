"""The real DataLoader reads an iterable dataset as the simulator says: who loads what, and where each part ends."""

from dataclasses import replace

import numpy as np
import pytest
from watched_run import apart, same_as_simulated

from dataloader_sim.scenario import LoaderConfig, Scenario, Workload
from dataloader_sim.shards import cuts

pytestmark = pytest.mark.live

STREAM = Workload(batches=4, batch_size=4, io_s=0.03, cpu_s=0.0, jitter=0.7, step_s=0.01, iterable=True)


def expected_sizes(scenario, handed_over):
    """Return how many samples each batch must hold: a worker's last one holds what is left of its part."""
    work = scenario.workload
    left = np.diff(cuts(work, scenario.loader.num_workers)).tolist() * work.epochs
    sizes = []
    for one in handed_over:
        part = one.epoch * scenario.loader.num_workers + one.worker
        sizes.append(min(left[part], work.batch_size))
        left[part] -= sizes[-1]
    return sizes


def run(folder, workload, **loader):
    scenario = apart(Scenario(workload=workload, loader=LoaderConfig(**loader)))
    real = same_as_simulated(scenario, folder)
    assert [one["samples"] for one in real.told] == expected_sizes(scenario, real.handed_over)
    return real


@pytest.mark.parametrize(("workers", "prefetch"), [(1, 2), (2, 1), (2, 4), (3, 1), (3, 2), (4, 2)])
def test_each_worker_reads_its_own_part(workers, prefetch, tmp_path):
    real = run(tmp_path, STREAM, num_workers=workers, prefetch_factor=prefetch)
    assert sum(one["samples"] for one in real.told) == STREAM.samples


def test_sixteen_samples_in_fours_for_three_workers(tmp_path):
    real = run(tmp_path, STREAM, num_workers=3)
    assert [one["samples"] for one in real.told] == [4, 4, 4, 2, 1, 1]
    assert [one.worker for one in real.handed_over] == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("workers", [2, 3])
def test_a_batch_that_is_not_full_is_dropped_by_each_worker(workers, tmp_path):
    workload = replace(STREAM, batches=5)
    real = run(tmp_path, workload, num_workers=workers, drop_last=True)
    assert {one["samples"] for one in real.told} == {4}
    assert len(real.told) == {2: 4, 3: 3}[workers]


@pytest.mark.parametrize("skew", [0.5, 1.0])
def test_uneven_parts_end_at_different_times(skew, tmp_path):
    real = run(tmp_path, replace(STREAM, batches=8, shard_skew=skew), num_workers=3)
    of_workers = [one.worker for one in real.handed_over]
    assert of_workers.count(0) > of_workers.count(2)


def test_a_part_may_be_empty(tmp_path):
    real = run(tmp_path, replace(STREAM, batches=2, batch_size=2, shard_skew=1.0), num_workers=4)
    assert 3 not in {one.worker for one in real.handed_over}


@pytest.mark.parametrize("persistent", [False, True])
def test_every_epoch_reads_it_again(persistent, tmp_path):
    real = run(tmp_path, replace(STREAM, epochs=2), num_workers=2, persistent_workers=persistent)
    assert [one.epoch for one in real.handed_over] == [0] * 4 + [1] * 4


def test_out_of_order(tmp_path):
    workload = replace(STREAM, batches=6, slow_every=3, slow_factor=6.0)
    order = [one.batch for one in run(tmp_path, workload, num_workers=3, in_order=False).handed_over]
    assert order != sorted(order)


def test_without_workers_it_is_read_from_end_to_end(tmp_path):
    scenario = apart(Scenario(workload=replace(STREAM, epochs=2)))
    real = same_as_simulated(scenario, tmp_path)
    assert [one["samples"] for one in real.told] == [4] * 8
