"""Jobs as the app runs them, with real processes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bench import jobs, lock
from bench.runs.plan import SweepSpec
from bench.runs.store import Store
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload

SHORT = SweepSpec(
    base=Scenario(workload=Workload(batches=4, batch_size=2, step_s=0.005)),
    num_workers=(0, 1),
    repeats=1,
)
# Its first trials last a second or two, so that there is a middle to stop in.
LONG = SweepSpec(
    base=Scenario(
        workload=Workload(batches=20, batch_size=2, step_s=0.02),
        loader=LoaderConfig(num_workers=2),
    ),
    num_workers=(2,),
    repeats=100,
)


def until(seen: Callable[[], object], within_s: float = 30.0) -> object:
    deadline = time.monotonic() + within_s
    while not (found := seen()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def family(folder: Path) -> list[psutil.Process]:
    """Return the processes of the job that works in a folder: itself, its trial and the trial's workers."""
    note = lock.holder(folder)
    if note is None or not note.pid:
        return []
    job = psutil.Process(note.pid)
    return [job, *job.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run; what has ended and waits for init to notice does not."""
    there = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                there.append(process)
    return there


def test_nothing_runs_where_nothing_was_started(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert jobs.current(store=store) is None
    assert not jobs.cancel(1, store=store)


@pytest.mark.live
def test_a_job_runs_to_its_end_and_can_be_watched(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run_id = jobs.start(SHORT, store=store)
    with pytest.raises(jobs.Busy, match=rf"the app \(run {run_id}\) has been running since"):
        jobs.start(SHORT, store=store)
    seen = []
    # Another store is another tab, or another server: all find the run.
    while (view := jobs.current(store=Store(tmp_path))) is not None:
        assert (view.run.id, view.total) == (run_id, 2)
        seen.append(view)
        time.sleep(0.05)
    assert seen[0].phase == "starting"
    assert seen[0].left_s is None
    later = [view for view in seen if view.phase == "trial"]
    assert later
    assert all(view.left_s is not None and view.left_s >= 0 for view in later)
    shares = [view.share for view in seen]
    assert shares == sorted(shares)
    assert [view.elapsed_s for view in seen] == sorted(view.elapsed_s for view in seen)
    run = store.run(run_id)
    assert (run.state, run.who, run.trials) == ("done", "the app", 2)
    assert {trial.num_workers for trial in store.trials(run_id)} == {0, 1}
    assert store.timeline(store.trials(run_id)[0].id).source == "measured"


@pytest.mark.live
def test_cancel_leaves_no_process_and_keeps_the_finished_trials(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run_id = jobs.start(LONG, store=store)
    until(lambda: store.trials(run_id) and len(family(tmp_path)) >= 3)
    there = family(tmp_path)
    before = time.monotonic()
    assert jobs.cancel(run_id, store=store)
    assert time.monotonic() - before < 3.0
    assert not alive(there)
    assert store.run(run_id).state == "cancelled"
    assert store.trials(run_id)
    assert jobs.current(store=store) is None
    # The machine is free for the next one.
    jobs.cancel(jobs.start(SHORT, store=store), store=store)


@pytest.mark.live
def test_cancel_works_before_the_job_is_up(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run_id = jobs.start(LONG, store=store)
    assert jobs.cancel(run_id, store=store)
    assert store.run(run_id).state == "cancelled"
    assert lock.holder(tmp_path) is None


@pytest.mark.live
def test_a_job_that_does_not_react_is_killed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run_id = jobs.start(LONG, store=store)
    until(lambda: len(family(tmp_path)) >= 3)
    there = family(tmp_path)
    there[0].suspend()
    before = time.monotonic()
    assert jobs.cancel(run_id, store=store)
    assert time.monotonic() - before < 4.0
    until(lambda: not alive(there), 1.0)
    assert store.run(run_id).state == "cancelled"


@pytest.mark.live
def test_a_killed_job_is_shown_as_interrupted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run_id = jobs.start(LONG, store=store)
    until(lambda: store.trials(run_id) and len(family(tmp_path)) >= 3)
    there = family(tmp_path)
    there[0].kill()
    until(lambda: not alive(there) and jobs.current(store=store) is None, 2.0)
    assert store.run(run_id).state == "interrupted"
    assert store.trials(run_id)


SERVER = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from bench import jobs
from bench.runs.store import Store
from test_jobs import LONG
# The app starts jobs from threads that end at once.
thread = threading.Thread(target=lambda: print(jobs.start(LONG, store=Store(Path(sys.argv[1]))), flush=True))
thread.start()
thread.join()
time.sleep(120)
"""


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_ends_with_its_server(tmp_path: Path, number: signal.Signals) -> None:
    store = Store(tmp_path)
    command = [sys.executable, "-c", SERVER, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        run_id = int(server.stdout.readline())
        # The thread that started it is gone by now, and the job lives on.
        until(lambda: store.trials(run_id) and len(family(tmp_path)) >= 3)
        there = family(tmp_path)
        os.kill(server.pid, number)
    until(lambda: not alive(there) and jobs.current(store=store) is None, 3.0)
    run = store.run(run_id)
    assert run.state == "interrupted"
    assert "finished trials are kept" in run.message
    assert run.trials


def test_a_full_disk_refuses_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    monkeypatch.setattr("bench.runs.database.LEAST_FREE_BYTES", 2**62)
    with pytest.raises(jobs.StoreError, match="free some space, or delete old runs"):
        jobs.start(SHORT, store=store)
    assert store.runs() == ()


@pytest.mark.live
def test_a_job_that_cannot_start_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(jobs.StoreError, match="could not be started"):
        jobs.start(SHORT, store=store)
    assert store.runs()[0].state == "failed"
    assert lock.holder(tmp_path) is None


def test_the_server_side_never_loads_torch() -> None:
    script = "import sys, bench.jobs, bench.report.recommendation; print('torch' in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout == "False\n"
