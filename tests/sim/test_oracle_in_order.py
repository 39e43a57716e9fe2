"""In order, map style, a core for everyone: every span equals the recurrence's, one equation per batch."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from oracles import any_order, in_order
from oracles.compare import assert_hand_overs, assert_same_run
from strategies import whole_scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.costs import Costs
from dataloader_sim.timeline import GPU, MAIN, PIN, Activity

ENOUGH = 64.0
many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRODUCERS = [
    simulate,
    lambda scenario: in_order.run(scenario).timeline,
    lambda scenario: any_order.run(scenario).timeline,
]
producers = pytest.mark.parametrize("produce", PRODUCERS, ids=["engine", "recurrence", "protocol"])


@many
@given(whole_scenarios(exact=True, iterable=False, in_order=True, threads=False, cores=ENOUGH))
def test_with_exact_times_every_span_equals_the_recurrence_and_ties_go_to_the_lower_worker(scenario):
    expected = in_order.run(scenario)
    assert_same_run(simulate(scenario), expected.timeline)


@many
@given(whole_scenarios(iterable=False, in_order=True, threads=False, cores=ENOUGH))
def test_with_any_times_every_span_equals_the_recurrence(scenario):
    expected = in_order.run(scenario)
    # Which of two messages comes first must not hang on the rounding of a sum.
    assume(expected.closest_s > 1e-9)
    assert_same_run(simulate(scenario), expected.timeline)


@many
@given(whole_scenarios(iterable=False, in_order=True, threads=True, cores=ENOUGH))
def test_threads_that_need_no_lock_are_workers_without_plumbing(scenario):
    scenario = replace(scenario, machine=replace(scenario.machine, free_threaded=True))
    expected = in_order.run(scenario)
    assume(expected.closest_s > 1e-9)
    assert_same_run(simulate(scenario), expected.timeline)
    released = replace(scenario.workload, gil_share=0.0)
    locked = replace(scenario, workload=released, machine=replace(scenario.machine, free_threaded=False))
    assert_same_run(simulate(locked), expected.timeline)


@many
@given(whole_scenarios(iterable=False, in_order=True, cores=ENOUGH))
def test_the_protocol_word_by_word_gives_the_recurrence(scenario):
    expected = in_order.run(scenario)
    assert_same_run(any_order.run(scenario).timeline, expected.timeline)


@producers
def test_one_worker_and_every_plumbing_cost_by_hand(produce):
    work = Workload(
        batches=2, batch_size=1, io_s=0.09, cpu_s=0.0, collate_s=0.009, step_s=0.05, launch_s=0.002, sample_bytes=1000
    )
    machine = Machine(
        cores=ENOUGH, worker_spawn_s=0.01, worker_boot_s=0.02, worker_exit_s=0.008, put_s=0.005, get_s=0.004,
        get_tensor_s=0.001, shm_bytes_per_s=1e6, touch_bytes_per_s=1000 / 0.003, h2d_bytes_per_s=1000 / 0.007,
    )  # fmt: skip
    seen = produce(Scenario(workload=work, loader=LoaderConfig(num_workers=1, prefetch_factor=1), machine=machine))
    names = [(one["lane"], Activity(one["activity"]).name, one["batch"]) for one in seen.spans]
    ms = sorted((*name, one["start_s"] * 1e3, one["end_s"] * 1e3) for name, one in zip(names, seen.spans, strict=True))
    expected = [
        (MAIN, "START", 0, 0, 10), (0, "BOOT", 0, 10, 30), (MAIN, "SEND", 0, 10, 10),
        (0, "LOAD", 0, 30, 130), (0, "PUT", 0, 130, 135), (MAIN, "GET", 0, 135, 141),
        (MAIN, "RECEIVE", 0, 141, 141), (MAIN, "SEND", 1, 141, 141), (0, "LOAD", 1, 141, 241),
        (MAIN, "TOUCH", 0, 141, 144), (GPU, "COPY", 0, 144, 151), (MAIN, "LAUNCH", 0, 151, 153),
        (GPU, "STEP", 0, 153, 203), (0, "PUT", 1, 241, 246), (MAIN, "GET", 1, 246, 252),
        (MAIN, "RECEIVE", 1, 252, 252), (MAIN, "TOUCH", 1, 252, 255), (GPU, "COPY", 1, 255, 262),
        (MAIN, "LAUNCH", 1, 262, 264), (GPU, "STEP", 1, 264, 314), (MAIN, "STOP", 0, 314, 322),
    ]  # fmt: skip
    assert ms == [(*one[:3], pytest.approx(one[3]), pytest.approx(one[4])) for one in sorted(expected)]


@producers
def test_a_pinning_thread_takes_messages_during_the_step_by_hand(produce):
    work = Workload(batches=2, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.1, sample_bytes=1000)
    machine = Machine(cores=ENOUGH, get_s=0.02, pin_bytes_per_s=1e5, touch_bytes_per_s=1e6, h2d_bytes_per_s=1000 / 0.03)
    loader = LoaderConfig(num_workers=2, pin_memory=True)
    seen = produce(Scenario(workload=work, loader=loader, machine=machine))
    pins = seen.spans[seen.spans["lane"] == PIN]
    # Both messages arrive at 10 ms; each is taken in 20 ms, then touched and pinned in 1 + 10 ms.
    assert np.sort(pins["end_s"]) == pytest.approx([0.03, 0.041, 0.061, 0.072])
    rows, copies = seen.batches(), seen.of(Activity.COPY)
    assert rows["received_s"] == pytest.approx([0.041, 0.171])
    assert np.sort(copies["end_s"]) == pytest.approx([0.071, 0.201])
    assert rows["step_start_s"] == pytest.approx([0.071, 0.201])


@producers
def test_a_host_that_does_not_wait_runs_two_steps_ahead_by_hand(produce):
    work = Workload(batches=5, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.1, launch_s=0.001, synchronize=False)
    seen = produce(Scenario(workload=work, loader=LoaderConfig(num_workers=5), machine=Machine(cores=ENOUGH)))
    # Two steps are launched at once; the third waits for the first to end at 111 ms.
    assert np.sort(seen.of(Activity.LAUNCH)["start_s"]) == pytest.approx([0.01, 0.011, 0.111, 0.211, 0.311])
    assert np.sort(seen.of(Activity.STEP)["end_s"]) == pytest.approx([0.111, 0.211, 0.311, 0.411, 0.511])


@producers
def test_every_other_batch_slow_by_hand(produce):
    work = Workload(batches=8, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0, slow_every=2, slow_factor=20.0)
    seen = produce(Scenario(workload=work, loader=LoaderConfig(num_workers=2), machine=Machine(cores=ENOUGH)))
    # Odd batches take 200 ms, all on worker 1.
    received = [0.01, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8]
    assert_hand_overs(seen, [(batch, batch % 2, at) for batch, at in enumerate(received)])
    rows = seen.batches()
    # Batch 2 is loaded at 20 ms, held until 200, and only then frees its credit for batch 6.
    assert rows["loaded_s"][2] == pytest.approx(0.02)
    assert rows["sent_s"][6] == pytest.approx(0.2)


def test_the_oracles_give_the_recorded_trace_of_the_live_loader(monkeypatch):
    slow_even = np.where(np.arange(14) % 2 == 0, 20.0, 1.0).astype(np.float32).reshape(1, 14)
    monkeypatch.setattr("oracles.amounts.costs", lambda work, *_: Costs(work, slow_even))
    work = Workload(batches=14, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0)
    traced = Scenario(workload=work, loader=LoaderConfig(num_workers=2), machine=Machine(cores=ENOUGH))
    # Even batches took 200 ms, odd ones 10, in the real loader (torch 2.13): 1414 and 816 ms, overheads included.
    assert in_order.run(traced).timeline.end_s == pytest.approx(1.4)
    unordered = any_order.run(replace(traced, loader=replace(traced.loader, in_order=False))).timeline
    rows = unordered.batches()
    first = list(zip(rows["batch"].tolist(), rows["worker"].tolist(), strict=True))[:4]
    assert first == [(1, 1), (3, 1), (0, 0), (4, 1)]
    assert unordered.end_s == pytest.approx(0.8, rel=0.02)
