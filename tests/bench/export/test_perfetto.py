"""The Trace Event Format's own rules, and that a trace says the right thing in it."""

import json
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import whole_scenarios
from traced_run import timeline

from bench.export.perfetto import perfetto
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.scenario import Fault
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity, Timeline

# What each kind of event must have, by the format's own document.
NEEDED = {
    "X": {"name", "cat", "ts", "dur", "pid", "tid", "args"},
    "M": {"name", "pid", "tid", "args"},
    "C": {"name", "ts", "pid", "tid", "args"},
    "s": {"name", "cat", "id", "ts", "pid", "tid"},
    "f": {"name", "cat", "id", "ts", "pid", "tid", "bp"},
}
METADATA = {
    "process_name": "name",
    "process_sort_index": "sort_index",
    "thread_name": "name",
    "thread_sort_index": "sort_index",
}


def written(run):
    return json.loads(json.dumps(perfetto(run), allow_nan=False))


def of(document, phase):
    return [event for event in document["traceEvents"] if event["ph"] == phase]


def check_format(document):
    assert document["displayTimeUnit"] in {"ms", "ns"}
    for event in document["traceEvents"]:
        assert set(event) == NEEDED[event["ph"]] | {"ph"}
        for name in ("ts", "dur", "pid", "tid"):
            assert isinstance(event.get(name, 0), int)
        assert event.get("dur", 0) >= 0
        if event["ph"] == "M":
            assert "ts" not in event
            assert set(event["args"]) == {METADATA[event["name"]]}
        if event["ph"] == "C":
            assert all(isinstance(value, int) for value in event["args"].values())
    times = [event["ts"] for event in document["traceEvents"] if "ts" in event]
    assert times == sorted(times)
    threads = {(event["pid"], event["tid"]) for event in of(document, "M") if event["name"] == "thread_name"}
    assert {(one["pid"], one["tid"]) for one in document["traceEvents"]} <= threads
    assert len({tid for _, tid in threads}) == len(threads)
    check_nesting(of(document, "X"))


def check_nesting(slices):
    by_thread = defaultdict(list)
    for one in slices:
        by_thread[one["pid"], one["tid"]].append((one["ts"], one["ts"] + one["dur"]))
    for spans in by_thread.values():
        in_order = sorted(spans, key=lambda span: (span[0], span[1] > span[0], -span[1]))
        assert spans == in_order, "a parent comes before its children"
        open_until = []
        for start, end in spans:
            while open_until and open_until[-1] <= start:
                open_until.pop()
            assert not open_until or end <= open_until[-1], "spans of one thread nest"
            open_until.append(end)


def threads(document):
    return {event["tid"]: event["args"]["name"] for event in of(document, "M") if event["name"] == "thread_name"}


def bound(document):
    """Return the slice that Perfetto binds each end of an arrow to, by phase and id: the last that its thread began.

    Read in the order of the file, as its importer does: it sorts by time and leaves what happens at once in order.
    """
    found, stacks = {}, defaultdict(list)
    for event in document["traceEvents"]:
        if event["ph"] == "X":
            stack = stacks[event["tid"]]
            while stack and stack[-1]["ts"] + stack[-1]["dur"] <= event["ts"]:
                stack.pop()
            stack.append(event)
        elif event["ph"] in "sf":
            found[event["ph"], event["id"]] = stacks[event["tid"]][-1]
    return found


def check_arrows(document):
    starts, ends = ({one["id"]: one for one in of(document, phase)} for phase in "sf")
    slices = bound(document)
    assert starts.keys() == ends.keys()
    assert len(starts) == len(of(document, "s")) == len(of(document, "f"))
    for number, start in starts.items():
        end = ends[number]
        assert (start["name"], start["cat"], end["bp"]) == (end["name"], end["cat"], "e")
        load, step = slices["s", number], slices["f", number]
        assert (load["name"], step["name"]) == ("load", "step")
        for arrow, within in ((start, load), (end, step)):
            assert within["ts"] <= arrow["ts"] < within["ts"] + within["dur"], "the slice encloses the arrow's end"
        for name in ("rank", "epoch", "batch"):
            assert load["args"][name] == step["args"][name]
        assert start["ts"] <= end["ts"]
    return starts


def test_a_trace_is_in_the_format():
    document = written(timeline())
    check_format(document)
    assert len(check_arrows(document)) == 3


def test_lanes_are_named_and_sorted_as_in_the_player():
    document = written(timeline())
    names = [name for _, name in sorted(threads(document).items())]
    assert names == ["training process", "GPU", "worker 0", "worker 0, result queue", "worker 1"]
    order = {one["tid"]: one["args"]["sort_index"] for one in of(document, "M") if one["name"] == "thread_sort_index"}
    assert sorted(order, key=order.get) == sorted(threads(document))
    (process,) = [one for one in of(document, "M") if one["name"] == "process_name"]
    assert process["args"]["name"] == "rank 0, measured"
    assert threads(document)[process["pid"]] == "training process"


