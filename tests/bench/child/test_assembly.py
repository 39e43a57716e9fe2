"""What a trial noted, by hand, laid out as a measured timeline."""

import numpy as np
import pytest

from bench.child.assembly import Noted, spans, with_measured_costs
from dataloader_sim import LoaderConfig, Machine, Scenario, Timeline, Workload
from dataloader_sim.timeline import MAIN, Activity

MS = 1_000_000
START = 5_000 * MS


def at(*milliseconds):
    return [START + one * MS for one in milliseconds]


def scenario(workers, *, cores=2.0, epochs=1):
    work = Workload(batches=2, batch_size=10, epochs=epochs, jitter=0.5, slow_every=3, collate_s=0.1)
    return Scenario(workload=work, loader=LoaderConfig(num_workers=workers), machine=Machine(cores=cores))


# Worker, load start, loaded, processor time, first sample, samples: batch 1 is loaded before batch 0.
LOADS = np.array([[0, *at(0, 40), 8 * MS, 0, 10], [1, *at(2, 22), 12 * MS, 10, 10]])
# Entered next(), received, step start, step end.
LOG = np.array([at(1, 43, 43, 50), at(50, 51, 51, 60)])
NOTED = Noted(start_ns=START, loads=LOADS, sent_ns=np.array(at(0, 1)), firsts=np.array([0, 10]), log=LOG)


def test_every_time_is_in_seconds_since_the_start_and_a_batch_is_received_when_loaded_and_wanted():
    rows = Timeline(scenario=scenario(2), source="measured", spans=spans(scenario(2), NOTED)).batches()
    assert rows["worker"].tolist() == [0, 1]
    assert rows["sent_s"] == pytest.approx([0.0, 0.001])
    assert rows["load_start_s"] == pytest.approx([0.0, 0.002])
    assert rows["loaded_s"] == pytest.approx([0.040, 0.022])
    assert rows["received_s"] == pytest.approx([0.043, 0.051])
    assert rows["step_end_s"] == pytest.approx([0.050, 0.060])
    receive = spans(scenario(2), NOTED)
    receive = receive[receive["activity"] == Activity.RECEIVE]
    # Batch 0 was wanted at 1 ms and loaded at 40; batch 1 was loaded long before it was wanted at 50.
    assert receive["start_s"] == pytest.approx([0.040, 0.050])


def test_without_workers_no_index_is_sent():
    alone = np.where(np.arange(6) == 0, MAIN, LOADS)
    noted = Noted(start_ns=START, loads=alone, sent_ns=NOTED.sent_ns, firsts=NOTED.firsts, log=LOG)
    laid = spans(scenario(0), noted)
    assert Activity.SEND not in laid["activity"].tolist()
    assert set(laid["lane"][laid["activity"] == Activity.LOAD].tolist()) == {MAIN}


def test_batches_are_numbered_by_epoch():
    noted = Noted(
        start_ns=START,
        loads=np.concatenate([LOADS, np.add(LOADS, [0, 100 * MS, 100 * MS, 0, 20, 0])]),
        sent_ns=np.array(at(0, 1, 100, 101)),
        firsts=np.arange(4) * 10,
        log=np.concatenate([LOG, LOG + 100 * MS]),
    )
    laid = spans(scenario(2, epochs=2), noted)
    steps = laid[laid["activity"] == Activity.STEP]
    assert steps["epoch"].tolist() == [0, 0, 1, 1]
    assert steps["batch"].tolist() == [0, 1, 0, 1]


def test_batches_are_told_apart_by_their_first_sample_and_tasks_that_brought_none_leave_no_span():
    stream = np.zeros((4, 6), np.int64)
    # Tasks 0 and 2 were loaded; task 1 found its worker's part empty and task 3 was never sent.
    stream[[0, 2]] = [[1, *at(0, 45), MS, 0, 10], [0, *at(0, 22), MS, 10, 7]]
    noted = Noted(start_ns=START, loads=stream, sent_ns=np.array([*at(0, 0, 1), 0]), firsts=np.array([10, 0]), log=LOG)
    laid = spans(scenario(2), noted)
    by_activity = {one: laid["batch"][laid["activity"] == one].tolist() for one in Activity}
    assert by_activity[Activity.LOAD] == [0, 2]
    assert by_activity[Activity.SEND] == [0, 1, 2]
    assert by_activity[Activity.RECEIVE] == by_activity[Activity.STEP] == [2, 0]


def test_costs_of_a_sample_are_processor_time_and_the_rest_of_the_clock():
    # 60 ms on the clock and 20 ms of processor time for 20 samples.
    seen = with_measured_costs(scenario(2), LOADS, 602_112).workload
    assert seen.cpu_s == pytest.approx(0.001)
    assert seen.io_s == pytest.approx(0.002)
    assert (seen.collate_s, seen.jitter, seen.slow_every, seen.sample_bytes) == (0.0, 0.0, 0, 602_112)


def test_with_more_workers_than_cores_waiting_for_a_core_is_not_taken_for_io():
    assert with_measured_costs(scenario(2, cores=1.0), LOADS, 0).workload.io_s == 0.0
