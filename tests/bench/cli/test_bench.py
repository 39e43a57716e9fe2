"""`dataloader-lab bench` as a user runs it: real processes, real DataLoaders."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from PIL import Image

from bench import jobs, lock
from bench.runs.store import Store

pytestmark = pytest.mark.live
BENCH = [sys.executable, "-m", "bench.cli", "bench"]
SMALL = ["--batches", "4", "--batch-size", "2", "--io-ms", "1", "--cpu-ms", "0", "--step-ms", "5"]
LONG = ["--num-workers", "1", "--repeats", "50", "--batches", "20", "--batch-size", "2"]


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "dataloader-lab"


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BENCH, *options], capture_output=True, text=True, check=False)


def started(options: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen([*BENCH, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_first_trial(data: Path, process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Wait until a trial is kept and the next one has a worker; return the processes under the command."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        below = psutil.Process(process.pid).children(recursive=True)
        if len(below) >= 2 and (data / "runs.db").exists() and Store(data).trials(1):
            return below
        time.sleep(0.05)
    raise AssertionError("no trial was kept")


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_sweep_prints_a_table_and_the_line_and_is_kept(data: Path) -> None:
    seen = bench(*SMALL, "--num-workers", "0,1", "--repeats", "2")
    assert seen.returncode == 0, seen.stderr
    head, none, one = seen.stdout.splitlines()[:3]
    assert head.split("  ")[0] == "num_workers"
    assert (none.split()[0], one.split()[0]) == ("0", "1")
    assert "MiB" in none
    assert "    DataLoader(dataset, batch_size=2, num_workers=" in seen.stdout
    assert "trial 4 of 4, num_workers=" in seen.stderr
    assert "4 finished trials, kept as run 1" in seen.stderr
    store = Store(data)
    (run,) = store.runs()
    assert (run.state, run.trials, run.who) == ("done", 4, "dataloader-lab bench")
    assert run.machine
    timeline = store.timeline(store.trials(run.id)[0].id)
    assert (timeline.source, timeline.batches().size) == ("measured", 4)


def test_json_is_one_document_and_nothing_else(data: Path) -> None:
    seen = bench(*SMALL, "--num-workers", "1", "--repeats", "2", "--prefetch-factor", "3", "--json")
    assert seen.returncode == 0, seen.stderr
    document = json.loads(seen.stdout)
    assert (document["kind"], document["state"], document["run"]["id"]) == ("bench", "done", 1)
    (cell,) = document["cells"]
    assert cell["samples_per_s"]["low"] < cell["rate"] < cell["samples_per_s"]["high"]
    assert document["recommendation"]["line"] == "DataLoader(dataset, batch_size=2, num_workers=1, prefetch_factor=3)"
    assert len(document["trials"]) == 2
    assert data.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_quick_and_leaves_no_process_and_loses_no_trial(data: Path, number: signal.Signals) -> None:
    with started(LONG) as process:
        below = wait_for_first_trial(data, process)
        before = time.monotonic()
        process.send_signal(number)
        # An impatient user presses it again.
        time.sleep(0.1)
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        assert time.monotonic() - before < 2.0
    assert process.returncode == 130
    assert not alive(below)
    store = Store(data)
    run = store.run(1)
    assert run.state == "cancelled"
    assert run.trials >= 1
    assert "Traceback" not in errors
    assert "stopped: " in errors
    assert "kept as run 1" in errors
    assert "DataLoader(dataset" in output
    assert lock.holder(data) is None


def test_a_killed_command_leaves_no_process_and_is_shown_as_interrupted(data: Path) -> None:
    with started(LONG) as process:
        below = wait_for_first_trial(data, process)
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 2.0
    while alive(below) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(below)
    assert Store(data).run(1).state == "interrupted"


def test_the_app_sees_and_cancels_a_run_of_the_command_line(data: Path) -> None:
    with started(LONG) as process:
        wait_for_first_trial(data, process)
        store = Store(data)
        view = jobs.current(store=store)
        assert view is not None
        assert (view.run.who, view.total) == ("dataloader-lab bench", 50)
        second = bench(*SMALL)
        assert second.returncode == 1
        assert second.stdout == ""
        assert "one run at a time, and dataloader-lab bench (run 1) has been running since" in second.stderr
        assert jobs.cancel(1, store=store)
        process.communicate()
        assert process.returncode == 130
    assert store.run(1).state == "cancelled"


def test_a_folder_that_cannot_be_written_loses_only_the_keeping(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    seen = bench(*SMALL, "--num-workers", "0", "--repeats", "1", "--json")
    assert seen.returncode == 0
    document = json.loads(seen.stdout)
    assert document["run"] is None
    assert document["cells"][0]["rate"] > 0
    assert "the results will not be kept: runs cannot be kept in" in seen.stderr
    assert "1 finished trial, not kept" in seen.stderr


def test_a_sweep_that_fails_says_why_and_exits_with_1(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "not-a-picture.jpg").write_text("dear diary")
    seen = bench(
        "--workload", "jpeg", "--images", str(folder), "--batches", "3", "--batch-size", "2", "--num-workers", "0,1"
    )
    assert seen.returncode == 1
    assert seen.stderr.splitlines()[-1].startswith("dataloader-lab bench: ")
    assert "Traceback" not in seen.stderr
    run = Store(data).run(1)
    assert run.state == "failed"
    assert run.trials == 2


def test_pictures_that_cannot_be_decoded_are_skipped_and_counted(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        Image.effect_noise((320, 240), 60).convert("RGB").save(folder / f"{number}.jpg")
    whole = (folder / "1.jpg").read_bytes()
    (folder / "1.jpg").write_bytes(whole[: len(whole) // 2])
    options = ["--workload", "jpeg", "--images", str(folder), "--batches", "4", "--batch-size", "3", "--step-ms", "1"]
    seen = bench(*options, "--num-workers", "1", "--repeats", "1")
    assert seen.returncode == 0, seen.stderr
    assert "1 picture could not be decoded and was skipped." in seen.stdout
    assert Store(data).trials(1)[0].skipped_pictures == 1


def test_a_terminal_gets_a_bar(data: Path) -> None:
    ours, theirs = os.openpty()
    command = [*BENCH, *SMALL, "--num-workers", "0", "--repeats", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
        except OSError:
            # Linux ends a terminal that nobody writes to any more with an error.
            pass
        assert process.wait() == 0
    os.close(ours)
    text = seen.decode()
    assert "\r[" in text
    assert "batches/s" in text
    assert " left" in text
    assert data.exists()
