"""`dataloader-lab predict` calibrates from trace files and says how wrong it was."""

import json
from dataclasses import replace

import pytest
from as_traced import as_traced

from bench.cli import main
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.wire import timeline_to_bytes

WORK = Workload(batches=60, batch_size=8, io_s=0.004, cpu_s=0.001, jitter=0.2)
ONE = Scenario(
    workload=WORK, loader=LoaderConfig(num_workers=1), machine=Machine(cores=8.0, put_s=0.0005, get_s=0.0005)
)


@pytest.fixture
def files(tmp_path):
    def write(name, timeline):
        path = tmp_path / f"{name}.trace"
        path.write_bytes(timeline_to_bytes(timeline))
        return str(path)

    four = simulate(replace(ONE, loader=LoaderConfig(num_workers=4, prefetch_factor=2)))
    return write("one", as_traced(ONE)), write("four", replace(four, source="measured"))


def test_predictions_stand_beside_what_was_measured(files, capsys):
    one, four = files
    assert main(["predict", one, "--against", four, "--num-workers", "1,4"]) == 0
    text = capsys.readouterr().out
    line = next(line for line in text.splitlines() if line.split()[:1] == ["4"])
    assert "error +" in line or "error -" in line
    assert "workload.io_s" in text
    assert "At the traced settings: predicted" in text


def test_json_holds_scenario_costs_and_predictions(files, capsys):
    one, four = files
    assert main(["predict", one, "--against", four, "--num-workers", "2,4", "--prefetch-factor", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "predict"
    two, at_four = document["predictions"]
    assert two["measured"] is None
    assert abs(at_four["measured"]["error"]) < 0.03
    assert two["low"] <= two["samples_per_s"] <= two["high"]
    assert document["scenario"]["workload"]["io_factors"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "nowhere"], "no trace of the name 'nowhere'"),
        (["predict", "nowhere.trace"], "cannot be read"),
        (["predict"], "TRACE"),
        (["predict", "x", "--prefetch-factor", "0"], "--prefetch-factor must be 1 or more"),
    ],
)
def test_wrong_input_is_one_sentence(arguments, message, capsys):
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr().err
    assert status == 2
    assert message in said
    assert "Traceback" not in said


def test_a_file_that_is_no_trace_is_refused(tmp_path, capsys):
    path = tmp_path / "picture.trace"
    path.write_bytes(b"\x89PNG\r\n")
    assert main(["predict", str(path)]) == 2
    assert "is not a trace that can be read" in capsys.readouterr().err


def test_a_simulation_is_no_trace(tmp_path, capsys):
    path = tmp_path / "simulated.trace"
    path.write_bytes(timeline_to_bytes(simulate(ONE)))
    assert main(["predict", str(path)]) == 2
    assert "must be a traced run" in capsys.readouterr().err
