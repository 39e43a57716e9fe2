"""What the player is told of a run's spans, from timelines written by hand."""

from __future__ import annotations

import numpy as np
from browser import written_runs as written
from unpacking import of, unpack, unpack_one

from dataloader_sim import Scenario, Timeline, Workload
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity
from pages._ui.player_payload import PlayerRun, pack
from pages._ui.player_spans import ENDED, OTHERS, RESUMED


def test_batches_are_numbered_through_the_epochs() -> None:
    spans = np.zeros(7, SPAN)
    spans["epoch"] = (0, 0, 0, 0, 1, 1, 1)
    spans["batch"] = (0, 4, 0, 4, 0, 0, 0)
    spans["lane"] = (MAIN, MAIN, GPU, GPU, MAIN, MAIN, GPU)
    load, receive, step = Activity.LOAD, Activity.RECEIVE, Activity.STEP
    spans["activity"] = (receive, receive, step, step, load, receive, step)
    spans["start_s"] = spans["end_s"] = (0, 1, 2, 3, 4, 5, 6)
    timeline = Timeline(scenario=Scenario(workload=Workload(batches=5, epochs=2)), source="measured", spans=spans)
    facts, packed = unpack_one(timeline)
    assert packed["batch"].tolist() == [0, 4, 0, 4, 5, 5, 5]
    assert facts["ranks"][0]["first"] == [0, 5]
    assert facts["ranks"][0]["at"] == [0, 4]


def test_task_numbers_of_an_iterable_dataset_never_meet_those_of_the_next_epoch() -> None:
    timeline = written.iterable()
    facts, packed = unpack_one(timeline)
    received = timeline.of(Activity.RECEIVE)
    # Tasks 0 to 5 were sent, four of them became batches, and workload.batches is 4.
    assert received["batch"].tolist() == [0, 1, 2, 4] * 2
    assert of(packed, Activity.RECEIVE) == [0, 1, 2, 4, 6, 7, 8, 10]
    assert facts["ranks"][0]["first"] == [0, 6]


def test_a_worker_s_own_spans_keep_its_id_in_every_epoch() -> None:
    _, packed = unpack_one(written.plumbed(3, 5, epochs=2))
    for activity in (Activity.START, Activity.BOOT, Activity.STOP):
        assert of(packed, activity) == [0, 1, 2] * 2
    assert of(packed, Activity.GET) == list(range(10))


def test_answers_of_persistent_workers_are_no_batches() -> None:
    _, packed = unpack_one(written.plumbed(3, 5, epochs=2, persistent=True))
    assert of(packed, RESUMED) == [0, 1, 2]
    assert of(packed, Activity.GET) == list(range(10))


def test_a_worker_s_end_is_no_batch() -> None:
    _, packed = unpack_one(written.iterable())
    assert of(packed, ENDED) == [3, 9]
    assert of(packed, Activity.GET) == []


def test_the_wait_for_the_slowest_rank_is_a_span() -> None:
    timeline = written.plumbed(2, 8, ranks=3)
    run = PlayerRun(value=2, timeline=timeline, metrics=written.numbers(timeline), verdict=written.verdict(), bound=1.0)
    header, (ranks,) = unpack(pack([run], selected=0, knob=None, source="simulated"))
    assert header["runs"][0]["of_ranks"] == len(ranks) == 3
    steps = timeline.of(Activity.STEP)
    ends = np.array([steps["end_s"][steps["rank"] == rank] for rank in range(3)])
    late = ends.max(axis=0) - ends > 1e-6
    assert late.any()
    for rank, packed in enumerate(ranks):
        waits = packed[packed["activity"] == OTHERS]
        assert waits["batch"].tolist() == np.flatnonzero(late[rank]).tolist()
        np.testing.assert_allclose(waits["start_s"], ends[rank][late[rank]], rtol=1e-6)
        np.testing.assert_allclose(waits["end_s"], ends.max(axis=0)[late[rank]], rtol=1e-6)


def test_where_an_index_was_sent_travels_only_when_the_run_broke_off() -> None:
    _, whole = unpack_one(written.plumbed(2, 6))
    assert of(whole, Activity.SEND) == []
    facts, broken = unpack_one(written.broken("hangs"))
    assert of(broken, Activity.SEND) == list(range(8))
    assert facts["failure"] == {"kind": "hangs", "at_s": 0.465, "message": written.MESSAGES["hangs"]}
    assert facts["fault"] == {"kind": "hangs", "batch": 4}
