"""Trace, run as a script without a browser: choose or drop a trace, and read what it says."""

import re
from dataclasses import replace

import pytest
from kept_traces import ORIGIN, SLOW_INDEX, changed, traced, words_of

from bench import traces
from dataloader_sim import Failure, LoaderConfig, judge
from dataloader_sim.wire import timeline_to_bytes

PAGE = "pages/measure/trace.py"
FOUR = LoaderConfig(num_workers=4)


@pytest.fixture
def keep(store):  # noqa: ARG001 (it sets where traces are kept)
    """Return a function that keeps a trace in the temporary data folder."""

    def kept(name="train", timeline=None):
        traces.save(name, timeline or traced())

    return kept


def dropped(app, name, data):
    app.file_uploader[0].upload(name, data, "application/octet-stream").run()
    assert not app.exception
    return words_of(app)


def test_without_any_trace_the_page_shows_an_example_and_how_to_make_one(open_page):
    app = open_page(PAGE)
    said = words_of(app)
    assert "An example, traced on a machine with 2 cores: no trace of your own is kept yet" in said
    assert "dataloader-lab trace train.py" in said
    assert "with trace(loader) as traced:" in said
    assert not app.error
    assert len(app.dataframe[0].value) == 64
    assert app.query_params["trace"] == "example"


def test_the_example_stays_beside_kept_traces(open_page, keep):
    keep("train")
    app = open_page(PAGE)
    assert app.selectbox(key="trace_choice").options == ["train", "example"]
    assert "An example" not in words_of(app)
    app.selectbox(key="trace_choice").set_value("example").run()
    assert "An example, traced on a machine with 2 cores." in words_of(app)


def test_a_trace_shows_verdict_rates_error_and_costs(open_page, keep):
    keep()
    app = open_page(PAGE)
    said = words_of(app)
    assert judge(traced()).finding in said
    assert {one.label for one in app.metric} >= {
        "Throughput, measured",
        "GPU stalled, measured",
        "Throughput, simulated",
    }
    assert "predicted " in said
    assert ", error " in said
    assert "hands a batch over" in said
    assert f"index {SLOW_INDEX} (" in said
    assert "io\\_s" in str(app.table[1].value)
    assert not app.error
    assert not app.warning


def test_the_batches_are_in_the_table_with_their_units(open_page, keep):
    run = traced()
    keep("train", run)
    table = open_page(PAGE).dataframe[0].value
    assert list(table["Batch"]) == list(range(24))
    loads = run.batches()
    assert table["Load, ms"][3] == pytest.approx(1e3 * (loads["loaded_s"] - loads["load_start_s"])[3])
    assert all(
        ", ms" in name or ", %" in name or name in {"Epoch", "Batch", "Worker", "Samples", "Tensors, bytes"}
        for name in table
    )


def test_the_link_names_the_trace_and_a_link_to_none_says_so(open_page, keep):
    keep("first")
    keep("second", traced(changed(loader=FOUR)))
    assert "num_workers 2," in words_of(open_page(PAGE, trace="first"))
    assert "num_workers 4," in words_of(open_page(PAGE, trace="second"))
    app = open_page(PAGE, trace="../../etc/passwd")
    assert "No trace named '../../etc/passwd' is kept here" in words_of(app)
    assert not app.error


def test_choosing_another_trace_writes_it_into_the_link(open_page, keep):
    keep("first")
    keep("second", traced(changed(loader=FOUR)))
    app = open_page(PAGE, trace="first")
    app.selectbox(key="trace_choice").set_value("second").run()
    assert app.query_params["trace"] in ("second", ["second"])
    assert "num_workers 4," in words_of(app)


def test_partial_notes_and_failure_are_said_literally(open_page, keep):
    seen = traced(partial=True, notes=("Worker 1 wrote *nothing* to <b>x</b> for $5",))
    keep("train", replace(seen, failure=Failure(kind="killed", at_s=seen.end_s, message="worker_1 [killed]")))
    said = words_of(open_page(PAGE))
    assert "This trace is partial: Worker 1 wrote *nothing* to <b>x</b> for $5." in said
    assert "The run broke off: killed after" in said
    assert "worker_1 [killed]" in said


def test_a_dropped_file_is_looked_at_and_kept_only_when_asked(open_page, keep):
    keep("first")
    app = open_page(PAGE)
    said = dropped(app, "My run #1.trace", timeline_to_bytes(traced(changed(loader=FOUR))))
    assert "num_workers 4," in said
    assert "is only looked at" in said
    assert traces.names() == ("first",)
    app.button(key="keep_trace").click().run()
    assert not app.exception
    assert sorted(traces.names()) == ["My-run-1", "first"]
    assert app.query_params["trace"] in ("My-run-1", ["My-run-1"])


