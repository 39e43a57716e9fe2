"""Measure, run as a script without a browser: what a visitor reads before, during and after a run."""

import signal
import subprocess
import sys

import pytest
from kept_runs import keep, spec

from bench import jobs, lock
from bench.runs.records import CANCELLED, FAILED, INTERRUPTED

PAGE = "pages/measure/benchmark.py"


def texts(elements):
    return [one.value for one in elements]


def said(app):
    return " ".join(texts(app.markdown) + texts(app.caption))


def test_an_empty_page_says_what_to_do_and_how_long_it_takes(open_page):
    app = open_page(PAGE)
    assert texts(app.info) == [
        "Nothing was measured here yet. Press Run: each cell appears here as soon as it is measured."
    ]
    assert "Takes about" in said(app)
    assert "20 trials" in said(app)
    assert not app.button(key="start").disabled
    assert app.button(key="cancel").disabled
    assert not app.error


def test_the_settings_are_those_of_the_link(open_page):
    app = open_page(PAGE, workload="jpeg", batches="6", repeats="2", measure_step_ms="12.5")
    assert app.radio(key="workload").value == "jpeg"
    assert app.number_input(key="batches").value == 6
    assert app.number_input(key="measure_step_ms").value == 12.5
    assert [one.key for one in app.number_input] == ["measure_step_ms", "measure_batch_size", "batches", "repeats"]
    assert "8 trials" in said(app)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"batches": "abc"}, "Batches must be a number from 3 to 10,000, got 'abc' in the link: 32 is used instead."),
        ({"repeats": "0"}, "Repeats must be a number from 1 to 50, got '0' in the link: 5 is used instead."),
        (
            {"measure_cpu_ms": "-1"},
            "measure\\_cpu\\_ms must be a number from 0 to 1,000, got '-1' in the link: 2 is used instead.",
        ),
        (
            {"measure_cpu_ms": "nan"},
            "measure\\_cpu\\_ms must be a number from 0 to 1,000, got 'nan' in the link: 2 is used instead.",
        ),
        ({"workload": "rm"}, "Workload must be one of emulated, jpeg, got 'rm' in the link: it is left out."),
    ],
)
def test_nonsense_in_a_link_is_said(open_page, query, sentence):
    app = open_page(PAGE, **query)
    assert texts(app.warning) == [sentence]
    assert not app.button(key="start").disabled


def test_a_sweep_of_nothing_cannot_be_started(open_page):
    app = open_page(PAGE)
    app.pills[0].set_value([]).run()
    assert texts(app.error) == ["num\\_workers must be one value or more, such as (0, 1, 2, 4), got ()."]
    assert app.button(key="start").disabled


def test_a_sweep_of_hours_cannot_be_started(open_page):
    app = open_page(PAGE, batches="10000", measure_step_ms="10000")
    assert "the estimated time of a sweep must be 4 h or less" in app.error[0].value.lower()
    assert app.button(key="start").disabled


def test_values_that_no_browser_would_send_are_brought_back_into_bounds(open_page):
    app = open_page(PAGE, measure_step_ms="0", measure_io_ms="0", measure_cpu_ms="0")
    app.number_input(key="batches").set_value(10**9).run()
    app.number_input(key="measure_batch_size").set_value(-5).run()
    assert not app.exception
    assert not app.error
    assert not app.button(key="start").disabled


def test_the_latest_run_is_shown_with_its_choice_its_line_and_its_table(open_page, store):
    run_id = keep(store)
    app = open_page(PAGE)
    assert f"Run {run_id}, " in said(app)
    assert "on Example 9000, 2 cores, id aaaa" in said(app)
    assert "**num\\_workers=2: " in said(app)
    assert "3 trials)" in said(app)
    assert texts(app.code) == ["DataLoader(dataset, batch_size=8, num_workers=2)"]
    table = app.table[0].value
    assert list(table.columns) == ["num_workers", "Throughput", "GPU stalled", "First batch", "Peak memory"]
    assert list(table["num_workers"]) == ["0", "1", "2"]
    assert all("samples/s (95 %: " in cell and cell.endswith(", 3 trials)") for cell in table["Throughput"])
    assert list(table["Peak memory"]) == ["300 MiB"] * 3
    assert len(app.get("plotly_chart")) == 1
    assert "Diamonds: measured" in said(app)
    assert "Measured timelines" in said(app)
    assert not app.error
    assert not app.warning


