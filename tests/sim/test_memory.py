"""The memory forecast: hand-computed sizes, and what may never fall."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_scenarios import EIGHT, MB, scenario
from strategies import whole_scenarios

from dataloader_sim.memory import predict
from dataloader_sim.memory_processes import LIBRARY_BYTES
from dataloader_sim.scenario import Machine, Workload

# The training process, a forked worker and a spawned one, as measured.
MAIN, FORKED, COLLECTED, SPAWNED = 238 * MB, 14 * MB, 48 * MB, 152 * MB
# 8 MB are 1,953.125 pages of 4,096 bytes, so 1,954.
IN_PAGES = 1954 * 4096


def test_forked_workers_with_waiting_batches():
    forecast = predict(scenario(2, 4, **EIGHT, tensors=1))
    assert forecast.main_bytes == MAIN
    assert forecast.worker_bytes == FORKED + 8 * MB
    assert forecast.workers_bytes == 2 * (FORKED + 8 * MB)
    assert forecast.shm_bytes == 9 * IN_PAGES
    assert forecast.pinned_bytes == 0
    assert forecast.total_bytes == MAIN + 2 * (FORKED + 8 * MB) + 9 * IN_PAGES
    assert forecast.warnings == ()


def test_every_further_tensor_may_take_a_page_more():
    assert predict(scenario(1, 1, **EIGHT, tensors=3)).shm_bytes == 2 * (IN_PAGES + 2 * 4096)
    assert predict(scenario(1, 1, batch_size=1, sample_bytes=10, tensors=5)).shm_bytes == 2 * 5 * 4096
    assert predict(scenario(1, 1, sample_bytes=0)).shm_bytes == 0


@pytest.mark.parametrize(("batches", "at_once"), [(64, 9), (9, 9), (8, 8), (3, 3)])
def test_no_more_batches_wait_than_an_epoch_has(batches, at_once):
    assert predict(scenario(4, 2, batches=batches, tensors=1, **EIGHT)).shm_bytes == at_once * IN_PAGES


@pytest.mark.parametrize(("batches", "held", "inherited"), [(64, 9, 10), (9, 9, 10), (8, 9, 9), (3, 4, 4)])
def test_the_last_batch_of_an_epoch_stays_and_newly_forked_workers_keep_it(batches, held, inherited):
    again = scenario(4, 2, batches=batches, epochs=2, tensors=1, **EIGHT)
    kept = replace(again, loader=replace(again.loader, persistent_workers=True))
    spawned = replace(again, loader=replace(again.loader, multiprocessing_context="spawn"))
    pinned = replace(again, loader=replace(again.loader, pin_memory=True))
    assert predict(again).shm_bytes == inherited * IN_PAGES
    assert predict(kept).shm_bytes == predict(spawned).shm_bytes == held * IN_PAGES
    assert predict(pinned).pinned_bytes == held * 2**23


def test_without_workers_the_samples_the_new_batch_and_the_last_are_in_the_training_process():
    forecast = predict(scenario(0, **EIGHT, dataset_bytes=100 * MB))
    assert forecast.main_bytes == forecast.total_bytes == MAIN + 100 * MB + 3 * 8 * MB
    assert (forecast.worker_bytes, forecast.workers_bytes, forecast.shm_bytes) == (0, 0, 0)
    assert predict(scenario(0, **EIGHT, batches=1)).main_bytes == MAIN + 2 * 8 * MB


def test_a_pinning_thread_moves_the_batches_and_rounds_them_up():
    forecast = predict(scenario(2, 4, pin=True, **EIGHT, tensors=1))
    assert forecast.pinned_bytes == 9 * 2**23
    assert forecast.shm_bytes == 8 * IN_PAGES
    # A batch is in both places only while it is copied.
    assert forecast.total_bytes == MAIN + 2 * (FORKED + 8 * MB) + 9 * 2**23 + IN_PAGES
    assert predict(scenario(2, 4, pin=True, batch_size=3, sample_bytes=5, tensors=3)).pinned_bytes == 9 * 3 * 8
    assert predict(scenario(2, 4, pin=True, sample_bytes=0)).pinned_bytes == 0
    # A power of two stays as it is.
    assert predict(scenario(2, 4, pin=True, batch_size=1, sample_bytes=2**20, tensors=1)).pinned_bytes == 9 * 2**20
    only = predict(scenario(2, 4, pin=True, batches=1, **EIGHT, tensors=1))
    assert (only.shm_bytes, only.pinned_bytes) == (IN_PAGES, 2**23)


def test_pinning_without_workers():
    forecast = predict(scenario(0, pin=True, **EIGHT, tensors=1))
    assert forecast.main_bytes == MAIN + 2 * 8 * MB
    assert forecast.pinned_bytes == 2 * 2**23
    assert forecast.shm_bytes == 0


def test_fork_shares_arrays_and_copies_objects():
    dataset = {"dataset_bytes": 500 * MB, "sample_bytes": 0}
    shared = predict(scenario(4, **dataset))
    copied = predict(scenario(4, **dataset, dataset_objects=True))
    assert shared.worker_bytes == FORKED
    assert shared.total_bytes == MAIN + 500 * MB + 4 * FORKED
    assert copied.worker_bytes == FORKED + 500 * MB
    assert copied.total_bytes == MAIN + 500 * MB + 4 * (FORKED + 500 * MB)
    assert shared.main_bytes == copied.main_bytes == MAIN + 500 * MB


def test_the_workers_of_an_iterable_dataset_copy_their_parts():
    dataset = {"dataset_bytes": 160 * MB, "dataset_objects": True, "iterable": True, "sample_bytes": 0}
    even = predict(scenario(4, **dataset))
    assert even.worker_bytes == FORKED + 40 * MB
    assert even.workers_bytes == 4 * FORKED + 160 * MB
    # F(1/4) = 1/4 + 1/4 x 3/4 = 7/16.
    skewed = predict(scenario(4, **dataset, shard_skew=1.0))
    assert skewed.worker_bytes == FORKED + 70 * MB
    assert skewed.total_bytes == even.total_bytes
    assert predict(scenario(4, **dataset, method="spawn")).worker_bytes == SPAWNED + 160 * MB


@pytest.mark.parametrize(("method", "helpers"), [("spawn", 6 * MB), ("forkserver", 13 * MB)])
def test_workers_that_inherit_nothing_unpickle_the_dataset(method, helpers):
    arrays = predict(scenario(2, method=method, dataset_bytes=300 * MB, sample_bytes=0))
    assert arrays.main_bytes == MAIN + 3 * 300 * MB
    assert arrays.worker_bytes == SPAWNED + 300 * MB
    # While the last worker starts: three copies, and the pickle.
    assert arrays.total_bytes == MAIN + helpers + 2 * SPAWNED + 4 * 300 * MB
    objects = predict(scenario(2, method=method, dataset_bytes=300 * MB, dataset_objects=True, sample_bytes=0))
    assert objects.main_bytes == MAIN + 300 * MB + 180 * MB
    assert objects.total_bytes == MAIN + helpers + 2 * SPAWNED + 3 * 300 * MB + 100 * MB


def test_the_larger_of_start_and_loading_counts():
    both = scenario(2, method="spawn", dataset_bytes=30 * MB, tensors=1, **EIGHT)
    loading = 2 * 8 * MB + 5 * IN_PAGES
    assert predict(both).total_bytes == MAIN + 6 * MB + 3 * 30 * MB + 2 * SPAWNED + loading
    most = replace(both, workload=replace(both.workload, dataset_bytes=300 * MB))
    assert predict(most).total_bytes == MAIN + 6 * MB + 4 * 300 * MB + 2 * SPAWNED


def test_threads_copy_nothing_and_hold_everything_in_one_process():
    forecast = predict(scenario(4, 2, threads=True, **EIGHT, dataset_bytes=500 * MB, dataset_objects=True))
    assert forecast.main_bytes == forecast.total_bytes == MAIN + 500 * MB + (4 + 9) * 8 * MB
    assert (forecast.worker_bytes, forecast.workers_bytes, forecast.shm_bytes) == (0, 0, 0)


def test_each_rank_takes_everything_but_the_libraries():
    one = predict(scenario(2, **EIGHT, pin=True, dataset_bytes=100 * MB))
    four = predict(scenario(2, **EIGHT, pin=True, dataset_bytes=100 * MB, machine=Machine(ranks=4)))
    assert (four.main_bytes, four.worker_bytes) == (one.main_bytes, one.worker_bytes)
    assert four.total_bytes - LIBRARY_BYTES == 4 * (one.total_bytes - LIBRARY_BYTES)
    for name in ("workers_bytes", "shm_bytes", "pinned_bytes", "growth_bytes"):
        assert getattr(four, name) == 4 * getattr(one, name)


def test_many_objects_in_a_batch_let_the_collector_copy_the_workers_heap():
    assert predict(scenario(1, batch_size=116, tensors=2)).worker_bytes == FORKED
    assert predict(scenario(1, batch_size=175, tensors=1)).worker_bytes == COLLECTED
    assert predict(scenario(1, batch_size=117, tensors=2)).worker_bytes == COLLECTED
    assert predict(scenario(1, batch_size=117, tensors=2, method="spawn")).worker_bytes == SPAWNED


def test_heaps_may_grow_by_a_sample_for_each_kept_reference():
    long = predict(scenario(2, **EIGHT, tensors=1, batches=1000))
    assert long.growth_bytes == 2 * 128 * MB
    assert long.highest_bytes == long.total_bytes + 2 * 128 * MB
    assert predict(scenario(2, **EIGHT, tensors=1, batches=100)).growth_bytes == 2 * 50 * MB
    assert predict(scenario(2, **EIGHT, tensors=2, batches=100)).growth_bytes == 2 * 100 * MB
    assert predict(scenario(2, batch_size=1, sample_bytes=2**25 + 1, tensors=1)).growth_bytes == 0
    assert predict(scenario(0, **EIGHT)).growth_bytes == 6 * 8 * MB
    assert predict(scenario(0, batch_size=1, sample_bytes=2**25 + 1, tensors=1)).growth_bytes == 0
    again = scenario(2, **EIGHT, tensors=1, batches=100, epochs=2)
    kept = replace(again, loader=replace(again.loader, persistent_workers=True))
    assert (predict(again).growth_bytes, predict(kept).growth_bytes) == (2 * 50 * MB, 2 * 100 * MB)
    # The batch that workers forked anew inherit is all that persistent ones save.
    assert predict(again).total_bytes == predict(kept).total_bytes + IN_PAGES


@given(whole_scenarios(), st.data())
def test_more_of_anything_never_takes_less(one, data):
    name = data.draw(st.sampled_from(["sample_bytes", "dataset_bytes", "batch_size", "epochs", "num_workers", "ranks"]))
    # Another division of an iterable dataset may drop other samples.
    if one.workload.iterable and name in {"batch_size", "num_workers"}:
        one = replace(one, workload=replace(one.workload, iterable=False))
    part = next(part for part in ("workload", "loader", "machine") if hasattr(getattr(one, part), name))
    larger = getattr(getattr(one, part), name) + data.draw(st.integers(1, 1000 if part == "workload" else 20))
    less, more = predict(one), predict(replace(one, **{part: replace(getattr(one, part), **{name: larger})}))
    assert more.total_bytes >= less.total_bytes
    assert more.pinned_bytes >= less.pinned_bytes
    assert more.shm_bytes >= less.shm_bytes
    assert more.workers_bytes >= less.workers_bytes


@given(whole_scenarios(least_workers=1, threads=False))
def test_a_larger_prefetch_never_takes_less_and_fork_never_more_than_spawn(one):
    further = replace(one, loader=replace(one.loader, prefetch_factor=(one.loader.prefetch_factor or 2) + 1))
    assert predict(further).total_bytes >= predict(one).total_bytes
    fork, spawn = (replace(one, loader=replace(one.loader, multiprocessing_context=how)) for how in ("fork", "spawn"))
    assert predict(fork).total_bytes < predict(spawn).total_bytes
    assert predict(fork).shm_bytes >= predict(spawn).shm_bytes


@given(whole_scenarios())
def test_the_total_lies_between_its_largest_part_and_the_sum_of_all(one):
    seen = predict(one)
    ranks = one.machine.ranks
    parts = (ranks * (seen.main_bytes - LIBRARY_BYTES), seen.workers_bytes, seen.shm_bytes, seen.pinned_bytes)
    assert seen.total_bytes <= LIBRARY_BYTES + sum(parts) + ranks * 13 * MB
    assert seen.total_bytes >= max(seen.workers_bytes, seen.pinned_bytes)
    assert seen.total_bytes >= LIBRARY_BYTES + ranks * SPAWNED


@pytest.mark.parametrize("wrong", [None, {}, "fork", Workload()])
def test_anything_but_a_scenario_is_refused(wrong):
    with pytest.raises(ValueError, match="scenario must be a Scenario, got"):
        predict(wrong)
