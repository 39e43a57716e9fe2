"""See it and Curve, run as scripts without a browser: the words and numbers a visitor reads."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._ui.knobs import BASE, KNOBS, WORKERS

APP = Path(__file__).parents[2] / "app.py"


def opened(page="", **query):
    app = AppTest.from_file(str(APP), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if page:
        app.switch_page(page).run()
    assert not app.exception
    return app


def test_see_it_opens_with_its_question_and_every_knob():
    app = opened()
    assert "How many workers does this job need?" in app.markdown[0].value
    assert [slider.label for slider in app.select_slider] == [knob.label for knob in KNOBS]
    assert [slider.value for slider in app.select_slider] == [knob.default for knob in KNOBS]
    assert not app.warning


def test_the_defaults_of_the_knobs_are_the_base_scenario():
    for knob in KNOBS:
        part, _, name = knob.axis.partition(".")
        expected = getattr(getattr(BASE, part), name)
        assert knob.field_value(knob.default) == pytest.approx(2 if expected is None else expected)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"io_ms": "abc"}, r"io\_ms must be a value from 0 to 200 that its slider offers, got 'abc' in the link"),
        ({"cores": "-4"}, "Cores must be a value from 0.5 to 64 that its slider offers, got '-4' in the link"),
        ({"num_workers": "1e9"}, r"num\_workers must be a value from 0 to 16 that its slider offers, got '1e9'"),
        ({"jitter": "nan"}, "Jitter must be a value from 0 to 3 that its slider offers, got 'nan'"),
        ({"step_ms": "<b>[x](y)"}, r"got '\<b\>\[x\](y)' in the link: its default is shown instead."),
    ],
)
def test_nonsense_in_the_link_is_said_in_one_sentence(query, message):
    app = opened(**query)
    assert len(app.warning) == 1
    assert message in app.warning[0].value


def test_an_unknown_axis_in_the_link_is_said_in_one_sentence():
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    app.query_params["axis"] = "beauty"
    app.switch_page("pages/explore/curve.py").run()
    assert "Axis must be one of num\\_workers; Prefetch factor" in app.warning[0].value
    assert "got 'beauty' in the link" in app.warning[0].value


@pytest.mark.parametrize("forged", [99, -1, "4", None, {"x": 1}, 2.0])
def test_a_forged_choice_of_workers_falls_back_to_the_default(forged):
    script = "from pages._ui import controls; controls.remember_workers()"
    app = AppTest.from_string(script)
    app.session_state["see"] = {"selected": forged}
    app.run()
    assert not app.exception
    assert app.session_state["chosen"]["num_workers"] == 2


def test_every_stop_of_every_knob_gives_a_picture():
    app = opened()
    for knob in KNOBS:
        slider = next(one for one in app.select_slider if one.label == knob.label)
        for value in (knob.options[0], knob.options[-1]):
            slider.set_value(value).run()
            assert not app.exception
            assert not app.error
        slider.set_value(knob.default).run()


def test_curve_says_where_the_knee_is_and_why():
    app = opened("pages/explore/curve.py")
    text = " ".join(one.value for one in app.markdown)
    assert "640 samples/s at num_workers = 4, the first value within 2 % of the best." in text
    assert "The GPU is the limit: it is busy 100 % of the time." in text
    assert "simulated" in app.markdown[0].value


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.key)
def test_curve_varies_any_setting(knob):
    app = opened("pages/explore/curve.py")
    app.segmented_control(key="axis").set_value(knob.key).run()
    assert not app.exception
    assert knob.label not in {slider.label for slider in app.select_slider}
    assert f"at {knob.label} = " in " ".join(one.value for one in app.markdown)


def test_the_player_offers_no_workers_up_to_sixteen():
    assert tuple(range(17)) == WORKERS
