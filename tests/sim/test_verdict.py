"""The word on the screen, for simulated runs whose limit is a resource or nothing."""

from dataclasses import replace

import pytest
from judged import asked, named, verdict

from dataloader_sim import judge, metrics, simulate
from dataloader_sim.verdict.advice import in_the_training_process


def test_few_workers_limit_and_the_advice_is_the_knee():
    seen = verdict(2)
    assert seen.limit == "loader"
    assert seen.finding == (
        "The loader is the limit: 2 workers can load about 333 samples/s, and the GPU waits 69 % of the time."
    )
    assert seen.advice == "Raise num_workers to 7; from there the GPU is the limit, at 1,067 samples/s at most."
    assert named(seen.change) == ("loader.num_workers", 7)


def test_the_knee_of_a_sweep_replaces_that_of_the_bounds():
    timeline = simulate(asked(2))
    assert judge(timeline, knee=9).advice.startswith("Raise num_workers to 9")
    assert judge(timeline, knee=2).advice.startswith("More workers can bring")


def test_metrics_that_are_known_already_are_not_computed_again():
    timeline = simulate(asked(2))
    known = replace(metrics(timeline), samples_per_s=123.0)
    assert judge(timeline, seen=known).evidence[0].value == 123.0


def test_no_more_workers_are_advised_than_have_two_batches_each():
    seen = verdict(1, batches=10, step_s=0.001)
    assert seen.advice == "Raise num_workers to 5: so many can load about 833 samples/s."


def test_where_nothing_else_limits_twice_the_workers_are_tried():
    assert verdict(3, cpu_s=0.0, step_s=0.0).advice.startswith("Raise num_workers to 6")
    assert verdict(0, cpu_s=0.0, step_s=0.0).advice.startswith("Raise num_workers to 2")


def test_without_workers_load_and_step_take_turns():
    seen = verdict(0)
    assert seen.limit == "loader"
    assert seen.finding.startswith("Loading and training take turns, and the GPU waits 86 % of the time.")
    assert verdict(0, synchronize=False).finding.startswith("Nothing loads ahead, and")


def test_a_training_process_that_loads_and_launches_while_the_gpu_runs_is_told_to_load_elsewhere():
    # It loads for 3.2 ms and launches for 2 ms, the step takes 4 ms.
    seen = verdict(0, io_s=0.0, cpu_s=0.0001, step_s=0.004, launch_s=0.002, synchronize=False)
    assert seen.finding == "Nothing loads ahead, and the GPU runs no step 23 % of the time."
    assert seen.advice == "Raise num_workers to 1; from there the GPU is the limit, at 8,000 samples/s at most."


def test_workers_are_not_advised_where_handing_batches_on_costs_more_than_loading_them():
    # Loading takes 32 ms, receiving a batch 100 ms.
    seen = verdict(0, io_s=0.001, cpu_s=0.0, step_s=0.03, get_s=0.1)
    assert seen.advice == "More workers cannot help: make a sample cheaper to load."
    back = verdict(2, io_s=0.001, cpu_s=0.0, step_s=0.03, get_s=0.1)
    assert back.limit == "host"
    assert named(back.change) == ("loader.num_workers", 0)


def test_more_workers_are_not_advised_where_working_in_lock_step_is_slower_than_none():
    # One read at a time and one core: two workers read for 32 ms and compute for 18 ms, one batch alone takes 17 ms.
    slow = {"batch_size": 1, "io_s": 0.016, "cpu_s": 0.001, "step_s": 0.0, "put_s": 0.008, "cores": 1.0}
    seen = verdict(0, synchronize=False, storage_streams=1, **slow)
    assert (seen.limit, seen.change) == ("loader", None)


def test_every_epoch_of_one_batch_is_loaded_alone_without_workers():
    assert verdict(0, batches=1, epochs=20).limit == "loader"


@pytest.mark.parametrize(
    ("settings_", "offered"),
    [({}, True), ({"ranks": 2}, True), ({"ranks": 2, "jitter": 0.1}, False), ({"ranks": 2, "cores": 1.0}, False)],
)
def test_loading_without_workers_is_offered_only_where_no_rank_holds_up_another(settings_, offered):
    assert bool(in_the_training_process(asked(2, **settings_))) == offered


def test_a_busy_gpu_leaves_nothing_to_gain():
    seen = verdict(8)
    assert seen.limit == "gpu"
    assert "Nothing to gain" in seen.advice
    assert "num_workers=7" in seen.advice
    assert named(seen.change) == ("loader.num_workers", 7)
    assert judge(simulate(asked(8)), knee=5).change.value == 5


def test_fewer_workers_are_not_called_enough_where_batches_are_uneven():
    seen = verdict(8, jitter=1.0, batch_size=4, step_s=0.004)
    assert (seen.limit, seen.change) == ("gpu", None)


def test_fewer_workers_are_not_called_enough_for_an_iterable_dataset_whose_parts_end_apart():
    seen = verdict(8, iterable=True, shard_skew=1.0, batches=128, batch_size=16, io_s=0.01, step_s=0.12)
    assert (seen.limit, seen.change) == ("gpu", None)


def test_short_batches_of_an_iterable_dataset_are_named_where_the_gpu_is_busy():
    seen = verdict(12, iterable=True, batches=32, batch_size=8, step_s=0.12)
    assert seen.limit == "gpu"
    assert seen.advice.startswith("Use fewer workers, or larger parts: batches are not full, because each of 12 parts")


def test_full_cores_are_never_told_to_take_more_workers():
    seen = verdict(8, cores=2.0, io_s=0.0, cpu_s=0.01)
    assert seen.limit == "cores"
    assert seen.finding.startswith("The cores are the limit: 2 cores can load about 200 samples/s")
    assert seen.advice == (
        "More workers cannot help: make a sample cheaper on the CPU, or use a machine with more cores: "
        "with cores=8 the loader would be the limit."
    )


