"""Runs, run as a script without a browser: the list, and two runs compared."""

from dataclasses import replace

import pytest
from kept_runs import BASE, ELSEWHERE, keep, spec

from bench.runs.records import CANCELLED
from pages.measure._list import table_key

PAGE = "pages/measure/runs.py"


def texts(elements):
    return [one.value for one in elements]


def said(app):
    return " ".join(texts(app.markdown) + texts(app.caption))


def test_without_runs_the_page_says_what_to_do(open_page):
    app = open_page(PAGE)
    assert "Nothing was measured on this machine yet. Open Measure" in app.info[0].value
    assert not app.dataframe
    assert not app.error


def test_the_list_says_when_where_what_and_how_fast(open_page, store):
    keep(store)
    keep(store, spec(num_workers=(0, 4), repeats=2), machine=ELSEWHERE, state=CANCELLED, only=0)
    listed = open_page(PAGE).dataframe[0].value
    assert list(listed["Run"]) == [2, 1]
    assert list(listed["State"]) == ["cancelled", "done"]
    assert all(text.endswith(" UTC") for text in listed["Started"])
    assert list(listed["Machine"]) == ["Example 9000, 8 cores, id bbbb", "Example 9000, 2 cores, id aaaa"]
    assert listed["Best throughput"][0] == "none"
    assert listed["Best throughput"][1].startswith("num_workers 2: ")
    assert listed["Best throughput"][1].endswith(", 3 trials)")
    assert listed["Settings"][0] == (
        "num_workers 0, 4, batch size 8, batches 12, repeats 2, sample I/O 4 ms, sample CPU 1 ms, step 20 ms"
    )


def test_a_ticked_run_can_be_opened_in_measure(open_page, store):
    run_id = keep(store)
    app = open_page(PAGE)
    assert app.button(key="open_run").disabled
    app.session_state[table_key([run_id])] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.button(key="open_run").disabled
    app.button(key="open_run").click().run()
    assert "How many workers does this machine need?" in app.markdown[0].value
    assert app.query_params["run"] == str(run_id)
    assert not app.error


def test_two_runs_of_one_machine_are_compared_value_by_value(open_page, store):
    keep(store, slower=1.25)
    keep(store, spec(num_workers=(0, 2, 4)))
    app = open_page(PAGE, runs="1,2")
    assert texts(app.subheader) == ["Run 2 against Run 1"]
    assert not app.warning
    assert "Settings that differ: num_workers 0, 1, 2 and 0, 2, 4." in said(app)
    assert len(app.get("plotly_chart")) == 1
    table = app.table[0].value
    assert list(table["num_workers"]) == ["0", "1", "2", "4"]
    assert list(table["Run 2"])[1] == "not tried"
    ratios = list(table["Run 2 / Run 1"])
    assert ratios[0].startswith("1.25 times (95 %: 1.2")
    assert ratios[1] == ratios[3] == "no ratio"
    assert app.button(key="open_run").disabled


def test_equal_runs_are_not_called_different(open_page, store):
    keep(store)
    keep(store)
    app = open_page(PAGE, runs="2,1")
    assert all("no difference proven" in ratio for ratio in app.table[0].value["Run 2 / Run 1"])
    assert "Both runs have the same settings." in said(app)


def test_runs_of_two_machines_are_said_to_be(open_page, store):
    keep(store)
    keep(store, machine=ELSEWHERE)
    app = open_page(PAGE, runs="1,2")
    assert "not made under the same conditions" in app.warning[0].value
    assert "Machine: aaaa1111 and bbbb2222; cores: 2 and 8." in app.warning[0].value


def test_one_trial_gives_a_ratio_without_an_interval(open_page, store):
    keep(store, spec(repeats=1))
    keep(store, spec(repeats=1), slower=2.0)
    app = open_page(PAGE, runs="1,2")
    assert app.table[0].value["Run 2 / Run 1"][0].startswith("0.50 times (no interval: ")


def test_runs_without_results_cannot_be_compared(open_page, store):
    keep(store, only=0, state=CANCELLED)
    keep(store, only=0, state=CANCELLED)
    app = open_page(PAGE, runs="1,2")
    assert texts(app.info) == ["Neither run has a trial that succeeded: tick two that have."]


def test_three_ticked_runs_are_one_too_many(open_page, store):
    for _ in range(3):
        keep(store)
    app = open_page(PAGE, runs="1,2,3")
    assert "3 runs are ticked: leave two to compare them, or one to open it." in texts(app.caption)
    assert not app.subheader


@pytest.mark.parametrize("written", ["x", "9", "1,-1", "1,1e9"])
def test_nonsense_in_a_link_is_one_sentence(open_page, store, written):
    keep(store)
    app = open_page(PAGE, runs=written)
    assert len(app.warning) == 1
    assert app.warning[0].value.startswith("Runs must be numbers of the runs below, got ")
    assert len(app.dataframe) == 1


def test_options_of_the_loader_stand_in_the_settings(open_page, store):
    keep(store, spec(base=replace(BASE, loader=replace(BASE.loader, prefetch_factor=4))))
    assert open_page(PAGE).dataframe[0].value["Settings"][0].endswith("prefetch_factor 4")


def test_a_run_that_was_kept_meanwhile_does_not_move_the_ticks(open_page, store):
    first, second = keep(store), keep(store)
    app = open_page(PAGE, runs=f"{first},{second}")
    before = texts(app.subheader)
    keep(store)
    app.run()
    assert texts(app.subheader) == before == ["Run 2 against Run 1"]