def test_a_name_that_is_taken_is_never_overwritten(open_page, keep):
    keep("train")
    app = open_page(PAGE)
    dropped(app, "train.trace", timeline_to_bytes(traced(changed(loader=FOUR))))
    app.button(key="keep_trace").click().run()
    assert sorted(traces.names()) == ["train", "train-2"]
    assert traces.load("train").scenario.loader.num_workers == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"PK" + data,
        lambda data: data.replace(b'"version": 3', b'"version": 9'),
        lambda data: data[:8] + b"[" * 5000,
        lambda _data: b"",
    ],
)
def test_a_file_that_is_no_trace_is_one_sentence(open_page, keep, spoil):
    keep("first")
    app = open_page(PAGE)
    dropped(app, "bad.trace", spoil(timeline_to_bytes(traced())))
    assert len(app.error) == 1
    assert "Traceback" not in app.error[0].value
    assert "\n" not in app.error[0].value


def test_a_long_trace_shows_the_window_that_was_chosen(open_page, keep):
    keep("long", traced(changed(batches=200, epochs=2)))
    app = open_page(PAGE)
    assert "120 of 400 batches: batch 0 of epoch 1 to batch 119 of epoch 1" in words_of(app)
    chooser = next(one for one in app.button_group if "Middle" in one.options)
    chooser.set_value("Middle").run()
    assert "120 of 400 batches: batch 140 of epoch 1 to batch 59 of epoch 2" in words_of(app)


def test_a_range_of_batches_can_be_chosen_and_is_bounded(open_page, keep):
    keep("long", traced(changed(batches=2500)))
    app = open_page(PAGE)
    next(one for one in app.button_group if "Choose" in one.options).set_value("Choose").run()
    app.slider[0].set_value((40, 2400)).run()
    said = words_of(app)
    assert "2,000 of 2,500 batches: batch 40 to batch 2039." in said
    assert "The first 2,000 of them are shown." in said


def test_other_settings_move_the_curve_and_say_what_was_changed(open_page, keep):
    keep()
    app = open_page(PAGE)
    assert "at its other settings" in words_of(app)
    step = next(one for one in app.number_input if one.label == "Step time, ms")
    assert step.value == pytest.approx(12.0, rel=0.05)
    step.set_value(100.0).run()
    said = words_of(app)
    assert "changed: Step time, ms 100" in said
    reached = float(re.search(r"([\d.]+) samples/s at num_workers = ", said)[1])
    # 8 samples a step of 100 ms, and what hands them over.
    assert 76 <= reached <= 80


def test_other_kept_traces_test_the_prediction_where_they_can(open_page, keep):
    keep("train")
    keep("again", traced(replace(changed(), seed=3)))
    keep("four", traced(changed(loader=FOUR)))
    keep("other", traced(origin={**ORIGIN, "machine_id": "ffff"}))
    app = open_page(PAGE, trace="train")
    app.multiselect[0].set_value(["again", "four", "other"]).run()
    assert not app.exception
    said = words_of(app)
    assert "train, again (num_workers 2): predicted " in said
    assert re.search(r"\(95 +%: [\d,]+\.\.[\d,]+\)", said)
    assert "four (num_workers 4): predicted " in said
    assert "Other is left out: it was traced on another machine" in said


def test_without_workers_and_without_samples_the_page_is_whole(open_page, keep):
    import numpy as np

    from dataloader_sim.observed import SAMPLE

    run = traced(changed(loader=LoaderConfig(num_workers=0)), samples=np.zeros(0, SAMPLE))
    keep("train", run)
    app = open_page(PAGE)
    assert not app.error
    assert "Samples were not seen one by one" in words_of(app)


def test_a_timeline_that_is_no_trace_is_shown_without_a_prediction(open_page, keep):
    keep("train", replace(traced(), observed=None))
    app = open_page(PAGE)
    said = words_of(app)
    assert "This file is no trace" in said
    assert "Nothing can be simulated from this trace" in said
    assert judge(replace(traced(), observed=None)).finding in said
    assert not app.error


def test_an_empty_trace_is_said_in_sentences(open_page, keep):
    run = traced()
    keep("train", replace(run, spans=run.spans[:0].copy(), observed=replace(run.observed, partial=True)))
    app = open_page(PAGE)
    assert app.error
    assert all("\n" not in one.value for one in app.error)


def test_every_download_is_offered(open_page, keep):
    keep()
    app = open_page(PAGE)
    labels = {one.proto.label for one in app.get("download_button")}
    assert labels == {
        "Report, HTML",
        "Trace file",
        "JSON",
        "Perfetto",
        "Batches, CSV",
        "Samples, CSV",
        "Transforms, CSV",
    }