def test_what_was_seen_of_a_load_stands_at_it():
    document = written(timeline())
    first, second, third = sorted(
        (one for one in of(document, "X") if one["name"] == "load"), key=lambda one: one["args"]["batch"]
    )
    assert (first["ts"], first["dur"]) == (30_000, 50_000)
    assert first["args"]["fetch_cpu_s"] == 0.010
    assert (first["args"]["samples"], first["args"]["tensor_bytes"], first["args"]["collate_s"]) == (2, 4096, 0.005)
    assert "message_bytes" not in first["args"], "-1 says that it was not seen"
    assert "fetch_s" not in third["args"], "NaN says that it was not seen"
    assert first["args"]["transforms"] == {"Resize": 0.01, "=cmd|'/c calc'!A0": 0.02}
    assert second["args"]["transforms"] == {"Resize": 0.03}
    assert "transforms" not in third["args"]
    boot = next(one for one in of(document, "X") if one["name"] == "boot")
    assert (boot["args"]["worker"], boot["args"]["cpu_s"]) == (0, 0.011)


def test_every_span_is_written_once():
    run = timeline()
    seen = sorted((one["name"], one["ts"], one["dur"]) for one in of(written(run), "X"))
    expected = sorted(
        (Activity(span["activity"]).name.lower(), round(span["start_s"] * 1e6), round(span["end_s"] * 1e6))
        for span in run.spans
    )
    assert seen == [(name, start, end - start) for name, start, end in expected]


def test_ready_batches_are_counted():
    counted = [(one["ts"], one["args"]["ready"]) for one in of(written(timeline()), "C")]
    expected = [(60_000, 1), (80_000, 2), (86_000, 1), (100_000, 2), (117_000, 1), (150_000, 0)]
    assert counted == expected


def test_the_verdict_and_what_was_run_stand_beside():
    other = written(timeline())["otherData"]
    assert other["source"] == "measured"
    assert set(other["verdict"]) == {"limit", "finding", "advice"}
    assert other["notes"] == ["The last batch was not stepped on."]
    assert other["origin"] == {"torch": "2.13.0"}
    assert other["scenario"]["loader"]["num_workers"] == 2


@settings(max_examples=60, deadline=None)
@given(whole_scenarios())
def test_any_simulated_run_is_in_the_format(scenario):
    run = simulate(scenario)
    document = written(run)
    check_format(document)
    assert len(of(document, "X")) == run.spans.size
    check_arrows(document)


def test_ranks_are_processes():
    document = written(
        simulate(Scenario(workload=Workload(batches=4), loader=LoaderConfig(num_workers=1), machine=Machine(ranks=3)))
    )
    names = [one["args"]["name"] for one in of(document, "M") if one["name"] == "process_name"]
    assert names == ["rank 0, simulated", "rank 1, simulated", "rank 2, simulated"]
    assert len(check_arrows(document)) == 12


@pytest.mark.parametrize("kind", ["killed", "hangs", "raises", "lost"])
def test_a_run_that_broke_off_is_written_with_its_failure(kind):
    scenario = Scenario(workload=Workload(batches=8), loader=LoaderConfig(num_workers=2), fault=Fault(kind=kind))
    document = written(simulate(scenario))
    check_format(document)
    assert document["otherData"]["failure"]["kind"]


def test_an_empty_timeline_is_written_too():
    document = written(Timeline(scenario=Scenario(), source="measured", spans=np.zeros(0, SPAN)))
    check_format(document)
    assert (document["otherData"]["verdict"], of(document, "X")) == (None, [])


def test_spans_that_overlap_without_reason_get_threads_of_their_own():
    rows = [(0, 0, Activity.LOAD, 0, at, at * 0.5, at * 0.5 + 0.8) for at in range(4)]
    document = written(Timeline(scenario=Scenario(), source="measured", spans=np.array(rows, SPAN)))
    check_format(document)
    assert len(of(document, "X")) == 4
    assert sorted(threads(document).values()) == ["training process", "worker 0", "worker 0 (2)"]


def test_an_arrow_ends_at_its_step_when_something_else_begins_there():
    rows = [
        (0, 0, Activity.LOAD, 0, 0, 0.0, 0.000001),
        (0, GPU, Activity.COPY, 0, 1, 0.5, 0.6),
        (0, GPU, Activity.STEP, 0, 0, 0.5, 0.9),
    ]
    document = written(Timeline(scenario=Scenario(), source="measured", spans=np.array(rows, SPAN)))
    check_format(document)
    assert len(check_arrows(document)) == 1


def test_a_batch_without_a_step_has_no_arrow():
    rows = [(0, 0, Activity.LOAD, 0, 0, 0.0, 0.1), (0, GPU, Activity.STEP, 0, 1, 0.5, 0.9)]
    assert not check_arrows(written(Timeline(scenario=Scenario(), source="measured", spans=np.array(rows, SPAN))))


def test_a_load_that_begins_with_a_hand_over_keeps_its_arrow():
    rows = [
        (0, MAIN, Activity.RECEIVE, 0, 0, 0.1, 0.1),
        (0, MAIN, Activity.LOAD, 0, 1, 0.1, 0.2),
        (0, GPU, Activity.STEP, 0, 1, 0.3, 0.4),
    ]
    assert len(check_arrows(written(Timeline(scenario=Scenario(), source="measured", spans=np.array(rows, SPAN))))) == 1
