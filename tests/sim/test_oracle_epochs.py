"""How epochs start and end: workers started, booted, resumed, stopped; every span against the oracles and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles import any_order, in_order
from oracles.compare import assert_same_run
from strategies import whole_scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.timeline import MAIN, Activity

ENOUGH = 64.0
LARGE = 65_537
PRODUCERS = [
    simulate,
    lambda scenario: in_order.run(scenario).timeline,
    lambda scenario: any_order.run(scenario).timeline,
]
producers = pytest.mark.parametrize("produce", PRODUCERS, ids=["engine", "recurrence", "protocol"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    whole_scenarios(exact=True, least_workers=1, threads=False, cores=ENOUGH, batches=5),
    st.integers(2, 4),
    st.booleans(),
    st.sampled_from([None, "fork", "forkserver", "spawn"]),
)
def test_every_span_of_several_epochs_equals_the_protocol(scenario, epochs, persistent, context):
    loader = replace(scenario.loader, persistent_workers=persistent, multiprocessing_context=context)
    scenario = replace(scenario, workload=replace(scenario.workload, epochs=epochs), loader=loader)
    expected = any_order.run(scenario)
    assert_same_run(simulate(scenario), expected.timeline)


def run_of(produce, *, dataset_bytes=0, **options):
    work = Workload(batches=4, batch_size=1, epochs=2, io_s=0.1, cpu_s=0.0, step_s=0.01, dataset_bytes=dataset_bytes)
    machine = Machine(
        cores=ENOUGH, worker_spawn_s=0.01, worker_boot_s=0.02, worker_import_s=1.0, worker_exit_s=0.005, get_s=0.001
    )
    loader = LoaderConfig(num_workers=2, prefetch_factor=1, **options)
    return produce(Scenario(workload=work, loader=loader, machine=machine))


def spans_of(timeline, activity, lane=None):
    chosen = timeline.of(activity)
    chosen = chosen if lane is None else chosen[chosen["lane"] == lane]
    return [(one["epoch"], one["batch"], one["start_s"], one["end_s"]) for one in np.sort(chosen, order="start_s")]


def first_sent_s(timeline):
    return timeline.of(Activity.SEND)["start_s"].min()


def approximately(spans):
    return [(*one[:2], pytest.approx(one[2]), pytest.approx(one[3])) for one in spans]


@producers
def test_workers_are_started_one_by_one_and_boot_beside_each_other_by_hand(produce):
    seen = run_of(produce)
    assert spans_of(seen, Activity.START)[:2] == approximately([(0, 0, 0.0, 0.01), (0, 1, 0.01, 0.02)])
    assert spans_of(seen, Activity.BOOT)[:2] == approximately([(0, 0, 0.01, 0.03), (0, 1, 0.02, 0.04)])
    # No index goes out before both were started.
    assert spans_of(seen, Activity.SEND)[:2] == approximately([(0, 0, 0.02, 0.02), (0, 1, 0.02, 0.02)])
    assert seen.batches()["load_start_s"][:2] == pytest.approx([0.03, 0.04])


@producers
def test_without_persistent_workers_an_epoch_ends_with_their_stop_and_the_next_starts_them_anew_by_hand(produce):
    seen = run_of(produce)
    # 130: loaded, 131: received, 141: stepped; worker 1 at 140, received at 142 and stepped until 152; then 231, 252.
    first = seen.batches()["step_end_s"][:4]
    assert first == pytest.approx([0.141, 0.152, 0.242, 0.253])
    stops = [(0, 0, 0.253, 0.258), (0, 1, 0.258, 0.263)]
    assert spans_of(seen, Activity.STOP)[:2] == approximately(stops)
    assert spans_of(seen, Activity.START)[2:] == approximately([(1, 0, 0.263, 0.273), (1, 1, 0.273, 0.283)])
    assert seen.end_s == pytest.approx(2 * 0.263)


@producers
def test_persistent_workers_answer_one_resume_each_and_are_stopped_once_by_hand(produce):
    seen = run_of(produce, persistent_workers=True)
    assert len(spans_of(seen, Activity.START)) == len(spans_of(seen, Activity.BOOT)) == 2
    resumed = spans_of(seen, Activity.GET, MAIN)[4:6]
    assert resumed == approximately([(1, 0, 0.253, 0.254), (1, 1, 0.254, 0.255)])
    # Both load at once from 255 on: received at 356 and, after the step until 366, at 367; then again from there.
    assert seen.batches()["step_end_s"][4:] == pytest.approx([0.366, 0.377, 0.467, 0.478])
    assert spans_of(seen, Activity.STOP) == approximately([(1, 0, 0.478, 0.483), (1, 1, 0.483, 0.488)])


@producers
@pytest.mark.parametrize("context", ["forkserver", "spawn"])
def test_a_child_that_inherits_nothing_imports_first_by_hand(produce, context):
    seen = run_of(produce, multiprocessing_context=context)
    assert spans_of(seen, Activity.BOOT)[:2] == approximately([(0, 0, 0.01, 1.03), (0, 1, 0.02, 1.04)])


@producers
def test_a_dataset_larger_than_the_pipe_makes_the_starts_wait_for_the_boots_by_hand(produce):
    seen = run_of(produce, multiprocessing_context="spawn", dataset_bytes=LARGE)
    assert spans_of(seen, Activity.START)[:2] == approximately([(0, 0, 0.0, 0.01), (0, 1, 1.03, 1.04)])
    assert spans_of(seen, Activity.BOOT)[:2] == approximately([(0, 0, 0.01, 1.03), (0, 1, 1.04, 2.06)])
    assert first_sent_s(seen) == pytest.approx(2.06)
    small = run_of(produce, multiprocessing_context="spawn", dataset_bytes=LARGE - 1)
    forked = run_of(produce, multiprocessing_context="fork", dataset_bytes=LARGE)
    assert first_sent_s(small) == first_sent_s(forked) == pytest.approx(0.02)


@producers
@pytest.mark.parametrize(("persistent", "resumed"), [(False, Activity.STOP), (True, Activity.GET)])
def test_a_worker_that_still_boots_is_waited_for_by_hand(produce, persistent, resumed):
    work = Workload(batches=1, batch_size=1, epochs=2, io_s=0.001, cpu_s=0.0, step_s=0.0)
    machine = Machine(cores=ENOUGH, worker_spawn_s=0.01, worker_boot_s=0.1, worker_exit_s=0.002, get_s=0.002)
    loader = LoaderConfig(num_workers=3, persistent_workers=persistent)
    seen = produce(Scenario(workload=work, loader=loader, machine=machine))
    boots = [(0, 0, 0.01, 0.11), (0, 1, 0.02, 0.12), (0, 2, 0.03, 0.13)]
    assert spans_of(seen, Activity.BOOT)[:3] == approximately(boots)
    # The one batch is handed over at 113 ms, when worker 0 alone has booted.
    waited = [(int(persistent), 0, 0.113, 0.115), (int(persistent), 1, 0.12, 0.122), (int(persistent), 2, 0.13, 0.132)]
    after = [one for one in spans_of(seen, resumed, MAIN) if one[2] >= 0.1129][:3]
    assert after == approximately(waited)


@pytest.mark.parametrize("produce", PRODUCERS[::2], ids=["engine", "protocol"])
def test_an_epoch_may_begin_when_the_last_message_of_the_one_before_arrives_by_hand(produce):
    work = Workload(batches=1, batch_size=1, epochs=3, io_s=0.01, cpu_s=0.0, step_s=0.0, iterable=True)
    loader = LoaderConfig(num_workers=2, persistent_workers=True)
    seen = produce(Scenario(workload=work, loader=loader, machine=Machine(cores=ENOUGH)))
    # All that the training process does takes no time: worker 0 is told to load again while it hands its batch on.
    assert spans_of(seen, Activity.LOAD) == approximately([(0, 0, 0.0, 0.01), (1, 0, 0.01, 0.02), (2, 0, 0.02, 0.03)])


@producers
def test_threads_start_resume_and_stop_for_nothing(produce):
    work = Workload(batches=4, batch_size=1, epochs=2, io_s=0.1, cpu_s=0.0, step_s=0.01)
    machine = Machine(cores=ENOUGH, worker_spawn_s=1.0, worker_boot_s=1.0, worker_exit_s=1.0, get_s=1.0, put_s=1.0)
    seen = produce(Scenario(workload=work, loader=LoaderConfig(num_workers=2), machine=machine, threads=True))
    assert {Activity(one).name for one in seen.spans["activity"]} == {"SEND", "LOAD", "RECEIVE", "STEP"}
    # 100 and 110, then 200 and 210; the second epoch starts at 220.
    assert seen.batches()["received_s"] == pytest.approx([0.1, 0.11, 0.2, 0.21, 0.32, 0.33, 0.42, 0.43])
