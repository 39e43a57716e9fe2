"""The word on the screen, for simulated runs that stay below their bounds or start slowly."""

import pytest
from judged import asked, named, verdict

from dataloader_sim import bounds


def test_one_slow_batch_in_some_is_named_order():
    # Every seventh batch costs ten times as much, and one credit per worker cannot cover it.
    slow = {"batches": 200, "batch_size": 1, "io_s": 0.01, "cpu_s": 0.0, "slow_every": 7, "slow_factor": 10.0}
    seen = verdict(4, prefetch_factor=1, step_s=0.006, **slow)
    assert seen.limit == "order"
    assert seen.finding.startswith("Order is the limit: for 100 % of the GPU's waiting, loaded batches were held")
    assert seen.advice == "Raise prefetch_factor to 5, or try in_order=False if the order of batches does not matter."
    assert named(seen.change) == ("loader.prefetch_factor", 5)


def test_slow_batches_that_fall_on_one_worker_need_another_order():
    # Every second batch is slow: worker 1 of two gets them all.
    slow = {"batches": 100, "batch_size": 1, "io_s": 0.01, "cpu_s": 0.0, "slow_every": 2, "slow_factor": 10.0}
    seen = verdict(2, step_s=0.001, prefetch_factor=8, **slow)
    assert seen.limit == "order"
    assert seen.finding.startswith("Order is the limit: batch k goes to worker k mod 2, the slow batches always to the")
    assert named(seen.change) == ("loader.in_order", False)
    assert verdict(2, step_s=0.001, prefetch_factor=8, in_order=False, **slow).limit == "loader"


def test_where_everything_is_loaded_ahead_a_deeper_queue_is_not_advised():
    slow = {"batches": 24, "batch_size": 1, "io_s": 0.01, "cpu_s": 0.0, "slow_every": 7, "slow_factor": 10.0}
    seen = verdict(4, prefetch_factor=6, step_s=0.006, **slow)
    assert seen.limit == "order"
    assert "prefetch_factor" not in seen.advice
    assert named(seen.change) == ("loader.in_order", False)


def test_uneven_batches_that_empty_the_queue_are_named_and_not_the_cores():
    # One worker cannot have loaded batches held behind a slow one.
    uneven = {"batches": 200, "batch_size": 1, "io_s": 0.01, "cpu_s": 0.0, "step_s": 0.011, "jitter": 1.0}
    seen = verdict(1, prefetch_factor=1, **uneven)
    assert seen.limit == "jitter"
    assert seen.finding.startswith("Uneven batches are the limit: on average loading keeps up with the GPU's 91 sample")
    assert seen.advice.startswith("Raise prefetch_factor to ")
    assert seen.change.value >= 2


def test_uneven_parts_of_an_iterable_dataset_are_named_with_the_worker_that_ends_alone():
    seen = verdict(4, iterable=True, shard_skew=1.0, batches=64, step_s=0.02)
    assert seen.limit == "shards"
    assert seen.finding.startswith("Uneven shards are the limit: worker 0 loads 28 of 64 batches and ends alone")
    assert seen.advice == "Give each worker an equal part of the samples, about 16 batches for each of 4."
    assert named(seen.change) == ("workload.shard_skew", 0.0)
    assert verdict(4, iterable=True, batches=64, step_s=0.02).limit == "loader"


def test_a_tail_of_one_worker_is_named_where_the_bounds_lie_above_the_gpu():
    seen = verdict(2, iterable=True, shard_skew=0.5, batches=128, batch_size=16, io_s=0.01, cpu_s=0.0, step_s=0.12)
    assert (
        bounds(asked(2, iterable=True, shard_skew=0.5, batch_size=16, io_s=0.01, cpu_s=0.0, step_s=0.12)).loader > 133
    )
    assert seen.limit == "shards"


def test_ranks_that_wait_for_the_slowest_are_named():
    ranks = {"ranks": 4, "batches": 100, "batch_size": 1, "io_s": 0.01, "cpu_s": 0.0, "step_s": 0.011, "jitter": 1.0}
    seen = verdict(1, prefetch_factor=1, **ranks)
    assert seen.limit == "ranks"
    assert seen.finding.startswith("Stragglers among the ranks are the limit: ")
    assert seen.advice.startswith("Raise prefetch_factor to ")


def test_a_training_process_that_loads_unevenly_is_told_to_load_ahead():
    seen = verdict(0, step_s=0.012, synchronize=False, batches=200, batch_size=1, io_s=0.01, cpu_s=0.0, jitter=1.0)
    assert seen.limit == "jitter"
    assert named(seen.change) == ("loader.num_workers", 1)


def test_epochs_that_start_anew_are_told_to_keep_their_workers_and_what_that_spares():
    epochs = {"epochs": 4, "batches": 16, "worker_spawn_s": 0.1, "worker_exit_s": 0.05}
    seen = verdict(8, **epochs)
    assert seen.limit == "startup"
    assert seen.finding.startswith("Start-up is the limit: each of 4 epochs starts anew, and the GPU waits")
    # 8 x (0.1 + 0.05) s pass before the first index goes out; the run takes 4 x (0.8 + 0.192 + 16 x 0.03 + 0.4) s.
    assert seen.advice.startswith(
        "Keep the workers with persistent_workers=True: stopping and starting them takes 1.2 s between two epochs, 48 %"
    )
    assert named(seen.change) == ("loader.persistent_workers", True)
    kept = verdict(8, **epochs, persistent_workers=True)
    assert (kept.limit, kept.change) == ("startup", None)
    assert kept.advice == "Run more batches per epoch (now 16), so that each start counts less."


def test_persistent_workers_are_advised_only_where_workers_start_again():
    assert "persistent_workers" not in verdict(4, batches=3, batch_size=100, io_s=0.01, step_s=0.2).advice


def test_a_long_first_batch_in_a_short_run_is_named_startup():
    seen = verdict(4, batches=3, batch_size=100, io_s=0.01, cpu_s=0.0, step_s=0.25, collate_s=0.0)
    assert seen.limit == "startup"
    assert seen.finding == "Start-up is the limit: the first batch took 57 % of the run."


def test_one_batch_and_no_cost_at_all_say_so():
    assert verdict(0, batches=1).limit == "startup"
    nothing = verdict(2, io_s=0.0, cpu_s=0.0, step_s=0.0)
    assert nothing.finding == "Nothing limits this run: nothing in it takes time."


def test_evidence_carries_names_values_and_units():
    evidence = {one.name: one for one in verdict(2).evidence}
    assert evidence["throughput"].value == pytest.approx(333.3, abs=0.1)
    assert evidence["throughput"].unit == "samples/s"
    assert evidence["loader bound"].value == pytest.approx(333.3, abs=0.1)
    assert evidence["storage bound"].value == float("inf")
    assert "pinning thread bound" not in evidence
    assert "pinning thread bound" in {one.name for one in verdict(2, pin_memory=True, get_s=0.001).evidence}