def test_one_storage_stream_limits_and_more_workers_cannot_help():
    seen = verdict(4, storage_streams=1, io_s=0.004, cpu_s=0.0, batches=64)
    assert seen.limit == "storage"
    assert seen.finding.startswith("The storage is the limit: 1 read at once, about 250 samples/s")
    assert seen.advice.startswith("More workers cannot help")
    assert named(seen.change) == ("machine.storage_streams", 4)


def test_even_batches_on_shared_cores_are_never_called_uneven():
    seen = verdict(8, cores=2.0, io_s=0.004, cpu_s=0.001, step_s=0.02, batches=64)
    assert seen.limit == "cores"
    assert seen.finding.startswith("The cores are the limit: 8 workers share 2 cores and slow each other down")
    assert "prefetch" not in seen.advice
    assert named(seen.change) == ("machine.cores", 9)


def test_workers_on_too_few_streams_are_a_crowd_at_the_storage():
    seen = verdict(4, storage_streams=2, io_s=0.004, cpu_s=0.004, step_s=0.075, batches=64)
    assert seen.limit == "storage"
    assert seen.finding.startswith("The storage is the limit: 4 workers share 2 reads at once and slow each other")
    assert named(seen.change) == ("machine.storage_streams", 4)


def test_threads_under_one_lock_are_told_to_use_processes_only_where_that_helps():
    python = {"io_s": 0.0, "cpu_s": 0.002, "step_s": 0.02, "threads": True}
    seen = verdict(4, **python)
    assert seen.limit == "gil"
    assert seen.finding.startswith("The interpreter lock is the limit: the threads of a process can load about 500")
    assert seen.advice.startswith("Use worker processes instead of threads")
    assert named(seen.change) == ("threads", False)
    assert named(verdict(4, **python, put_s=1.0).change) == ("machine.free_threaded", True)
    # On one core a lock costs nothing more.
    assert verdict(4, **python, cores=1.0).limit == "cores"


def test_threads_that_only_slow_each_other_down_under_the_lock_are_told_so():
    # The lock is held for 32 ms a batch, less than a step; loads of 128 ms take longer because four threads want it.
    seen = verdict(4, io_s=0.002, cpu_s=0.002, gil_share=0.5, step_s=0.033, threads=True)
    assert seen.limit == "gil"
    assert seen.finding.startswith("The interpreter lock is the limit: 4 threads share it with the training loop and")
    assert named(seen.change) == ("threads", False)


def test_workers_whose_starts_cost_more_than_they_load_are_not_advised():
    # Seven workers would bring an epoch from 6.1 s to 1.9 s, and start for 7 s in place of 2 s.
    slow = {"epochs": 3, "batches": 64}
    assert named(verdict(2, **slow, worker_spawn_s=0.1).change) == ("loader.num_workers", 7)
    assert verdict(2, **slow, worker_spawn_s=1.0).change is None
    assert named(verdict(2, **slow, worker_spawn_s=1.0, persistent_workers=True).change) == ("loader.num_workers", 7)


def test_the_training_process_limits_and_pinning_takes_work_off_it():
    touches = {"sample_bytes": 1_000_000, "touch_bytes_per_s": 1.6e9, "get_s": 0.002, "pin_bytes_per_s": 1e10}
    seen = verdict(8, launch_s=0.018, synchronize=False, **touches)
    assert seen.limit == "host"
    assert seen.finding == (
        "The training process is the limit: a batch takes it 40 ms, its first touch 20 ms of that, "
        "and the GPU runs no step 25 % of the time."
    )
    # A step takes 30 ms, the thread 2 + 20 + 3.2 ms, the launch 18 ms.
    assert seen.advice == (
        "Set pin_memory=True: a thread then takes the batches over; that allows up to 1,067 samples/s."
    )
    assert named(seen.change) == ("loader.pin_memory", True)


@pytest.mark.parametrize(
    ("settings_", "change", "word"),
    [
        ({"launch_s": 0.02}, ("workload.synchronize", False), "synchronize=False"),
        ({"launch_s": 0.06, "synchronize": False}, None, "cheaper to launch"),
        ({"get_tensor_s": 0.01, "tensors": 10, "synchronize": False}, ("workload.tensors", 1), "tensors=1"),
    ],
)
def test_what_spares_the_training_process_is_named(settings_, change, word):
    seen = verdict(8, **settings_)
    assert seen.limit == "host"
    assert (named(seen.change) if seen.change else None) == change
    assert word in seen.advice


def test_copies_limit_and_pinning_is_advised_once():
    copies = {"sample_bytes": 1_000_000, "h2d_bytes_per_s": 8e8, "launch_s": 0.01, "step_s": 0.01}
    seen = verdict(8, **copies)
    assert seen.limit == "copy"
    assert seen.finding == "The copy to the GPU is the limit: it takes 40 ms before each step of 10 ms."
    assert named(seen.change) == ("loader.pin_memory", True)
    pinned = verdict(8, **copies, pin_memory=True)
    assert (pinned.limit, pinned.change) == ("copy", None)
    assert pinned.advice.startswith("Make a sample smaller")


def test_a_slow_pinning_thread_is_worse_than_none():
    slow = {"sample_bytes": 1_000_000, "pin_bytes_per_s": 3e8, "pin_memory": True}
    seen = verdict(8, **slow)
    assert seen.limit == "pin"
    assert seen.finding.startswith("The pinning thread is the limit: it passes on about 300 samples/s")
    assert named(seen.change) == ("loader.pin_memory", False)
