"""See it and Curve, run as scripts without a browser: the words and numbers a visitor reads."""

import re

import pytest
from explore_app import CURVE, opened, with_group
from streamlit.testing.v1 import AppTest

from pages._ui import cache
from pages._ui.knobs import Choice, Switch
from pages._ui.offered import AXES, BASE, GROUPS
from pages._ui.offered.row import ROW


def words(app):
    return " ".join(one.value for one in app.markdown)


def mark(app):
    return [one.label for one in app.button if one.key == "reset"]


def widget(app, knob):
    kind = "toggle" if isinstance(knob, Switch) else "selectbox" if isinstance(knob, Choice) else "number_input"
    return getattr(app, kind)(key=f"more_{knob.key}")


def test_see_it_opens_with_its_question_and_a_row_of_few_knobs():
    app = opened()
    assert "How many workers does this job need?" in app.markdown[0].value
    assert [slider.label for slider in app.select_slider] == [knob.label for knob in ROW]
    assert [slider.value for slider in app.select_slider] == [knob.default for knob in ROW]
    assert not app.warning
    assert not mark(app)
    assert not app.number_input
    assert not app.toggle


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_shows_its_knobs_at_their_defaults_and_each_asks_its_question(group):
    app = with_group(group)
    for knob in GROUPS[group]:
        shown = widget(app, knob)
        assert (shown.label, shown.value, shown.help) == (knob.label, knob.default, knob.question)
    hidden = [one for one in (*app.number_input, *app.toggle, *app.selectbox) if one.key.startswith("more_")]
    assert len(hidden) == len(GROUPS[group])


@pytest.mark.parametrize(
    ("group", "key", "value", "written"),
    [
        ("Loader", "pin_memory", True, "true"),
        ("Loader", "in_order", False, "false"),
        ("Loader", "start_method", "spawn", "spawn"),
        ("Workload", "epochs", 2, "2"),
        ("Workload", "sample_kb", 602.5, "602.5"),
        ("Machine", "ranks", 2, "2"),
        ("What if", "threads", True, "true"),
        ("What if", "fault", "hangs", "hangs"),
        ("What if", "seed", 123_456_789, "123456789"),
    ],
)
def test_a_hidden_knob_goes_into_the_link_is_marked_and_is_reset_by_one_click(group, key, value, written):
    app = with_group(group)
    knob = next(one for one in GROUPS[group] if one.key == key)
    widget(app, knob).set_value(value).run()
    assert not app.exception
    assert not app.error
    assert app.query_params[key] == written
    assert mark(app) == ["1 changed: reset"]
    assert widget(app, knob).label == f"**{knob.label}**"
    app.button(key="reset").click().run()
    assert key not in app.query_params
    assert not mark(app)
    assert widget(app, knob).value == knob.default


def test_a_link_sets_what_is_hidden():
    app = with_group("Workload", epochs="3", batch_size="24", pin_memory="true", seed="7", io_ms="3.3")
    assert mark(app) == ["4 changed: reset"]
    assert app.button(key="reset").help == (
        "Changed: pin_memory on, Batch size 24, Epochs 3, Seed 7. A click sets them back."
    )
    assert app.number_input(key="more_epochs").value == 3
    assert app.number_input(key="more_batch_size").value == 24
    assert not app.warning


def test_the_run_shown_is_the_links(monkeypatch):
    asked = []
    run = cache.player_runs
    monkeypatch.setattr(cache, "player_runs", lambda scenario: asked.append(scenario) or run(scenario))
    opened(epochs="2", in_order="false", threads="true", gil_share="0.25", seed="9", io_ms="3.3", fault="lost")
    shown = asked[-1]
    assert (shown.workload.epochs, shown.loader.in_order, shown.threads, shown.seed) == (2, False, True, 9)
    assert shown.workload.gil_share == 0.25
    assert shown.workload.io_s == pytest.approx(0.0033)
    assert (shown.fault.kind, shown.fault.batch) == ("lost", 20)


