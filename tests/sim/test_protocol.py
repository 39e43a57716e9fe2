"""The rules of torch's protocol, on any scenario."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import scenarios

from dataloader_sim import LoaderConfig, Scenario, Workload, simulate
from dataloader_sim.timeline import MAIN, Activity


@settings(max_examples=150, deadline=None)
@given(scenarios(least_workers=1))
def test_batch_k_is_loaded_by_worker_k_mod_num_workers_and_handed_over_in_order(scenario):
    rows = simulate(scenario).batches()
    expected = np.arange(scenario.workload.batches)
    assert rows["batch"].tolist() == expected.tolist()
    assert rows["worker"].tolist() == (expected % scenario.loader.num_workers).tolist()


@settings(max_examples=150, deadline=None)
@given(scenarios(least_workers=1))
def test_while_a_batch_is_in_hand_exactly_capacity_batches_are_outstanding(scenario):
    spans = simulate(scenario).spans
    total, capacity = scenario.workload.batches, scenario.loader.capacity
    sent = np.sort(spans["start_s"][spans["activity"] == Activity.SEND])
    received = np.sort(spans["end_s"][spans["activity"] == Activity.RECEIVE])
    for handed_over, at in enumerate(received, start=1):
        seen = int(np.searchsorted(sent, at, side="right"))
        ties = int(np.count_nonzero(received <= at))
        assert min(total, handed_over + capacity) <= seen <= min(total, ties + capacity)


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_no_lane_does_two_things_at_once(scenario):
    timeline = simulate(scenario)
    for lane in set(timeline.spans["lane"].tolist()):
        spans = timeline.spans[timeline.spans["lane"] == lane]
        spans = spans[spans["end_s"] > spans["start_s"]]
        assert np.all(spans["start_s"][1:] >= spans["end_s"][:-1])


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_each_batch_is_sent_loaded_received_and_stepped_in_that_order(scenario):
    rows = simulate(scenario).batches()
    order = ["load_start_s", "loaded_s", "received_s", "step_start_s", "step_end_s"]
    if scenario.loader.num_workers:
        order.insert(0, "sent_s")
    for earlier, later in itertools.pairwise(order):
        assert np.all(rows[earlier] <= rows[later])


def test_without_workers_the_training_process_loads_and_no_index_is_sent():
    timeline = simulate(Scenario(workload=Workload(batches=5)))
    assert set(timeline.batches()["worker"].tolist()) == {MAIN}
    assert np.isnan(timeline.batches()["sent_s"]).all()
    assert timeline.of(Activity.SEND).size == 0


def test_the_next_index_goes_out_at_hand_over_before_the_step():
    work = Workload(batches=6, batch_size=1, io_s=0.001, cpu_s=0.0, step_s=1.0)
    rows = simulate(Scenario(workload=work, loader=LoaderConfig(num_workers=1, prefetch_factor=1))).batches()
    # With one credit, batch k + 1 is sent when batch k is received, and loaded while batch k is stepped.
    assert rows["sent_s"][1:] == pytest.approx(rows["received_s"][:-1])
    assert rows["loaded_s"][1] < rows["step_end_s"][0]


def test_a_slow_batch_holds_loaded_ones_behind_it_and_frees_no_credit():
    work = Workload(batches=6, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0, slow_every=2, slow_factor=20.0)
    rows = simulate(Scenario(workload=work, loader=LoaderConfig(num_workers=2, prefetch_factor=1))).batches()
    # Samples 1, 3, 5 are slow and all on worker 1; batch 2 is loaded long before batch 1 and held.
    assert rows["loaded_s"][2] < rows["loaded_s"][1]
    assert rows["received_s"][2] == pytest.approx(rows["received_s"][1])
    assert rows["sent_s"][3] == pytest.approx(rows["received_s"][1])
