"""Metrics of hand-written timelines, where each number can be checked by hand."""

import numpy as np
import pytest

from dataloader_sim import LoaderConfig, Scenario, Timeline, Workload, metrics
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity


def timeline(rows, workers=2, batch_size=10):
    """Build a timeline from (batch, worker, sent, load start, loaded, received, step end)."""
    spans = []
    for batch, worker, sent, start, loaded, received, step_end in rows:
        if worker != MAIN:
            spans.append((0, MAIN, Activity.SEND, 0, batch, sent, sent))
        spans += [
            (0, worker, Activity.LOAD, 0, batch, start, loaded),
            (0, MAIN, Activity.RECEIVE, 0, batch, received, received),
            (0, GPU, Activity.STEP, 0, batch, received, step_end),
        ]
    scenario = Scenario(workload=Workload(batch_size=batch_size), loader=LoaderConfig(num_workers=workers))
    return Timeline(scenario=scenario, source="measured", spans=np.array(spans, SPAN), peak_memory_bytes=7)


TWO_WORKERS = [
    (0, 0, 0.0, 0.0, 4.0, 4.0, 5.0),
    (1, 1, 0.0, 0.0, 2.0, 5.0, 6.0),
    (2, 0, 4.0, 4.0, 8.0, 8.0, 9.0),
    (3, 1, 5.0, 5.0, 7.0, 9.0, 10.0),
    (4, 0, 8.0, 8.0, 12.0, 12.0, 13.0),
]


def test_numbers_of_a_run_of_two_workers():
    seen = metrics(timeline(TWO_WORKERS))
    # The window is 5.0 to 13.0: four steps, two whole rounds of two workers.
    assert seen.samples_per_s == pytest.approx(4 * 10 / 8.0)
    assert seen.stall_s == pytest.approx(2.0 + 2.0)
    assert seen.stall_share == pytest.approx(0.5)
    assert seen.gpu_busy_share == pytest.approx(0.5)
    assert seen.startup_s == 4.0
    assert seen.epoch_s == 13.0
    assert seen.batches == 5
    assert seen.peak_memory_bytes == 7
    assert seen.worker_busy_share == pytest.approx((12 / 13, 4 / 13))
    # Batch 3 was loaded at 7.0 while the GPU waited for batch 2 until 8.0.
    assert seen.held_stall_s == pytest.approx(1.0)


def test_a_batch_that_travels_is_not_held():
    rows = [(0, 0, 0.0, 0.0, 1.0, 1.5, 2.0), (1, 0, 1.5, 1.5, 2.5, 3.0, 3.5), (2, 0, 3.0, 3.0, 4.0, 4.5, 5.0)]
    seen = metrics(timeline(rows, workers=1))
    # Each batch is received half a second after it was loaded; no other one was ready meanwhile.
    assert seen.stall_s == pytest.approx(2.0)
    assert seen.held_stall_s == 0.0


def test_ready_batches_count_up_when_loaded_and_down_at_hand_over():
    ready = metrics(timeline(TWO_WORKERS)).ready_batches
    assert ready.tolist() == [(2.0, 1), (4.0, 1), (5.0, 0), (7.0, 1), (8.0, 1), (9.0, 0), (12.0, 0)]


def test_the_window_leaves_out_the_first_steps_of_a_broken_round():
    seen = metrics(timeline(TWO_WORKERS[:4]))
    # Three steps after the first are no whole round of two: the window is 6.0 to 10.0.
    assert seen.samples_per_s == pytest.approx(2 * 10 / 4.0)


def test_without_workers_all_waiting_is_loading():
    rows = [(0, MAIN, 0, 0.0, 3.0, 3.0, 4.0), (1, MAIN, 0, 4.0, 7.0, 7.0, 8.0)]
    seen = metrics(timeline(rows, workers=0))
    assert seen.stall_share == pytest.approx(0.75)
    assert seen.worker_busy_share == ()
    assert seen.held_stall_s == 0.0


@pytest.mark.parametrize(("batches", "seconds", "stall_s"), [(1, 5.0, 4.0), (2, 6.0, 4.0)])
def test_no_more_batches_than_workers_have_no_steady_state_and_are_judged_whole(batches, seconds, stall_s):
    seen = metrics(timeline(TWO_WORKERS[:batches]))
    assert seen.startup_s == 4.0
    assert seen.samples_per_s == pytest.approx(batches * 10 / seconds)
    assert seen.stall_s == pytest.approx(stall_s)
    assert seen.gpu_busy_share == pytest.approx(batches / seconds)


def test_an_epoch_is_the_mean_and_batches_of_two_epochs_and_ranks_are_told_apart():
    whole = timeline(TWO_WORKERS[:2])
    again, other = whole.spans.copy(), whole.spans.copy()
    again["epoch"], other["rank"] = 1, 1
    again["start_s"] += 10.0
    again["end_s"] += 10.0
    spans = np.concatenate([whole.spans, again])
    two = Timeline(scenario=whole.scenario, source="measured", spans=spans)
    assert metrics(two).epoch_s == pytest.approx(16.0 / 2)
    assert two.batches()["load_start_s"].tolist() == [0.0, 0.0, 10.0, 10.0]
    ranks = Timeline(scenario=whole.scenario, source="measured", spans=np.concatenate([whole.spans, other])).batches()
    assert sorted(zip(ranks["rank"].tolist(), ranks["batch"].tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert not np.isnan(ranks["step_end_s"]).any()


def test_ready_batches_are_shared_and_cannot_be_changed():
    assert not metrics(timeline(TWO_WORKERS)).ready_batches.flags.writeable


def test_a_cut_off_run_says_so():
    with pytest.raises(ValueError, match="cut off"):
        metrics(timeline([]))


def test_batches_come_in_the_order_received_with_nan_for_what_was_not_seen():
    whole = timeline(TWO_WORKERS)
    kept = whole.spans[whole.spans["activity"] != Activity.SEND]
    rows = Timeline(scenario=whole.scenario, source="measured", spans=kept).batches()
    assert rows["batch"].tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(rows["sent_s"]).all()
    assert rows["worker"].tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("source", "spans", "message"),
    [
        ("guessed", np.zeros(0, SPAN), "source must be one of simulated, measured, got 'guessed'"),
        ("measured", np.zeros(3), "spans must be an array of dtype SPAN"),
        ("measured", np.array([(0, 0, 0, 0, 0, 2.0, 1.0)], SPAN), "end at or after their start"),
        ("measured", np.array([(0, 0, 0, 0, 0, 0.0, np.nan)], SPAN), "end at or after their start"),
        ("measured", np.array([(0, 0, 0, 0, 0, 0.0, np.inf)], SPAN), "finite"),
    ],
)
def test_a_wrong_timeline_is_refused(source, spans, message):
    with pytest.raises(ValueError, match=message):
        Timeline(scenario=Scenario(), source=source, spans=spans)
