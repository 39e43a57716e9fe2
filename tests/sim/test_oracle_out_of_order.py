"""Out of order, map style: the engine against torch's protocol word by word, over known load durations."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from oracles import any_order
from oracles.compare import assert_hand_overs, assert_same_run
from strategies import whole_scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.timeline import MAIN

ENOUGH = 64.0
many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRODUCERS = [simulate, lambda scenario: any_order.run(scenario).timeline]
producers = pytest.mark.parametrize("produce", PRODUCERS, ids=["engine", "protocol"])


@many
@given(whole_scenarios(exact=True, iterable=False, in_order=False, least_workers=1, threads=False, cores=ENOUGH))
def test_with_exact_times_every_span_equals_the_protocol_and_ties_go_to_the_lower_worker(scenario):
    expected = any_order.run(scenario)
    assert_same_run(simulate(scenario), expected.timeline)


@many
@given(whole_scenarios(iterable=False, in_order=False, least_workers=1, threads=False, cores=ENOUGH))
def test_with_any_times_every_span_equals_the_protocol(scenario):
    expected = any_order.run(scenario)
    # Which of two messages comes first must not hang on the rounding of a sum.
    assume(expected.closest_s > 1e-9)
    assert_same_run(simulate(scenario), expected.timeline)


@many
@given(whole_scenarios(iterable=False, in_order=False, least_workers=1))
def test_no_worker_has_more_outstanding_than_its_part_of_the_capacity(scenario):
    rows = simulate(scenario).batches()
    most = scenario.loader.capacity // scenario.loader.num_workers
    for rank, epoch, worker in {tuple(one) for one in rows[["rank", "epoch", "worker"]].tolist()}:
        own = rows[(rows["rank"] == rank) & (rows["epoch"] == epoch) & (rows["worker"] == worker)]
        for one in own:
            others = own[own["batch"] < one["batch"]]
            # Sent before it and handed over after it was sent: the hand-over at that very instant made the place.
            assert np.count_nonzero(others["received_s"] > one["sent_s"]) < most


@producers
def test_every_other_batch_slow_by_hand(produce):
    # Odd batches take 200 ms, even ones 10.
    work = Workload(batches=10, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0, slow_every=2, slow_factor=20.0)
    loader = LoaderConfig(num_workers=2, in_order=False)
    seen = produce(Scenario(workload=work, loader=loader, machine=Machine(cores=ENOUGH)))
    # Worker 1 is full with batches 1 and 3, so worker 0 gets 4, 5 and 6; 1 is handed over at 200 ms and 7 follows it.
    handed_over = [
        (0, 0, 0.01), (2, 0, 0.02), (4, 0, 0.03), (1, 1, 0.2), (5, 0, 0.23),
        (6, 0, 0.24), (8, 0, 0.25), (3, 1, 0.4), (9, 0, 0.45), (7, 1, 0.6),
    ]  # fmt: skip
    assert_hand_overs(seen, handed_over)


@producers
def test_a_training_process_that_is_late_gets_messages_in_the_order_of_arrival_by_hand(produce):
    work = Workload(batches=4, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.5, slow_every=3, slow_factor=5.0)
    loader = LoaderConfig(num_workers=2, prefetch_factor=1, in_order=False)
    seen = produce(Scenario(workload=work, loader=loader, machine=Machine(cores=ENOUGH)))
    # 0 and 1 arrive together: the lower worker goes first. Batch 2 (slow, 50 ms) is sent to worker 0, 3 to worker 1
    # only when 1 is handed over, at 510 ms; 2 has been there since 60 ms.
    assert_hand_overs(seen, [(0, 0, 0.01), (1, 1, 0.51), (2, 0, 1.01), (3, 1, 1.51)])
    assert seen.batches()["sent_s"] == pytest.approx([0.0, 0.0, 0.01, 0.51])
    assert seen.batches()["loaded_s"][2] == pytest.approx(0.06)


@producers
def test_out_of_order_may_end_later_by_hand(produce):
    # Batches 4 and 9 take 20 ms, the others 10. In order both workers load five of them until 60 ms. Out of order
    # worker 0 is full while it loads 4, so 8 goes to worker 1, and 9, sent at 40 ms, comes behind 6.
    work = Workload(batches=10, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0, slow_every=5, slow_factor=2.0)
    in_order = Scenario(workload=work, loader=LoaderConfig(num_workers=2), machine=Machine(cores=ENOUGH))
    unordered = replace(in_order, loader=replace(in_order.loader, in_order=False))
    assert produce(in_order).end_s == pytest.approx(0.06)
    assert produce(unordered).end_s == pytest.approx(0.07)


@producers
def test_without_workers_the_order_is_that_of_the_samples(produce):
    seen = produce(Scenario(workload=Workload(batches=4, jitter=1.0), loader=LoaderConfig(in_order=False)))
    assert seen.batches()["batch"].tolist() == [0, 1, 2, 3]
    assert set(seen.batches()["worker"].tolist()) == {MAIN}
