import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from kept import BAD, GOOD, SPEC, TIMELINE, filled

from bench import lock
from bench.runs.schema import StoreError
from bench.runs.store import Store, data_folder

TESTS = str(Path(__file__).parents[2])


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    store, run_id = filled(tmp_path / "new" / "folder", 0)
    good, bad = store.add_trial(run_id, GOOD, TIMELINE), store.add_trial(run_id, BAD, None)
    store.set_state(run_id, "done", "all is well")
    again = Store(tmp_path / "new" / "folder")
    run = again.run(run_id)
    assert (run.state, run.message, run.who, run.machine) == ("done", "all is well", "a test", {"cpu": "one"})
    assert run.spec == SPEC
    assert run.trials == 2
    assert again.trials(run_id) == (good, bad)
    seen = again.timeline(good.id)
    assert np.array_equal(seen.spans, TIMELINE.spans)
    assert seen.scenario == TIMELINE.scenario
    assert again.notice == ""


def test_runs_come_latest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    numbers = []
    for _ in range(3):
        numbers.append(store.create_run(SPEC, {}, who="a test"))
        store.set_state(numbers[-1], "done")
    assert [run.id for run in store.runs()] == numbers[::-1]


def test_a_running_run_is_running_only_while_its_lock_is_held(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with lock.take(tmp_path, who="a test") as held:
        run_id = store.create_run(SPEC, {}, who="a test")
        held.note(run_id=run_id)
        assert store.run(run_id).state == "running"
        running = store.latest_running()
        assert running is not None
        assert running.id == run_id
        with pytest.raises(StoreError, match="cancel it before"):
            store.delete(run_id)
    assert store.latest_running() is None
    run = store.run(run_id)
    assert run.state == "interrupted"
    assert "finished trials are kept" in run.message


def test_a_new_run_makes_the_one_before_it_interrupted_for_good(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with lock.take(tmp_path, who="a test") as held:
        first = store.create_run(SPEC, {}, who="a test")
        second = store.create_run(SPEC, {}, who="a test")
        held.note(run_id=second)
        assert store.run(first).state == "interrupted"
        assert store.run(second).state == "running"


def test_delete_takes_the_trials_along(tmp_path: Path) -> None:
    store, run_id = filled(tmp_path)
    trial = store.trials(run_id)[0]
    store.delete(run_id)
    assert store.runs() == ()
    assert store.trials(run_id) == ()
    with pytest.raises(StoreError, match="has no timeline"):
        store.timeline(trial.id)


@pytest.mark.parametrize("number", [0, -1, 99, 2**63, pytest.param(10**5000, id="huge")])
def test_a_run_that_does_not_exist_is_named(tmp_path: Path, number: int) -> None:
    with pytest.raises(StoreError, match="there is no run"):
        Store(tmp_path).run(number)


def test_a_failed_trial_has_no_timeline(tmp_path: Path) -> None:
    store, run_id = filled(tmp_path)
    with pytest.raises(StoreError, match="choose one that succeeded"):
        store.timeline(store.add_trial(run_id, BAD, None).id)


def test_only_the_user_can_read_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    filled(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_trial_is_on_disk_when_it_is_said_to_be(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from kept import filled
store, run_id = filled(Path(sys.argv[1]), 3)
os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", script, str(tmp_path), TESTS]
    assert subprocess.run(command, check=False).returncode == -9
    store = Store(tmp_path)
    (run,) = store.runs()
    assert (run.trials, run.state) == (3, "interrupted")
    assert store.timeline(store.trials(run.id)[-1].id).spans.size == TIMELINE.spans.size


def test_many_threads_and_first_openings_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store(tmp_path), range(16)))
        run_id = stores[0].create_run(SPEC, {}, who="a test")
        list(pool.map(lambda store: store.add_trial(run_id, GOOD, TIMELINE), stores))
    assert len(stores[0].trials(run_id)) == 16
    assert not list(tmp_path.glob("*.bad-*"))


def test_a_damaged_timeline_is_told(tmp_path: Path) -> None:
    store, run_id = filled(tmp_path)
    connection = sqlite3.connect(tmp_path / "runs.db")
    with connection:
        connection.execute("UPDATE trials SET timeline = substr(timeline, 1, 900)")
    connection.close()
    with pytest.raises(StoreError, match=r"cannot be read .*measure it again"):
        store.timeline(store.trials(run_id)[0].id)


def test_the_data_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "dataloader-lab"
