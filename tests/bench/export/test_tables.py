"""A row per batch, in numbers that a spreadsheet reads and texts that it does not run."""

import csv
import io
import math

import numpy as np
import pytest
from traced_run import timeline

from bench.export import tables
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.timeline import PIN, SPAN, Activity, Timeline


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def numbers(row):
    return {name: float(value) for name, value in row.items() if value not in {"", "main"}}


def test_a_batch_has_all_that_was_seen_of_it():
    first, second, third = read(tables.batches_csv(timeline()))
    assert tuple(first) == tables.BATCHES
    assert numbers(first) == {
        "rank": 0,
        "epoch": 0,
        "batch": 0,
        "worker": 0,
        "sent_s": 0.021,
        "load_start_s": 0.030,
        "loaded_s": 0.080,
        "put_s": 0.083,
        "got_s": 0.085,
        "received_s": 0.086,
        "held_s": pytest.approx(0.001),
        "step_start_s": 0.086,
        "step_end_s": 0.116,
        "fetch_s": 0.040,
        "fetch_cpu_s": 0.010,
        "blocked_s": pytest.approx(0.030),
        "cpu_share": 0.25,
        "collate_s": 0.005,
        "collate_cpu_s": 0.0,
        "process_cpu_s": 0.0,
        "samples": 2,
        "tensors": 3,
        "tensor_bytes": 4096,
    }
    # Unpickled before the first, handed over after it.
    assert float(second["held_s"]) == pytest.approx(0.117 - 0.063)
    assert (float(second["cpu_share"]), float(second["blocked_s"])) == (1.0, 0.0)
    for name in ("fetch_s", "blocked_s", "cpu_share", "message_bytes", "pinned_s"):
        assert third[name] == "", name


def test_a_batch_loaded_in_the_training_process_says_so():
    run = simulate(Scenario(workload=Workload(batches=2), loader=LoaderConfig(num_workers=0)))
    rows = read(tables.batches_csv(run))
    assert [row["worker"] for row in rows] == ["main", "main"]
    assert rows[0]["sent_s"] == rows[0]["held_s"] == rows[0]["samples"] == ""


def test_times_are_those_of_the_timeline():
    machine = Machine(cores=2.0, get_s=0.001, put_s=0.002)
    run = simulate(
        Scenario(workload=Workload(batches=9, epochs=2), loader=LoaderConfig(num_workers=2), machine=machine)
    )
    rows, expected = read(tables.batches_csv(run)), run.batches()
    for name in ("sent_s", "load_start_s", "loaded_s", "received_s", "step_start_s", "step_end_s"):
        assert np.allclose([float(row[name]) for row in rows], expected[name], atol=1e-9), name
    for row in rows:
        times = [float(row[name]) for name in ("loaded_s", "put_s", "got_s", "received_s")]
        assert times == sorted(times)
        assert float(row["held_s"]) >= 0.0


def test_a_pinned_batch_is_held_from_when_it_was_pinned():
    rows = [
        (0, 0, Activity.LOAD, 0, 0, 0.0, 0.1),
        (0, PIN, Activity.GET, 0, 0, 0.1, 0.2),
        (0, PIN, Activity.PIN, 0, 0, 0.2, 0.3),
        (0, -1, Activity.RECEIVE, 0, 0, 0.5, 0.5),
        # A worker that goes on in the next epoch answers with its own number in place of a batch's.
        (0, -1, Activity.GET, 0, 0, 0.6, 0.7),
    ]
    (row,) = read(tables.batches_csv(Timeline(scenario=Scenario(), source="measured", spans=np.array(rows, SPAN))))
    assert (row["got_s"], row["pinned_s"]) == ("0.2", "0.3")
    assert float(row["held_s"]) == pytest.approx(0.2)


def test_samples_and_transforms_are_tables_of_their_own():
    seen = tables.tables(timeline())
    assert list(seen) == ["batches", "samples", "transforms"]
    first, second = read(seen["samples"])
    assert (first["index"], second["index"]) == ("7", "-1")
    assert float(first["blocked_s"]) == pytest.approx(0.026)
    assert second["blocked_s"] == "0"
    assert [row["calls"] for row in read(seen["transforms"])] == ["2", "2", "2"]
    assert list(tables.tables(simulate(Scenario()))) == ["batches"]
    assert read(tables.samples_csv(simulate(Scenario()))) == []


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1", "\uff1d1+1"])
def test_a_text_that_a_spreadsheet_would_run_is_defused(text):
    rows = read(tables.transforms_csv(timeline(steps=(text, 'a "quoted", name'))))
    assert [row["step"] for row in rows] == [f"'{text}", 'a "quoted", name', f"'{text}"]


def test_a_step_without_a_name_has_its_number():
    assert [row["step"] for row in read(tables.transforms_csv(timeline(steps=("Resize",))))][1] == "step 1"


def test_numbers_have_no_exponent_and_lines_end_as_the_standard_says():
    text = tables.batches_csv(timeline())
    assert "e-" not in text.partition("\r\n")[2]
    assert text.count("\r\n") == text.count("\n") == 4
    assert tables._cell(1e-9) == "0.000000001"
    assert tables._cell(12.0) == "12"
    assert tables._cell(0.0) == tables._cell(1e-12) == "0"
    assert tables._cell(math.inf) == tables._cell(math.nan) == ""
    assert tables._cell(-0.5) == "-0.5"
