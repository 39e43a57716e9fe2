"""Closed forms against numbers worked out by hand."""

import math
from dataclasses import replace

import pytest

from dataloader_sim import Bounds, LoaderConfig, Machine, Scenario, Workload, bounds

INF = math.inf
# One batch is 10 samples of 1 MB: 10 MB.
WORK = Workload(batch_size=10, io_s=0.0, cpu_s=0.0, step_s=0.0, sample_bytes=1_000_000)


def limit(workers=1, *, machine=None, threads=False, pin=False, prefetch=None, work=WORK, **changes):
    scenario = Scenario(
        workload=replace(work, **changes),
        loader=LoaderConfig(num_workers=workers, pin_memory=pin, prefetch_factor=prefetch),
        machine=Machine(**(machine or {})),
        threads=threads,
    )
    return bounds(scenario)


def test_nothing_limits_a_run_in_which_nothing_takes_time():
    free = limit()
    assert free == Bounds(gpu=INF, copy=INF, host=INF, loader=INF, pin=INF, gil=INF, cores=INF, storage=INF, knee=0)
    assert free.ceiling == free.without_loader == INF


@pytest.mark.parametrize(("ranks", "expected"), [(1, 100.0), (4, 400.0)])
def test_one_step_after_another_on_each_rank(ranks, expected):
    assert limit(step_s=0.1, machine={"ranks": ranks}).gpu == pytest.approx(expected)


def test_a_copy_and_its_step_take_turns_on_the_accelerator():
    # 10 MB at 100 MB/s: 0.1 s beside a step of 0.1 s.
    assert limit(step_s=0.1, machine={"h2d_bytes_per_s": 1e8}).copy == pytest.approx(50.0)
    assert limit(step_s=0.1).copy == INF


# Per batch: take 0.01 + 2 x 0.005, touch 0.03, pin 0.06, copy 0.1, launch 0.05, step 0.2.
PLUMBING = {
    "get_s": 0.01,
    "get_tensor_s": 0.005,
    "touch_bytes_per_s": 1e7 / 0.03,
    "pin_bytes_per_s": 1e7 / 0.06,
    "h2d_bytes_per_s": 1e8,
}


@pytest.mark.parametrize(
    ("workers", "pin", "synchronize", "step_s", "seconds"),
    [
        (2, False, True, 0.2, 0.02 + 0.03 + 0.1 + 0.05 + 0.2),
        (2, False, False, 0.2, 0.1 + 0.05 + 0.2),  # a pageable copy waits for the step before
        (2, False, False, 0.01, 0.02 + 0.03 + 0.1 + 0.05),
        (2, True, True, 0.2, 0.1 + 0.2),  # the copy runs beside the launch
        (2, True, False, 0.2, 0.05),
        (0, False, True, 0.2, 0.1 + 0.05 + 0.2),
        (0, True, True, 0.2, 0.06 + 0.1 + 0.2),
        (0, True, False, 0.2, 0.06 + 0.05),
    ],
)
def test_what_the_training_process_does_in_turn(workers, pin, synchronize, step_s, seconds):
    seen = limit(workers, pin=pin, synchronize=synchronize, step_s=step_s, launch_s=0.05, machine=PLUMBING)
    assert seen.host == pytest.approx(10 / seconds)


def test_a_launch_longer_than_its_pinned_copy_hides_it():
    assert limit(pin=True, launch_s=0.3, step_s=0.2, machine=PLUMBING).host == pytest.approx(10 / 0.5)


def test_without_a_copy_only_the_launch_comes_before_a_step_that_nobody_waits_for():
    assert limit(synchronize=False, launch_s=0.05, step_s=0.2).host == pytest.approx(10 / 0.05)


def test_threads_take_and_touch_for_nothing_and_pin_all_the_same():
    seen = limit(2, threads=True, launch_s=0.05, step_s=0.2, machine=PLUMBING)
    assert seen.host == pytest.approx(10 / (0.1 + 0.05 + 0.2))
    assert limit(2, threads=True, pin=True, machine=PLUMBING).pin == pytest.approx(10 / 0.06)


def test_the_pinning_thread_takes_touches_and_pins_one_batch_after_the_other():
    assert limit(2, pin=True, machine=PLUMBING).pin == pytest.approx(10 / (0.02 + 0.03 + 0.06))
    assert limit(2, machine=PLUMBING).pin == INF
    assert limit(0, pin=True, machine=PLUMBING).pin == INF  # the training process pins