def test_a_value_between_the_stops_gets_a_stop_of_its_own_and_stays_one():
    app = opened(io_ms="3.3")
    slider = app.select_slider(key="io_ms")
    assert slider.value == 3.3
    assert slider.options[slider.options.index("3.3") - 1] == "3"
    slider.set_value(4.0).run()
    assert "3.3" in app.select_slider(key="io_ms").options
    assert app.select_slider(key="io_ms").value == 4.0


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"io_ms": "abc"}, r"io\_ms must be a number from 0 to 10000, got 'abc' in the link"),
        ({"cores": "-4"}, "Cores must be a number from 0.1 to 1024, got '-4' in the link"),
        ({"num_workers": "1e9"}, r"num\_workers must be a whole number from 0 to 16, got '1e9'"),
        ({"jitter": "nan"}, "Jitter must be a number from 0 to 10, got 'nan'"),
        ({"step_ms": "<b>[x](y)"}, r"got '\<b\>\[x\](y)' in the link: its default is shown instead."),
        ({"pin_memory": "yes"}, r"pin\_memory must be true or false, got 'yes' in the link"),
        ({"start_method": "clone"}, r"start\_method must be one of fork, forkserver, spawn, got 'clone'"),
        ({"epochs": "1.5"}, "Epochs must be a whole number from 1 to 20, got '1.5'"),
        ({"seed": "-1"}, "Seed must be a whole number from 0 to 999999999, got '-1'"),
    ],
)
def test_nonsense_in_the_link_is_said_in_one_sentence(query, message):
    app = opened(**query)
    assert len(app.warning) == 1
    assert message in app.warning[0].value
    assert not mark(app)


def test_an_unknown_axis_in_the_link_is_said_in_one_sentence():
    app = opened(CURVE, axis="beauty")
    assert "Axis must be one of num\\_workers, io\\_ms" in app.warning[0].value
    assert "got 'beauty' in the link" in app.warning[0].value


@pytest.mark.parametrize("forged", [99, -1, "4", None, {"x": 1}, 2.0, True])
def test_a_forged_choice_of_workers_falls_back_to_the_default(forged):
    script = "import streamlit as st; from pages._ui import controls; controls.remember_workers(); "
    app = AppTest.from_string(script + "st.text(controls.workers())")
    app.session_state["see"] = {"selected": forged}
    app.run()
    assert not app.exception
    assert app.text[0].value == "2"


def test_both_ends_of_every_slider_give_a_picture():
    app = opened()
    for knob in ROW:
        for value in (knob.stops[0], knob.stops[-1]):
            app.select_slider(key=knob.key).set_value(value).run()
            assert not app.exception
            assert not app.error
        app.select_slider(key=knob.key).set_value(knob.default).run()


@pytest.mark.parametrize("fault", ["killed", "hangs", "raises", "lost"])
def test_a_run_that_breaks_off_is_shown(fault):
    app = opened(fault=fault, fault_batch="0")
    assert not app.error


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"batches": "2000", "epochs": "20"}, "Batches x epochs must be 4,000 or less, got 40000"),
        ({"batches": "2000", "batch_size": "4096"}, "Batches x batch\\_size x epochs x ranks must be 500,000 or less"),
        ({"fault": "lost", "fault_batch": "48"}, "Fault.batch must be less than 48, got 48: the epoch has 48 batches"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_sentence_and_the_knobs_stay(query, sentence):
    app = opened(**query)
    assert [sentence in one.value for one in app.error] == [True]
    assert len(app.select_slider) == len(ROW)
    assert len(mark(app)) == 1


@pytest.mark.parametrize("seed", ["0", "5"])
def test_the_band_of_the_seeds_is_shown_where_samples_are_uneven(seed):
    opened(seed=seed)
    banded = cache.player_runs(cache.replace(BASE, seed=int(seed)))[2]
    assert banded.low < banded.median < banded.high
    assert banded.low <= banded.metrics.samples_per_s <= banded.high


def test_equal_samples_have_no_band():
    opened(jitter="0")
    even = cache.player_runs(cache.replace(BASE, workload=cache.replace(BASE.workload, jitter=0.0)))[2]
    assert (even.low, even.median, even.high) == (None, None, None)


def test_curve_says_where_the_knee_is_and_why():
    app = opened(CURVE)
    assert re.search(
        r"640 samples/s \(6\d\d to 640 samples/s, depending on the seed\) at num_workers = 4, "
        r"the first value within 2 % of the best\.",
        words(app),
    )
    assert "The GPU is the limit: it is busy 100 % of the time." in words(app)
    assert "simulated" in app.markdown[0].value


def test_curve_without_jitter_names_one_throughput():
    app = opened(CURVE)
    app.select_slider(key="jitter").set_value(0.0).run()
    assert "640 samples/s at num_workers = 4, the first value within 2 % of the best." in words(app)


@pytest.mark.parametrize("knob", AXES.values(), ids=lambda knob: knob.key)
def test_curve_varies_any_number(knob):
    app = opened(CURVE, axis=knob.key)
    assert not app.error
    assert app.selectbox(key="axis").value == knob.key
    assert knob.label not in {slider.label for slider in app.select_slider}
    assert f"at {knob.label} = " in words(app)


def test_curve_leaves_a_fault_out():
    app = opened(CURVE, fault="killed", fault_batch="0")
    assert not app.error
    assert "at num_workers = 4, the first value" in words(app)
    assert any("without its fault" in one.value for one in app.caption)
