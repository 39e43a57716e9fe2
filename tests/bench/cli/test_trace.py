"""`dataloader-lab trace` runs a script as Python does, and keeps what was seen however the script ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import traces
from dataloader_sim.wire import timeline_from_bytes

pytestmark = pytest.mark.live

SCRIPT = """
import os, signal, sys, time
import torch
from torch.utils.data import DataLoader, Dataset

class Numbers(Dataset):
    def __len__(self):
        return 16
    def __getitem__(self, index):
        if sys.argv[1:] == ["bad"] and index == 9:
            raise ValueError("sample 9 is bad")
        return torch.tensor(index)

def main(how):
    print("arguments", sys.argv, __file__ == os.path.abspath(__file__), __spec__, flush=True)
    if how == "none":
        return
    context = "spawn" if how == "spawn" else None
    other = list(DataLoader(Numbers(), batch_size=8))
    for number, batch in enumerate(DataLoader(Numbers(), batch_size=4, num_workers=1, multiprocessing_context=context)):
        if number == 2:
            if how == "exit": sys.exit(3)
            if how == "raise": raise RuntimeError("the loop is wrong")
            if how == "kill": os.kill(os.getpid(), signal.SIGKILL)
            if how == "sleep":
                print("sleeping", flush=True)
                time.sleep(60)
    print("done")

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return path


def run(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


def traced(*arguments):
    return run("-m", "bench.cli", "trace", *arguments)


def left_in(folder):
    return list(folder.glob("dataloader-lab-*"))


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_script_runs_as_it_would(script, how):
    plain, seen = run(script, how, "--lr", "-0.1"), traced("--json", script, how, "--lr", "-0.1")
    assert seen.returncode == 0, seen.stderr
    assert plain.stdout in seen.stderr
    document = json.loads(seen.stdout)
    assert (document["kind"], document["batches"], document["loaders"], document["partial"]) == ("trace", 4, 2, False)
    assert document["script_status"] == 0
    assert document["verdict"]["finding"]
    timeline = timeline_from_bytes(Path(document["path"]).read_bytes())
    assert timeline.batches()["batch"].tolist() == [0, 1, 2, 3]
    assert traces.names() == (Path(document["path"]).stem,)
    assert traces.kept()[0].samples_per_s > 0
    assert not left_in(script.parent)


@pytest.mark.parametrize(
    ("how", "status", "kind", "said"),
    [
        # What the script itself does is no failure of the loader's.
        ("exit", "exit status 3", None, "the program ended early: SystemExit: 3"),
        ("raise", "exit status 1", None, "the program ended early: RuntimeError: the loop is wrong"),
        ("kill", "signal 9", "killed", "the run broke off: what came after is not known"),
    ],
)
def test_a_script_that_fails(script, how, status, kind, said):
    out = script.parent / "kept.trace"
    seen = traced("--out", out, script, how)
    assert seen.returncode == 1
    assert status in seen.stderr
    assert "tracing" not in seen.stderr
    assert ("RuntimeError: the loop is wrong" in seen.stderr) == (how == "raise")
    timeline = timeline_from_bytes(out.read_bytes())
    assert (timeline.failure and timeline.failure.kind) == kind
    assert timeline.batches().size == 3
    assert timeline.observed.partial
    assert said in timeline.observed.notes
    assert str(out) in seen.stdout
    assert not left_in(script.parent)


def test_a_dataset_that_raises_shows_its_own_traceback(script):
    plain, seen = run(script, "bad"), traced(script, "bad")
    assert "sample 9 is bad" in plain.stderr
    assert plain.stderr in seen.stderr
    assert "tracing" not in seen.stderr
    assert "ValueError: sample 9 is bad" in seen.stdout


def test_a_script_that_iterates_nothing(script):
    seen = traced(script, "none")
    assert seen.returncode == 1
    assert "no DataLoader of" in seen.stderr
    assert "it iterated none" in seen.stderr


def test_a_stopped_script_keeps_what_was_seen(script):
    out = script.parent / "kept.trace"
    command = [sys.executable, "-m", "bench.cli", "trace", "--out", out, script, "sleep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as program:
        for line in program.stdout:
            if b"sleeping" in line:
                break
        time.sleep(0.2)
        os.killpg(program.pid, signal.SIGINT)
        program.communicate(timeout=60)
    assert program.returncode == 130
    timeline = timeline_from_bytes(out.read_bytes())
    assert timeline.batches().size == 3
    assert timeline.failure is None
    assert "the program ended early: KeyboardInterrupt" in timeline.observed.notes
    assert not left_in(script.parent)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no_such.py"], "script.py must be a Python file, got 'no_such.py': give its path"),
        (["--out", "/no/such/folder/x.trace", __file__], "--out must be a file in a folder that is there"),
        (["--loud", __file__], "--loud"),
        ([], "script.py"),
    ],
)
def test_wrong_arguments(arguments, sentence):
    seen = traced(*arguments)
    assert seen.returncode == 2
    assert sentence in seen.stderr
    assert "Traceback" not in seen.stderr


def test_the_command_loads_no_torch():
    program = "import sys, bench.cli.trace, bench.traces; sys.exit('torch' in sys.modules)"
    assert run("-c", program).returncode == 0
