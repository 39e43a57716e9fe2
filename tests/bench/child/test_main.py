"""How the trial's process is started, and what a spawned worker of it does first."""

import subprocess
import sys

PROGRAM = """
import multiprocessing.spawn as spawn, runpy
from bench.trial import lifeline

def look():
    print(spawn.get_preparation_data("worker")["init_main_from_name"])
    raise SystemExit

lifeline.follow_parent = look
runpy.run_module("bench.child", run_name="__main__", alter_sys=True)
"""
WORKER = """
import multiprocessing.spawn as spawn, sys
from bench.trial import lifeline

lifeline.follow_parent = lambda: print("follows", "torch" in sys.modules)
spawn._fixup_main_from_name("bench.child.main")
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_a_spawned_worker_follows_its_parent_before_it_loads_torch() -> None:
    assert run("-c", PROGRAM).stdout == "bench.child.main\n"
    assert run("-c", WORKER).stdout == "follows False\n"


def test_started_by_hand_it_says_who_starts_it() -> None:
    seen = run("-m", "bench.child", "1")
    assert (seen.returncode, seen.stderr) == (
        1,
        "no request on standard input: this process is started by bench.measure\n",
    )
