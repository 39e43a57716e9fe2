"""Cores, storage and interpreter locks shared by everything that uses them; ranks with synchronised steps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from oracles import any_order, stepped
from oracles.compare import assert_same_run
from strategies import whole_scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.costs import costs
from dataloader_sim.timeline import PIN, Activity

some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def by_small_steps(scenario):
    return stepped.converged(scenario, simulate(scenario).end_s)[0].timeline


producers = pytest.mark.parametrize("produce", [simulate, by_small_steps], ids=["engine", "small steps"])


def busy(scenario):
    """Let every sample use a core, and none cost what another does, so that few messages tie."""
    work = scenario.workload
    return replace(scenario, workload=replace(work, cpu_s=work.cpu_s + 0.01, jitter=work.jitter or 0.5))


def assert_as_by_small_steps(scenario):
    simulated = simulate(scenario)
    expected, off_s = stepped.converged(scenario, simulated.end_s)
    # Small steps cannot tell which of two messages came first that arrive within what they may be off.
    assume(expected.closest_s > off_s)
    assert_same_run(simulated, expected.timeline, within_s=off_s)


@some
@given(whole_scenarios(threads=False, batches=6, workers=4, ranks=2))
def test_processes_share_cores_and_storage_as_by_small_steps(scenario):
    assert_as_by_small_steps(busy(scenario))


@some
@given(whole_scenarios(threads=True, least_workers=1, batches=6, workers=4, ranks=2))
def test_threads_share_the_interpreter_lock_as_by_small_steps(scenario):
    assert_as_by_small_steps(busy(replace(scenario, machine=replace(scenario.machine, free_threaded=False))))


@settings(some, max_examples=150)
@given(whole_scenarios(cores=64.0, threads=False))
def test_a_hair_less_than_a_core_for_everyone_changes_next_to_nothing(scenario):
    expected = any_order.run(scenario)
    assume(expected.closest_s > 1e-5)
    processes = scenario.machine.ranks * (scenario.loader.num_workers + scenario.loader.pin_memory + 1)
    hair_less = replace(scenario, machine=replace(scenario.machine, cores=processes * (1 - 1e-9)))
    assert_same_run(simulate(hair_less), expected.timeline, within_s=1e-6)


@some
@given(whole_scenarios(cores=64.0, threads=False, batches=5))
def test_with_a_core_for_everyone_small_steps_are_the_protocol(scenario):
    expected, tick_s = any_order.run(scenario), 2.0**-10
    assume(expected.closest_s > 2 * tick_s)
    assert_same_run(stepped.run(scenario, tick_s).timeline, expected.timeline, within_s=1e-7)


def run(produce, *, workers=1, pin_memory=False, threads=False, machine=None, **work):
    work = {"batches": 2, "batch_size": 1, "io_s": 0.0, "cpu_s": 0.1, "step_s": 0.0} | work
    loader = LoaderConfig(num_workers=workers, prefetch_factor=1 if workers else None, pin_memory=pin_memory)
    return produce(
        Scenario(workload=Workload(**work), loader=loader, machine=Machine(**(machine or {})), threads=threads)
    )


def near(values):
    # Small steps: runs of a second in 3,000 ticks.
    return pytest.approx(values, abs=0.002)


@producers
def test_the_training_process_and_a_worker_share_one_core_by_hand(produce):
    seen = run(produce, launch_s=0.05, machine={"cores": 1.0})
    # Batch 0 is loaded at 100 ms. From there the launch (50 ms) and batch 1's load (100 ms) get half a core each: the
    # launch ends at 200, when 50 ms of the load are left, which end at 250.
    assert np.sort(seen.of(Activity.LAUNCH)["end_s"]) == near([0.2, 0.3])
    assert seen.batches()["loaded_s"] == near([0.1, 0.25])


@producers
def test_handing_a_batch_on_and_taking_it_share_the_cores_by_hand(produce):
    seen = run(produce, workers=2, machine={"cores": 1.0, "put_s": 0.02, "get_s": 0.01})
    # Both loads end at 200 ms, both puts at 240. Then the training process has the core alone: batch 0 is handed over
    # at 250, its step takes no time, and batch 1 follows.
    assert seen.batches()["loaded_s"][:2] == near([0.2, 0.2])
    assert np.sort(seen.of(Activity.PUT)["end_s"]) == near([0.24, 0.24])
    assert seen.batches()["received_s"] == near([0.25, 0.26])


@producers
def test_a_pinning_thread_takes_its_part_of_the_cores_by_hand(produce):
    machine = {"cores": 1.0, "pin_bytes_per_s": 1000 / 0.05}
    seen = run(produce, pin_memory=True, sample_bytes=1000, batches=3, machine=machine)
    # Pinning batch 0 (50 ms) has the core to itself from 100 to 150: with one credit, batch 1 is sent only then.
    pins = seen.spans[seen.spans["lane"] == PIN]
    assert np.sort(pins["end_s"]) == near([0.15, 0.3, 0.45])
    two = replace(seen.scenario, loader=replace(seen.scenario.loader, prefetch_factor=2))
    pins = produce(two).of(Activity.PIN)
    # With two, batch 1 loads beside it: 0 is pinned at 200, 1 loaded at 250. From there batch 2, sent at 200, loads
    # beside the pinning of 1: that ends at 350, the load at 400, its own pinning at 450.
    assert np.sort(pins["end_s"]) == near([0.2, 0.35, 0.45])


@producers
@pytest.mark.parametrize(
    ("cores", "gil_share", "free_threaded", "loaded_s"),
    [
        # Two threads, 100 ms each: 200 with the lock, side by side where nobody needs one.
        (4.0, 1.0, False, 0.2),
        (4.0, 1.0, True, 0.1),
        (4.0, 0.0, False, 0.1),
        # 50 ms side by side without the lock, then 50 ms each with it.
        (4.0, 0.5, False, 0.15),
        # One core: the lock costs nothing that the core does not cost already.
        (1.0, 0.5, False, 0.2),
        (1.0, 0.0, False, 0.2),
    ],
)
def test_threads_and_the_interpreter_lock_by_hand(produce, cores, gil_share, free_threaded, loaded_s):
    machine = {"cores": cores, "free_threaded": free_threaded}
    # Collate holds the lock in the same share as the samples, here in turn with them.
    seen = run(produce, workers=2, threads=True, gil_share=gil_share, cpu_s=0.06, collate_s=0.04, machine=machine)
    assert seen.batches()["loaded_s"] == near([loaded_s, loaded_s])


@producers
def test_processes_need_no_common_lock_by_hand(produce):
    assert run(produce, workers=2, machine={"cores": 4.0}).batches()["loaded_s"] == near([0.1, 0.1])


@producers
def test_a_launch_waits_for_the_lock_of_its_own_rank_only_by_hand(produce):
    seen = run(produce, threads=True, launch_s=0.05, machine={"cores": 8.0, "ranks": 2})
    # As on one core, though there are eight: the launch and batch 1's load take turns with the lock, in each rank.
    rows = seen.batches()
    for rank in (0, 1):
        assert rows[rows["rank"] == rank]["loaded_s"] == near([0.1, 0.25])


@producers
def test_waiting_threads_use_one_core_together_by_hand(produce):
    # Two ranks with two threads each, all with the lock: two use a core at once, so that each lock gets half of one.
    machine = {"cores": 1.0, "ranks": 2}
    seen = run(produce, workers=2, threads=True, cpu_s=0.06, collate_s=0.04, machine=machine)
    assert seen.batches()["loaded_s"] == near([0.4] * 4)


def test_no_rank_goes_on_before_all_have_ended_the_step_by_hand():
    work = Workload(batches=12, batch_size=2, jitter=1.0, step_s=0.01)
    scenario = Scenario(workload=work, machine=Machine(cores=64.0, ranks=3), seed=5)
    rows = simulate(scenario).batches()
    received = np.array([rows["received_s"][rows["rank"] == rank] for rank in range(3)])
    drawn = [costs(work, 5, rank) for rank in range(3)]
    loads = np.array([(one.io_s + one.cpu_s).reshape(12, 2).sum(axis=1) for one in drawn])
    assert not np.allclose(loads[0], loads[1])
    # Without workers all load at once, and step when the slowest has loaded.
    ends = np.cumsum(loads.max(axis=0) + 0.01)
    assert received == pytest.approx(loads + np.concatenate([[0.0], ends[:-1]]))


def test_ranks_on_cores_enough_hold_each_other_up_only_where_their_samples_differ():
    work, loader = Workload(batches=30, batch_size=2, jitter=1.0), LoaderConfig(num_workers=1, prefetch_factor=1)
    one = Scenario(workload=replace(work, step_s=0.01), loader=loader, machine=Machine(cores=64.0), seed=3)
    four = replace(one, machine=replace(one.machine, ranks=4))
    own, shared = simulate(one).batches(), simulate(four).batches()
    shared = shared[shared["rank"] == 0]
    assert np.all(shared["step_end_s"] >= own["step_end_s"])
    assert np.any(shared["step_end_s"] > own["step_end_s"] + 0.001)
    assert shared["loaded_s"] - shared["load_start_s"] == pytest.approx(own["loaded_s"] - own["load_start_s"])
    equal = replace(work, jitter=0.0)
    own, shared = (simulate(replace(each, workload=equal)).batches() for each in (one, four))
    assert shared["step_end_s"][shared["rank"] == 3] == pytest.approx(own["step_end_s"])
