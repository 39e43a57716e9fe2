"""`dataloader-lab host`: what it says before, during and after a calibration; nothing here measures anything."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from bench import machine
from bench.calibration import host_file
from bench.calibration.host_file import Host
from bench.calibration.quantity import Quantity
from bench.cli import host, main
from bench.trial.spec import TrialError

HOST = Host(
    machine=replace(machine.this_machine(), put_s=0.0005),
    quantities=(
        Quantity(name="machine.put_s", value=0.0005, low=0.0004, high=0.0007, count=5, source="machine"),
        Quantity(name="machine.shm_bytes_per_s", value=1.5e9, low=1e9, high=2e9, count=5, source="machine"),
        Quantity(name="machine.cores", value=1.8, low=1.7, high=1.9, count=5, source="machine"),
        Quantity(name="host.stop_spawn_s", value=1.5, low=1.0, high=2.0, count=5, source="machine"),
        Quantity(name="host.put_tensor_s", value=0.0, low=0.0, high=2e-6, count=5, source="machine"),
    ),
    measured_utc="2026-11-22T17:00:00Z",
    others_share=0.034,
    origin=machine.describe(),
    notes=("No GPU was found.",),
)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "dataloader-lab"


def test_before_a_calibration_the_machine_is_described(capsys, folder):
    assert main(["host"]) == 0
    seen = capsys.readouterr()
    here, limits = machine.this_machine(), machine.core_limits()
    assert f"Cores:     {here.cores:g} for a run ({limits.affinity} by affinity, " in seen.out
    assert f"Memory:    {here.ram_bytes / 2**30:,.1f} GiB" in seen.out
    assert f"torch {machine.describe()['torch']}" in seen.out
    assert "Not calibrated: `dataloader-lab host --calibrate`" in seen.out
    assert seen.err == ""
    assert not folder.exists(), "looking leaves nothing behind"


def test_a_quota_is_said(capsys, monkeypatch):
    monkeypatch.setattr(machine, "core_limits", lambda: machine.CoreLimits(affinity=8, quota=1.5))
    assert main(["host"]) == 0
    assert "(8 by affinity, a quota of 1.5)" in capsys.readouterr().out


def test_a_calibration_is_a_table_with_units_and_spread(capsys, folder):
    host_file.write(HOST, folder)
    assert main(["host"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["put_s", "500.00", "us", "400.00", "us", "to", "700.00", "us", "5"] in lines
    assert ["shm_bytes_per_s", "1.50", "GB/s", "1.00", "GB/s", "to", "2.00", "GB/s", "5"] in lines
    assert ["cores", "1.80", "1.70", "to", "1.90", "5"] in lines
    assert ["stop_spawn_s", "1.50", "s", "1.00", "s", "to", "2.00", "s", "5"] in lines
    assert ["put_tensor_s", "0.00", "us", "0.00", "us", "to", "2.00", "us", "5"] in lines
    text = " ".join(" ".join(line) for line in lines)
    assert "Calibrated 2026-11-22 17:00:00 UTC with torch" in text
    assert "other programs used up to 3 % of the machine meanwhile. No GPU was found." in text


def test_json_is_one_document(capsys, folder):
    assert main(["host", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calibration"] is None
    host_file.write(HOST, folder)
    assert main(["host", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["version"]) == ("host", 1)
    assert document["cores"]["usable"] == machine.this_machine().cores
    assert document["calibration"]["machine"]["machine"]["put_s"] == 0.0005
    assert document["calibration"]["quantities"][0] == {
        "name": "machine.put_s",
        "value": 0.0005,
        "low": 0.0004,
        "high": 0.0007,
        "count": 5,
        "source": "machine",
        "note": "",
    }


def test_a_damaged_file_is_one_sentence_beside_the_machine(capsys, folder):
    folder.mkdir()
    (folder / host_file.NAME).write_text("{")
    assert main(["host"]) == 0
    seen = capsys.readouterr()
    assert "is damaged and ignored" in seen.err
    assert len(seen.err.splitlines()) == 1
    assert "Not calibrated" in seen.out


def test_progress_goes_to_standard_error(capsys, monkeypatch):
    def calibrate(report):
        report(0.5, "workers by spawn")
        return HOST

    monkeypatch.setattr(host, "calibrate_host", calibrate)
    assert main(["host", "--calibrate", "--json"]) == 0
    seen = capsys.readouterr()
    assert json.loads(seen.out)["calibration"]["measured_utc"] == HOST.measured_utc
    assert seen.err == "50 %  workers by spawn\n"


def test_a_calibration_that_fails_is_one_sentence(capsys, monkeypatch):
    def calibrate(_report):
        raise TrialError("it did not work", "many\nlines")

    monkeypatch.setattr(host, "calibrate_host", calibrate)
    assert main(["host", "--calibrate"]) == 1
    assert capsys.readouterr().err == "dataloader-lab: it did not work\n"


def test_nothing_of_it_imports_torch():
    code = "import sys, bench.cli.parser, bench.calibration.host; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
