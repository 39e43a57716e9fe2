"""Kill the process that measures, at any moment: nothing of its trial may stay."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from bench.trial import lifeline

pytestmark = pytest.mark.live

MEASURE = """
import sys
from bench.trial.measure import run_trial
from bench.trial.spec import TrialSpec
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload
workers, method = int(sys.argv[1]), sys.argv[2]
run_trial(
    TrialSpec(
        scenario=Scenario(
            workload=Workload(batches=100_000, batch_size=2, step_s=0.01),
            loader=LoaderConfig(num_workers=workers, multiprocessing_context=method if workers else None),
        ),
    ),
    on_progress=lambda done, total: print("running", flush=True),
)
"""


class Measuring:
    """A process that measures for ever, and whatever belongs to it."""

    def __init__(self, workers: int, method: str) -> None:
        # What its trial inherits and nothing else on this machine has.
        self.mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [sys.executable, "-c", MEASURE, str(workers), method],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TORCH_TEST_MARK": self.mark},
            text=True,
        )

    def left(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TORCH_TEST_MARK") == self.mark:
                    found.append(process)
        return found

    def end(self, number: int) -> list[psutil.Process]:
        """Send a signal and return what is left 2 s later."""
        self.process.send_signal(number)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and self.left():
            time.sleep(0.02)
        return self.left()


@contextmanager
def measuring(workers: int, method: str) -> Iterator[Measuring]:
    it = Measuring(workers, method)
    try:
        yield it
    finally:
        for process in it.left():
            process.kill()
        it.process.wait()
        it.process.stdout.close()


@pytest.mark.parametrize(
    ("workers", "method", "number"),
    [
        (0, "fork", signal.SIGKILL),
        (2, "fork", signal.SIGKILL),
        (2, "spawn", signal.SIGKILL),
        (2, "forkserver", signal.SIGKILL),
        (2, "fork", signal.SIGINT),
        (2, "forkserver", signal.SIGINT),
        (2, "fork", signal.SIGTERM),
        (2, "forkserver", signal.SIGTERM),
    ],
)
def test_nothing_is_left_2_s_after_the_measuring_process_was_ended(workers: int, method: str, number: int) -> None:
    with measuring(workers, method) as it:
        assert it.process.stdout.readline() == "running\n"
        # The measuring process, the trial's, its workers, and what a start method adds.
        assert len(it.left()) >= 2 + workers
        assert it.end(number) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_nothing_is_left_whenever_it_was_killed(method: str) -> None:
    moments = random.Random(method)
    for _ in range(3):
        with measuring(2, method) as it:
            time.sleep(moments.uniform(0.05, 3.0))
            assert it.end(signal.SIGKILL) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_nothing_is_left_when_the_trial_itself_was_killed(method: str) -> None:
    with measuring(2, method) as it:
        it.process.stdout.readline()
        (trial,) = (process for process in it.left() if process.ppid() == it.process.pid)
        trial.kill()
        it.process.wait(timeout=10)
        assert it.process.returncode == 1
        assert it.left() == []


def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    code = "from bench.trial.lifeline import follow_parent; follow_parent(); print('went on')"
    for parent, output in ((os.getpid(), "went on\n"), (1, "")):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {lifeline.PARENT: str(parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stdout == output


def test_outside_a_trial_nothing_is_followed() -> None:
    code = "from bench.trial.lifeline import follow_parent; follow_parent(); print('went on')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"went on\n"


SHARED = Path("/dev/shm")  # noqa: S108


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared memory folder to look into")
def test_a_killed_trial_leaves_no_name_in_shared_memory() -> None:
    before = set(SHARED.iterdir())
    with measuring(2, "spawn") as it:
        it.process.stdout.readline()
        named = set(SHARED.iterdir()) - before
        it.end(signal.SIGINT)
    assert not named & set(SHARED.iterdir())