@pytest.mark.parametrize(("workers", "per_s"), [(1, 10 / 0.35), (4, 40 / 0.35)])
def test_each_worker_loads_and_passes_on_one_batch_after_the_other(workers, per_s):
    # 10 x (0.01 + 0.005) + collate 0.05 + 10 MB at 100 MB/s + put 0.05
    costs = {"io_s": 0.01, "cpu_s": 0.005, "collate_s": 0.05}
    machine = {"shm_bytes_per_s": 1e8, "put_s": 0.05}
    assert limit(workers, **costs, machine=machine).loader == pytest.approx(per_s)
    assert limit(workers, **costs, machine=machine, threads=True).loader == pytest.approx(workers * 10 / 0.2)


@pytest.mark.parametrize(("pin", "travels"), [(False, 0.02), (True, 0.02 + 0.03 + 0.06)])
def test_with_one_credit_a_worker_also_waits_for_its_batch_to_arrive(pin, travels):
    costs = {"io_s": 0.01, "machine": PLUMBING, "pin": pin}
    assert limit(3, **costs, prefetch=1).loader == pytest.approx(30 / (0.1 + travels))
    assert limit(3, **costs, prefetch=2).loader == pytest.approx(30 / max(0.1, (0.1 + travels) / 2))


@pytest.mark.parametrize(
    ("synchronize", "pin", "seconds"),
    [
        (True, False, 0.15 + 0.1 + 0.05 + 0.2),
        (True, True, 0.15 + 0.06 + 0.1 + 0.2),
        (False, False, 0.1 + 0.05 + 0.2),  # the load of 0.15 s fits beside the step
        (False, True, 0.15 + 0.06 + 0.05),
    ],
)
def test_without_workers_load_and_training_take_turns(synchronize, pin, seconds):
    seen = limit(0, pin=pin, io_s=0.015, synchronize=synchronize, step_s=0.2, launch_s=0.05, machine=PLUMBING)
    assert seen.loader == pytest.approx(10 / seconds)


@pytest.mark.parametrize(
    ("workers", "threads", "pin", "core_s"),
    [
        (2, False, False, 0.1 + 0.05 + 0.1 + 0.05 + 0.02 + 0.03 + 0.05),
        (2, False, True, 0.1 + 0.05 + 0.1 + 0.05 + 0.02 + 0.03 + 0.05 + 0.06),
        (2, True, True, 0.1 + 0.05 + 0.05 + 0.06),
        (0, False, True, 0.1 + 0.05 + 0.05 + 0.06),
        (0, False, False, 0.1 + 0.05 + 0.05),
    ],
)
def test_the_cores_give_every_rank_all_its_core_time(workers, threads, pin, core_s):
    costs = {"io_s": 1.0, "cpu_s": 0.01, "collate_s": 0.05, "launch_s": 0.05, "step_s": 1.0}
    for cores, ranks in ((0.5, 1), (4.0, 1), (4.0, 8)):
        machine = PLUMBING | {"cores": cores, "ranks": ranks, "shm_bytes_per_s": 1e8, "put_s": 0.05}
        seen = limit(workers, threads=threads, pin=pin, machine=machine, **costs)
        assert seen.cores == pytest.approx(cores * 10 / core_s)


def test_on_half_a_core_everything_on_it_takes_twice_as_long_and_reading_does_not():
    machine = PLUMBING | {"cores": 0.5, "put_s": 0.05}
    costs = {"io_s": 0.01, "cpu_s": 0.01, "launch_s": 0.05, "step_s": 0.2}
    seen = limit(2, machine=machine, **costs)
    assert seen.loader == pytest.approx(20 / (0.1 + 2 * (0.1 + 0.05)))
    assert seen.host == pytest.approx(10 / (2 * (0.02 + 0.03 + 0.05) + 0.1 + 0.2))
    assert seen.gpu == pytest.approx(50.0)


@pytest.mark.parametrize(("ranks", "expected"), [(1, 400.0), (8, 400.0)])
def test_the_storage_serves_all_ranks(ranks, expected):
    assert limit(8, io_s=0.01, machine={"storage_streams": 4, "ranks": ranks}).storage == pytest.approx(expected)
    assert limit(8, io_s=0.01).storage == INF


@pytest.mark.parametrize(
    ("threads", "free", "expected"),
    [(True, False, 2 * 10 / (0.25 * (0.1 + 0.1) + 0.05)), (True, True, INF), (False, False, INF)],
)
def test_threads_share_the_lock_of_their_rank(threads, free, expected):
    costs = {"cpu_s": 0.01, "collate_s": 0.1, "launch_s": 0.05, "gil_share": 0.25}
    seen = limit(4, threads=threads, machine={"free_threaded": free, "ranks": 2}, **costs)
    assert seen.gil == pytest.approx(expected)


def test_the_lock_of_threads_is_held_longer_on_half_a_core():
    assert limit(4, threads=True, cpu_s=0.01, machine={"cores": 0.5}).gil == pytest.approx(10 / 0.2)


