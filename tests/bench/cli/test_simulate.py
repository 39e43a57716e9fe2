"""`dataloader-lab simulate`: every option reaches the simulator, and what breaks off or runs out is said in words."""

import json
from dataclasses import fields, replace

import pytest

from bench.cli import main
from bench.cli.flags import FLAGS, PRESETS, SIMULATED
from dataloader_sim.memory import predict
from dataloader_sim.presets import MACHINES
from dataloader_sim.scenario import Fault, LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.sweep import sweep, vary
from dataloader_sim.wire import scenario_from_dict

SHORT = ["--batches", "6", "--batch-size", "2", "--num-workers", "2"]


def simulated(capsys: pytest.CaptureFixture[str], *line: str) -> dict:
    assert main(["simulate", *SHORT, *line, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def said(capsys: pytest.CaptureFixture[str], *line: str) -> list[str]:
    assert main(["simulate", *SHORT, *line]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("line", "part", "expected"),
    [
        (["--epochs", "3"], "workload", {"epochs": 3}),
        (["--launch-ms", "5", "--no-synchronize"], "workload", {"launch_s": 0.005, "synchronize": False}),
        (["--sample-bytes", "1000", "--tensors", "5"], "workload", {"sample_bytes": 1000, "tensors": 5}),
        (
            ["--dataset-bytes", "70000", "--dataset-objects"],
            "workload",
            {"dataset_bytes": 70000, "dataset_objects": True},
        ),
        (["--iterable", "--shard-skew", "0.5"], "workload", {"iterable": True, "shard_skew": 0.5}),
        (["--gil-share", "0.25"], "workload", {"gil_share": 0.25}),
        (["--no-in-order"], "loader", {"in_order": False}),
        (["--in-order"], "loader", {"in_order": True}),
        (["--persistent", "--pin-memory"], "loader", {"persistent_workers": True, "pin_memory": True}),
        (["--drop-last", "--timeout", "7.5"], "loader", {"drop_last": True, "timeout": 7.5}),
        (["--start-method", "spawn"], "loader", {"multiprocessing_context": "spawn"}),
        (["--ranks", "2", "--free-threaded"], "machine", {"ranks": 2, "free_threaded": True}),
        (["--storage-streams", "3"], "machine", {"storage_streams": 3}),
        (["--ram-bytes", "5", "--shm-bytes", "6"], "machine", {"ram_bytes": 5, "shm_bytes": 6}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_sets_its_field_and_no_other(line, part, expected, capsys):
    asked = scenario_from_dict(simulated(capsys, *line)["scenario"])
    base = Scenario(workload=Workload(batches=6, batch_size=2), loader=LoaderConfig(num_workers=2))
    assert asked == replace(base, **{part: replace(getattr(base, part), **expected)})


def test_threads_and_faults_are_the_scenarios_own(capsys):
    asked = scenario_from_dict(simulated(capsys, "--threads", "--fault", "raises", "--fault-batch", "3")["scenario"])
    assert (asked.threads, asked.fault) == (True, Fault(kind="raises", batch=3))


def test_every_setting_has_an_option_but_the_plumbing_of_a_machine_which_a_preset_sets():
    flagged = {(one.owner, one.name) for one in (*FLAGS, *SIMULATED)}
    settings = {(owner, item.name) for owner in (Workload, LoaderConfig, Machine, Fault) for item in fields(owner)}
    left = {name for _, name in settings - flagged}
    plumbing = {item.name for item in fields(Machine) if item.name.startswith(("worker_", "put_", "get_"))}
    plumbing |= {item.name for item in fields(Machine) if item.name.endswith("_bytes_per_s")}
    measured = {"io_factors", "cpu_factors"}  # a calibration's, thousands of them
    assert left == plumbing | measured | {"num_workers"}


def test_a_machine_is_a_preset_under_the_other_options(capsys):
    measured = next(name for name in PRESETS if name != "ideal")
    preset = scenario_from_dict(simulated(capsys, "--machine", measured)["scenario"]).machine
    assert preset in MACHINES.values()
    assert preset.put_s > 0
    wider = scenario_from_dict(simulated(capsys, "--machine", measured, "--cores", "64")["scenario"]).machine
    assert wider == replace(preset, cores=64.0)
    assert scenario_from_dict(simulated(capsys)["scenario"]).machine == MACHINES["ideal"]


def test_seeds_give_a_band(capsys):
    slow = ["--io-ms", "50", "--jitter", "0.8", "--seeds", "5"]
    document = simulated(capsys, *slow)
    asked = scenario_from_dict(document["scenario"])
    (band,) = sweep(asked, "loader.num_workers", [2], seeds=5).band
    assert document["runs"][0]["band"] == {"low": band.low, "median": band.median, "high": band.high}
    assert band.low < band.median < band.high
    head, row, *_ = said(capsys, *slow)
    assert "lowest to highest" in head
    assert f"{band.low:,.0f} to {band.high:,.0f}" in row
    assert "band" not in simulated(capsys)["runs"][0]


def test_a_run_that_breaks_off_is_said_in_words(capsys):
    lines = said(capsys, "--num-workers", "0,2", "--fault", "killed", "--fault-batch", "3", "--step-ms", "100")
    assert [line.split()[-1] for line in lines[1:3]] == ["fault", "fault"]
    text = " ".join(lines[4:])
    assert text.startswith("Simulated. num_workers=0: The run broke off after ")
    assert "num_workers=2: The run broke off after " in text
    assert "is killed by signal" in text
    failure = simulated(capsys, "--fault", "killed", "--fault-batch", "3")["runs"][0]["timeline"]["failure"]
    assert failure["kind"] == "killed"


def test_a_run_without_a_single_batch_still_has_a_line(capsys):
    lines = said(capsys, "--fault", "hangs")
    assert lines[1].split() == ["2", "0", "100", "%", "0", "%", "none", "fault"]
    assert "waits for ever" in " ".join(lines)


def test_memory_is_forecast_when_sizes_are_given(capsys):
    sized = ["--sample-bytes", "1000000", "--shm-bytes", "5000000", "--num-workers", "2"]
    document = simulated(capsys, *sized)
    scenario = vary(scenario_from_dict(document["scenario"]), "loader.num_workers", 2)
    seen = predict(scenario)
    assert document["runs"][0]["memory"]["total_bytes"] == seen.total_bytes
    lines = said(capsys, *sized)
    (line,) = [one for one in lines if one.startswith("Memory forecast at num_workers=2: ")]
    assert f"{seen.total_bytes / 1e6:,.0f} MB (training process " in line
    assert f"shared memory {seen.shm_bytes / 1e6:,.0f} MB" in line
    # 2 x 2 batches of 2 MB and the one in the step do not fit into 5 MB.
    assert lines[-1] == f"{seen.warnings[0]}."
    assert "run out" in lines[-1]


def test_without_sizes_there_is_no_forecast(capsys):
    assert not [one for one in said(capsys) if "Memory" in one]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--machine", "fast"], "--machine must be one of 'ideal', "),
        (["--start-method", "x"], "--start-method must be one of 'fork', 'forkserver', 'spawn', got 'x': see"),
        (["--fault", "explodes"], "--fault must be one of 'killed', 'hangs', 'raises', 'lost', got 'explodes': see"),
        (["--fault-batch", "3"], "--fault-batch must come with --fault: "),
        (["--fault", "lost", "--fault-batch", "6"], "fault.batch must be less than 6, got 6: "),
        (["--gil-share", "1.5"], "--gil-share must be 1 or less, got 1.5: 1 for pure Python"),
        (["--shard-skew", "-0.1"], "--shard-skew must be 0 or more, got -0.1: "),
        (["--timeout", "-1"], "--timeout must be 0 or more, got -1: 0 means no timeout"),
        (["--timeout", "nan"], "--timeout must be a finite number, got nan: "),
        (["--epochs", "0"], "--epochs must be 1 or more, got 0: a run needs at least one epoch"),
        (["--ranks", "0"], "--ranks must be 1 or more, got 0: "),
        (["--sample-bytes", "big"], "--sample-bytes must be a whole number, got 'big': sizes are in bytes"),
        (["--tensors", "0"], "--tensors must be 1 or more, got 0: a batch holds at least one tensor"),
        (["--seeds", "0"], "--seeds must be 1 or more, got 0: "),
        (["--seeds", "1001"], "--seeds must be 1,000 or less, got 1001: "),
        (["--persistent", "--num-workers", "0"], "persistent_workers must be False when num_workers is 0, got True: "),
        (["--iterable", "--drop-last", "--batches", "1"], "at least one batch that drop_last leaves, got 0: "),
        (["--persist"], "unrecognized arguments: --persist: see"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_gets_rule_value_and_way_out_in_one_line(line, words, capsys):
    assert main(["simulate", *SHORT, *line]) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert words in seen.err
    assert len(seen.err.splitlines()) == 1
    assert len(seen.err) < 300