def test_a_link_opens_its_run(open_page, store):
    first = keep(store)
    keep(store, spec(num_workers=(0, 4)))
    app = open_page(PAGE, run=str(first))
    assert f"Run {first}, " in said(app)
    assert list(app.table[0].value["num_workers"]) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("abc", "Run must be the number of a run, got 'abc' in the link: choose one in Runs."),
        ("-1", "Run must be the number of a run, got '-1' in the link: choose one in Runs."),
        ("9" * 30, f"Run must be the number of a run, got '{'9' * 30}' in the link: choose one in Runs."),
        ("99", "There is no run 99: `dataloader-lab runs` lists those there are."),
        ("0", "There is no run 0: `dataloader-lab runs` lists those there are."),
    ],
)
def test_a_link_to_no_run_is_one_sentence(open_page, store, written, sentence):
    keep(store)
    app = open_page(PAGE, run=written)
    assert texts(app.error) == [sentence]
    assert not app.table
    assert not app.button(key="start").disabled


@pytest.mark.parametrize(
    ("state", "message", "sentence"),
    [
        (CANCELLED, "", "Run 1 was cancelled: 4 finished trials are kept and shown here. Press Run to measure again."),
        (
            INTERRUPTED,
            "the app was closed while it ran",
            (
                "Run 1 was interrupted: 4 finished trials are kept and shown here. Press Run to measure again. "
                "The app was closed while it ran."
            ),
        ),
    ],
)
def test_a_run_that_did_not_finish_says_so_and_shows_what_was_kept(open_page, store, state, message, sentence):
    keep(store, state=state, message=message, only=4)
    app = open_page(PAGE)
    assert texts(app.warning) == [sentence]
    assert "1 trial, no interval" in " ".join(app.table[0].value["Throughput"])
    assert len(app.code) == 1


def test_a_run_without_a_trial_says_that_nothing_was_finished(open_page, store):
    keep(store, state=CANCELLED, only=0)
    app = open_page(PAGE)
    assert texts(app.warning) == ["Run 1 was cancelled: nothing was finished. Press Run to measure again."]
    assert not app.table
    assert not app.code


def test_a_failed_run_says_why_with_the_details_folded(open_page, store):
    keep(
        store, spec(num_workers=(2,)), state=FAILED, message="a worker was killed: use fewer workers", failed=(0, 1, 2)
    )
    app = open_page(PAGE)
    assert "Run 1 failed. A worker was killed: use fewer workers." in app.error[0].value
    assert app.expander[0].code[0].value == "RuntimeError: worker 1 is gone"
    assert app.table[0].value["Throughput"][0] == "none: every trial failed"
    assert app.table[0].value["Notes"][0] == "3 trials failed: A worker was killed: use fewer workers."


def test_failed_trials_and_skipped_pictures_are_noted_in_their_row(open_page, store):
    keep(store, spec(workload="jpeg"), failed=(1,), skipped=2)
    app = open_page(PAGE)
    notes = list(app.table[0].value["Notes"])
    assert notes[0] == "2 pictures could not be decoded and were skipped."
    assert notes[2].endswith("1 trial failed: A worker was killed: use fewer workers.")
    assert "with a sample's cost as measured at num_workers 1" in said(app)


def test_a_damaged_file_of_runs_is_one_sentence(open_page, store):
    (store.folder / "runs.db").write_bytes(b"not a database" * 99)
    app = open_page(PAGE)
    assert len(app.error) == 1
    assert "The file of runs was damaged" in app.error[0].value


def test_a_run_of_another_program_is_followed_and_holds_the_machine(open_page, store):
    run_id = store.create_run(spec(), {"cores": "2"}, who="the command line")
    code = (
        "import pathlib, sys, time; from bench import lock\n"
        "held = lock.take(pathlib.Path(sys.argv[1]), who='the command line')\n"
        "held.note(run_id=int(sys.argv[2]), phase='trial', trial=1, done=5, total=12)\n"
        "print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(store.folder), str(run_id)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            app = open_page(PAGE)
            assert app.button(key="start").disabled
            assert not app.button(key="cancel").disabled
            assert "started by the command line" in said(app)
            progress = app.get("progress")[0].proto.text
            assert progress.startswith("Trial 1 of 9: num_workers ")
            assert "batch 5 of 12" in progress
            assert "5 % done, " in progress
            assert len(app.get("plotly_chart")) == 1
            with pytest.raises(jobs.Busy, match="the command line"):
                jobs.start(spec())
        finally:
            holder.send_signal(signal.SIGKILL)
    assert lock.holder(store.folder) is None
    assert "Run 1 was interrupted" in open_page(PAGE).warning[0].value
