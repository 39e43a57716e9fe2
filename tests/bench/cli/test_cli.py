"""What a user can get wrong, and what the simulator and the stored runs answer; nothing here starts a trial."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import main
from bench.runs.plan import SweepSpec
from bench.runs.records import Trial
from bench.runs.store import Store
from dataloader_sim.metrics import metrics
from dataloader_sim.scenario import Scenario, Workload
from dataloader_sim.simulate import simulate
from dataloader_sim.sweep import vary
from dataloader_sim.wire import scenario_from_dict

CLI = [sys.executable, "-m", "bench.cli"]
SPEC = SweepSpec(base=Scenario(workload=Workload(batches=6, batch_size=2)), num_workers=(0, 1), repeats=1)


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "dataloader-lab"


WRONG = [
    (["bench", "--num-workers", "a,-1"], "--num-workers must be whole numbers from 0 to 64"),
    (["bench", "--num-workers", "-1,2"], "got '-1': try --num-workers 0,1,2,4"),
    (["bench", "--num-workers", ""], "--num-workers must be whole numbers"),
    (["bench", "--num-workers", "0,,1"], "--num-workers must be whole numbers"),
    (["bench", "--num-workers", "2.0"], "--num-workers must be whole numbers"),
    (["bench", "--num-workers", "65"], "--num-workers must be whole numbers from 0 to 64"),
    (["bench", "--num-workers", "1,1"], "--num-workers must name each value once"),
    (["bench", "--num-workers", "9" * 5000], "--num-workers must be whole numbers"),
    (["bench", "--batches", "0"], "--batches must be 1 or more, got 0: a run needs at least one batch"),
    (["bench", "--batches", "2"], "batches must be 3 or more in a sweep, got 2: "),
    (["bench", "--batches", "1e3"], "--batches must be a whole number, got '1e3': "),
    (["bench", "--batch-size", "-5"], "--batch-size must be 1 or more, got -5: "),
    (["bench", "--batch-size", "9999999"], "--batch-size must be 1,000,000 or less, got 9999999: "),
    (["bench", "--io-ms", "-3"], "--io-ms must be 0 or more, got -3: times are in milliseconds here"),
    (["bench", "--io-ms", "nan"], "--io-ms must be a finite number, got nan: "),
    (["bench", "--cpu-ms", "1e999"], "--cpu-ms must be a finite number, got 1e999: "),
    (["bench", "--step-ms", "fast"], "--step-ms must be a number, got 'fast': "),
    (["bench", "--step-ms", "1e12"], "--step-ms must be 1e+09 or less, got 1e12: "),
    (["bench", "--jitter", "11"], "--jitter must be 10 or less, got 11: a coefficient of variation"),
    (["bench", "--prefetch-factor", "0"], "--prefetch-factor must be 1 or more, got 0: "),
    (["bench", "--prefetch-factor", "65"], "prefetch_factor must be 64 or less in a sweep, got 65: "),
    (["bench", "--prefetch-factor", "2", "--num-workers", "0"], "prefetch_factor must be None when num_workers is 0"),
    (["bench", "--repeats", "0"], "--repeats must be 1 or more, got 0: 5 or more give an interval worth having"),
    (["bench", "--repeats", "400"], "trials must be 400 or less, got 1600: "),
    (["bench", "--seed", "-1"], "--seed must be 0 or more, got -1: "),
    (["bench", "--stall-timeout", "0"], "--stall-timeout must be more than 0, got 0: "),
    (["bench", "--workload", "x"], "--workload must be one of 'emulated', 'jpeg', got 'x': see"),
    (["bench", "--workload", "jpeg", "--io-ms", "3"], "--io-ms must be left out with --workload jpeg: "),
    (["bench", "--images", "/"], "--images must be left out with --workload emulated: "),
    (["bench", "--workload", "jpeg", "--images", "/no/such"], "'/no/such' does not exist: give another"),
    (["bench", "--io-ms", "10000"], "the estimated time of a sweep must be 4 h or less, got "),
    (["bench", "--io", "3"], "unrecognized arguments: --io 3: see dataloader-lab --help"),
    (["bench", "--io-ms"], "--io-ms expected one argument: see dataloader-lab bench --help"),
    (["simulate", "--cores", "0"], "--cores must be more than 0, got 0: a quota of half a core is 0.5"),
    (["simulate", "--num-workers", "2000"], "--num-workers must be whole numbers from 0 to 1024"),
    (["simulate", "--batches", "10000000", "--batch-size", "10"], "--batches times --batch-size must be 20,000,000"),
    (["runs", "show"], "the following arguments are required: ID: see dataloader-lab runs show --help"),
    (["runs", "show", "x"], "ID must be a whole number, got 'x': `dataloader-lab runs` lists them"),
    (["runs", "delete", "0"], "ID must be 1 or more, got 0: "),
    (["fly"], "', got 'fly': see dataloader-lab --help"),
    (["--port", "0"], "--port must be 1 or more, got 0: leave it out to take the first free one"),
    (["--port", "eighty"], "--port must be a whole number, got 'eighty': "),
]


@pytest.mark.parametrize(
    ("line", "words"), WRONG, ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else ""
)
def test_a_wrong_value_gets_rule_value_and_way_out_in_one_line(
    line: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    data: Path,
) -> None:
    assert main(line) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert words in seen.err
    assert seen.err.startswith("dataloader-lab")
    assert len(seen.err.splitlines()) == 1
    assert len(seen.err) < 300
    assert not data.exists(), "a wrong value leaves nothing behind"


def test_an_empty_folder_of_pictures_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--workload", "jpeg", "--images", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("line", [["--help"], ["bench", "--help"], ["simulate", "-h"], ["runs", "-h"], ["--version"]])
def test_help_is_a_result(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 0
    seen = capsys.readouterr()
    assert "dataloader-lab" in seen.out
    assert seen.err == ""


def test_the_help_names_the_default_step(capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", "--help"])
    assert "(default: 30 ms)" in capsys.readouterr().out


def test_simulate_prints_the_simulators_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--num-workers", "4", "--io-ms", "8", "--cores", "2.5", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["version"]) == ("simulate", 1)
    (run,) = document["runs"]
    base = scenario_from_dict(document["scenario"])
    assert (base.workload.io_s, base.machine.cores) == (0.008, 2.5)
    timeline = simulate(vary(base, "loader.num_workers", 4))
    assert run["metrics"]["samples_per_s"] == metrics(timeline).samples_per_s
    assert len(run["timeline"]["spans"]) == timeline.spans.size
    assert run["verdict"]["finding"]


def test_simulate_prints_a_table_and_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--num-workers", "8,0"]) == 0
    text = capsys.readouterr().out
    assert [line.split()[0] for line in text.splitlines()[:3]] == ["num_workers", "0", "8"]
    assert "Simulated. num_workers=8 is the smallest of these within 2 % of the best." in text


def test_no_runs_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0
    assert "No runs yet" in capsys.readouterr().out
    assert main(["runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"kind": "runs", "version": 1, "runs": []}


def test_runs_lists_shows_and_deletes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(data)
    run_id = store.create_run(SPEC, {"cpu": "a fast one"}, who="a test")
    trial = Trial(block=0, num_workers=1, wall_s=1.0, samples_per_s=321.0, skipped_pictures=2)
    store.add_trial(run_id, trial, None)
    store.add_trial(run_id, Trial(block=0, num_workers=0, wall_s=1.0, error="it broke: try again"), None)
    store.set_state(run_id, "done")
    assert main(["runs"]) == 0
    assert "done" in capsys.readouterr().out
    assert main(["runs", "show", str(run_id)]) == 0
    text = capsys.readouterr().out
    for words in (
        "a fast one",
        "321",
        "one trial",
        "num_workers=0: 1 of 1 trials failed: it broke: try again",
        "2 pictures could not be decoded and were skipped.",
        "DataLoader(dataset, batch_size=2, num_workers=1)",
    ):
        assert words in text
    assert main(["runs", "--json", "show", str(run_id)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["run"]["state"] == "done"
    assert [cell["num_workers"] for cell in document["cells"]] == [0, 1]
    assert document["recommendation"]["num_workers"] == 1
    assert SweepSpec.from_dict(document["run"]["spec"]) == SPEC
    assert main(["runs", "delete", str(run_id)]) == 0
    assert main(["runs", "show", str(run_id)]) == 1
    assert f"there is no run {run_id}" in capsys.readouterr().err


def test_a_damaged_file_of_runs_is_told_on_standard_error(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(data)
    (data / "runs.db").write_text("dear diary")
    assert main(["runs", "--json"]) == 0
    seen = capsys.readouterr()
    assert json.loads(seen.out)["runs"] == []
    assert "it is kept as" in seen.err


def test_a_data_folder_that_cannot_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert main(["runs"]) == 1
    assert "set XDG_DATA_HOME to another folder" in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error() -> None:
    with subprocess.Popen([*CLI, "simulate", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_result_that_cannot_be_written_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        seen = subprocess.run([*CLI, "simulate"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert seen.returncode == 1
    assert (
        seen.stderr == b"dataloader-lab: the result could not be written (No space left on device): free some space\n"
    )


def test_commands_without_a_trial_never_load_torch() -> None:
    script = "import sys; from bench.cli import main; main(['runs']); print('torch' in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout.endswith("False\n")
