"""Iterable datasets: who reads what, markers, the order of hand-over; against torch's protocol and by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracles import any_order
from oracles.amounts import Amounts
from oracles.compare import assert_hand_overs, assert_same_run
from strategies import whole_scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.timeline import Activity

ENOUGH = 64.0
many = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PRODUCERS = [simulate, lambda scenario: any_order.run(scenario).timeline]
producers = pytest.mark.parametrize("produce", PRODUCERS, ids=["engine", "protocol"])


@many
@given(whole_scenarios(exact=True, iterable=True, threads=False, cores=ENOUGH))
def test_with_exact_times_every_span_equals_the_protocol_and_ties_go_to_the_lower_worker(scenario):
    expected = any_order.run(scenario)
    assert_same_run(simulate(scenario), expected.timeline)


@many
@given(whole_scenarios(iterable=True, least_workers=1, cores=ENOUGH, threads=False))
def test_with_any_times_every_span_equals_the_protocol(scenario):
    expected = any_order.run(scenario)
    # Which of two messages comes first must not hang on the rounding of a sum.
    assume(expected.closest_s > 1e-9)
    assert_same_run(simulate(scenario), expected.timeline)


@many
@given(whole_scenarios(iterable=True))
def test_each_epoch_hands_over_every_batch_of_every_part_once(scenario):
    rows, work = simulate(scenario).batches(), scenario.workload
    shards = [[piece for piece in shard if not piece.dropped] for shard in Amounts(scenario, 0).shards()]
    assert rows.size == work.epochs * scenario.machine.ranks * sum(len(one) for one in shards)
    if scenario.loader.num_workers:
        for worker, shard in enumerate(shards):
            per_epoch = len(shard) * scenario.machine.ranks
            assert (rows["worker"] == worker).sum() == per_epoch * work.epochs


@given(st.integers(1, 500), st.integers(1, 5), st.integers(1, 64), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_the_parts_cover_the_samples_and_the_first_is_the_largest(batches, size, workers, skew):
    work = Workload(batches=batches, batch_size=size, iterable=True, shard_skew=skew)
    shards = Amounts(Scenario(workload=work, loader=LoaderConfig(num_workers=workers)), 0).shards()
    pieces = [piece for shard in shards for piece in shard]
    assert [piece.first for piece in pieces] == [0, *(piece.last for piece in pieces[:-1])]
    assert pieces[-1].last == work.samples
    sizes = [sum(piece.last - piece.first for piece in shard) for shard in shards]
    assert max(sizes) - sizes[0] <= 1
    assert skew or max(sizes) - min(sizes) <= 1


def epoch(produce, *, workers=3, drop_last=False, in_order=True, skew=0.0, **work):
    work = {"batches": 7, "batch_size": 2, "io_s": 0.01, "cpu_s": 0.0, "step_s": 0.0} | work
    loader = LoaderConfig(num_workers=workers, drop_last=drop_last, in_order=in_order)
    workload = Workload(iterable=True, shard_skew=skew, **work)
    return produce(Scenario(workload=workload, loader=loader, machine=Machine(cores=ENOUGH)))


@producers
def test_fourteen_samples_on_three_workers_by_hand(produce):
    # Parts of 5, 5 and 4 samples: batches of 2, 2, 1 and 2, 2, 1 and 2, 2. Tasks 0 .. 5 are sent at once.
    seen = epoch(produce)
    loads = sorted((one["batch"], one["lane"], one["end_s"] - one["start_s"]) for one in seen.of(Activity.LOAD))
    # Task 8 would be worker 2's third batch, for which it sends its marker instead.
    tasks = [
        (0, 0, 0.02),
        (1, 1, 0.02),
        (2, 2, 0.02),
        (3, 0, 0.02),
        (4, 1, 0.02),
        (5, 2, 0.02),
        (6, 0, 0.01),
        (7, 1, 0.01),
    ]
    assert loads == [(*one[:2], pytest.approx(one[2])) for one in tasks]
    received = [0.02, 0.02, 0.02, 0.04, 0.04, 0.04, 0.05, 0.05]
    assert_hand_overs(seen, [(*one[:2], at) for one, at in zip(tasks, received, strict=True)])


@producers
def test_drop_last_drops_the_short_batch_of_each_worker_by_hand(produce):
    # Parts of 5, 5 and 4 samples: two full batches each.
    seen = epoch(produce, drop_last=True)
    assert sorted(seen.batches()["worker"].tolist()) == [0, 0, 1, 1, 2, 2]
    assert seen.batches().size == 6


@producers
def test_a_worker_fetches_what_it_drops_by_hand(produce):
    # Parts of 3 samples: one batch of 2, and one sample that is fetched, not collated, and dropped with the marker.
    seen = epoch(produce, workers=2, batches=3, drop_last=True, collate_s=0.005)
    loads = sorted((one["batch"], one["lane"], one["start_s"], one["end_s"]) for one in seen.of(Activity.LOAD))
    expected = [(0, 0, 0.0, 0.025), (1, 1, 0.0, 0.025), (2, 0, 0.025, 0.035), (3, 1, 0.025, 0.035)]
    assert loads == [(*one[:2], pytest.approx(one[2]), pytest.approx(one[3])) for one in expected]
    assert seen.batches()["batch"].tolist() == [0, 1]


@producers
def test_survivors_get_the_credit_of_a_worker_that_ended_by_hand(produce):
    # Skew 1: of 8 samples in batches of 1, worker 0 reads ceil(8 x 3/4) = 6 and worker 1 the other 2.
    seen = epoch(produce, workers=2, batches=8, batch_size=1, skew=1.0)
    # Tasks alternate until the marker for task 5 is taken: then all go to worker 0. Task 7 was sent to worker 1 before
    # and is never answered.
    expected = [(0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (6, 0), (8, 0), (9, 0)]
    assert [(one["batch"], one["worker"]) for one in seen.batches()] == expected


@producers
def test_a_marker_is_taken_like_a_message_by_hand(produce):
    work = Workload(batches=1, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0, iterable=True, tensors=3)
    machine = Machine(cores=ENOUGH, get_s=0.25, get_tensor_s=1.0, put_s=0.04, worker_exit_s=0.5)
    loader = LoaderConfig(num_workers=1, prefetch_factor=1)
    seen = produce(Scenario(workload=work, loader=loader, machine=machine))
    taken = np.sort(seen.of(Activity.GET), order="start_s")
    # The batch is put until 50 ms and taken, with its tensors, until 3.3 s. Then task 1 is sent, and answered at once.
    assert taken["batch"].tolist() == [0, 1]
    assert taken["end_s"] == pytest.approx([3.3, 3.55])
    assert seen.of(Activity.STOP)["end_s"] == pytest.approx([4.05])


@producers
def test_out_of_order_survivors_share_the_capacity_by_hand(produce):
    seen = epoch(produce, workers=2, batches=8, batch_size=1, skew=1.0, in_order=False)
    assert sorted(seen.batches()["worker"].tolist()) == [0] * 6 + [1] * 2


def test_equal_parts_are_cut_exactly_even_where_floats_round_up():
    # 11 / 20 x 100 is 55.00000000000001 in floats.
    work = Workload(batches=100, batch_size=1, iterable=True, io_s=0.001, cpu_s=0.0, step_s=0.0)
    seen = simulate(Scenario(workload=work, loader=LoaderConfig(num_workers=20), machine=Machine(cores=ENOUGH)))
    assert [(seen.batches()["worker"] == one).sum() for one in range(20)] == [5] * 20