def test_a_slow_sample_in_ten_raises_the_mean():
    # Every tenth sample costs 11 times as much: the mean is twice io_s and cpu_s.
    seen = limit(1, batches=10, io_s=0.01, cpu_s=0.005, collate_s=0.1, slow_every=10, slow_factor=11.0)
    assert seen.loader == pytest.approx(10 / (0.2 + 0.1 + 0.1))


@pytest.mark.parametrize(
    ("io_s", "step_s", "knee"),
    [
        (0.1, 0.25, 4),  # a load of 1 s, a step of 0.25 s
        (0.1, 0.2451, 4),  # within 2 %
        (0.1, 0.2449, 5),
        (0.0001, 0.1, 0),  # taking turns costs 1 %
        (0.0003, 0.1, 1),
        (0.1, 0.0, None),
        (0.1, 1e-5, 1024),  # the most that a loader accepts
    ],
)
@pytest.mark.parametrize("workers", [0, 1, 9])
def test_the_knee_is_the_fewest_workers_within_two_percent(workers, io_s, step_s, knee):
    assert limit(workers, io_s=io_s, step_s=step_s).knee == knee


def test_the_knee_goes_by_what_limits_a_run_with_workers():
    # Taking a batch over costs 0.3 s, so that more than 10 / 0.4 samples/s are out of reach with any workers.
    seen = limit(0, io_s=0.1, step_s=0.1, machine={"get_s": 0.3})
    assert seen.knee == 3
    # Loading in the training process is as fast as taking a batch over.
    assert limit(4, io_s=0.03, step_s=0.1, machine={"get_s": 0.3}).knee == 0


def test_more_credits_make_fewer_workers_enough():
    machine = {"get_s": 0.1}
    assert limit(1, prefetch=1, io_s=0.1, step_s=0.1, synchronize=False, machine=machine).knee == 11
    assert limit(1, prefetch=2, io_s=0.1, step_s=0.1, synchronize=False, machine=machine).knee == 10


def test_the_ceiling_is_the_lowest_of_all():
    seen = limit(1, io_s=0.1, step_s=0.25, machine={"storage_streams": 2})
    assert (seen.gpu, seen.loader, seen.storage) == pytest.approx((40.0, 10.0, 20.0))
    assert seen.without_loader == pytest.approx(20.0)
    assert seen.ceiling == pytest.approx(10.0)


# In order batch k goes to worker k mod N, and the slow ones may always go to the same worker.


@pytest.mark.parametrize(
    ("workers", "batch_s"),
    [
        (1, 0.15),  # every other batch of one sample takes 0.2 s
        (2, 0.2),  # worker 1 has them all
        (3, 0.15),  # each worker has its share
        (4, 0.2),
        (8, 0.2),
        (300, 0.15),  # an epoch shorter than a whole cycle: the mean is all that is sure
    ],
)
def test_slow_batches_that_fall_on_some_workers_bound_the_loader(workers, batch_s):
    slow = {"batch_size": 1, "io_s": 0.1, "slow_every": 2, "slow_factor": 2.0, "batches": 240}
    assert limit(workers, **slow).loader == pytest.approx(workers / batch_s)
    out_of_order = Scenario(
        workload=Workload(**slow, cpu_s=0.0), loader=LoaderConfig(num_workers=workers, in_order=False)
    )
    assert bounds(out_of_order).loader == pytest.approx(workers / 0.15)


@pytest.mark.parametrize(("workers", "slow"), [(4, 1.0), (3, 2.0), (6, 2.0)])
def test_batches_with_more_slow_samples_than_others_bound_the_loader(workers, slow):
    # Every third of samples in batches of four: batches have 1, 1, 2 slow samples in turn.
    work = {"batch_size": 4, "io_s": 0.1, "slow_every": 3, "slow_factor": 3.0, "batches": 300, "step_s": 0.0}
    seconds = 0.4 + 0.2 * (slow if slow == 2.0 else 4 / 3)
    assert limit(workers, **work).loader == pytest.approx(workers * 4 / seconds)


def test_only_whole_cycles_of_slow_batches_count():
    # Batches 1, 3, ..., 9 are slow; of the eleven, worker 0 has six and worker 1 five of at most six.
    seen = limit(2, batch_size=1, io_s=0.1, slow_every=2, slow_factor=2.0, batches=11)
    assert seen.loader == pytest.approx(2 / (0.1 + 0.1 * 5 / 6))


@pytest.mark.parametrize(("workers", "times"), [(1, 1.0), (2, 1.25), (4, 1.375)])
def test_an_epoch_of_an_iterable_dataset_lasts_until_its_largest_part_is_loaded(workers, times):
    # F(1/4) = 1/4 + 0.5 x 1/4 x 3/4, which is 1.375 times a quarter.
    seen = limit(workers, iterable=True, shard_skew=0.5, io_s=0.1, batch_size=1)
    assert seen.loader == pytest.approx(workers / (0.1 * times))
