import contextlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench import lock

HOLD = """
import sys, time
from pathlib import Path
from bench import lock
with lock.take(Path(sys.argv[1]), who="a test", pid=1) as held:
    held.note(run_id=5)
    print("held", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def other_process(folder: Path):
    with subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path: Path) -> None:
    assert lock.holder(tmp_path) is None
    assert lock.holder(tmp_path / "missing") is None


def test_the_holder_says_who_and_how_far(tmp_path: Path) -> None:
    with lock.take(tmp_path, who="the app", pid=123) as held:
        held.note(run_id=7)
        held.note(phase="trial", trial=2, done=3, total=10)
        seen = lock.holder(tmp_path)
        assert seen is not None
        assert (seen.who, seen.pid, seen.run_id) == ("the app", 123, 7)
        assert (seen.phase, seen.trial, seen.done, seen.total) == ("trial", 2, 3, 10)
    assert lock.holder(tmp_path) is None


def test_a_second_one_is_told_who_runs_since_when(tmp_path: Path) -> None:
    with other_process(tmp_path), pytest.raises(lock.Busy) as busy:
        lock.take(tmp_path, who="the app")
    assert str(busy.value).startswith("one run at a time, and a test (run 5) has been running since 20")
    assert "wait for it or cancel it" in str(busy.value)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_goes_with_its_process(tmp_path: Path, number: signal.Signals) -> None:
    with other_process(tmp_path) as process:
        process.send_signal(number)
        process.wait()
        lock.take(tmp_path, who="next").close()


def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    def try_it(_number: int) -> bool:
        try:
            held = lock.take(tmp_path, who="a test")
        except lock.Busy:
            return False
        time.sleep(0.5)
        held.close()
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(try_it, range(16))) == 1


def test_looking_at_the_lock_does_not_keep_anybody_from_it(tmp_path: Path) -> None:
    lock.take(tmp_path, who="a test").close()
    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(lock.holder, tmp_path) for _ in range(400)]
        for _ in range(20):
            lock.take(tmp_path, who="a test").close()
        assert all(look.result() is None or look.result().who == "a test" for look in looks)


def test_a_child_goes_on_holding_what_it_adopted(tmp_path: Path) -> None:
    held = lock.take(tmp_path, who="the app")
    handed_over = os.dup(held.fd)
    held.close()
    assert lock.holder(tmp_path) is not None
    with lock.adopt(handed_over, pid=99):
        seen = lock.holder(tmp_path)
        assert seen is not None
        assert (seen.who, seen.pid) == ("the app", 99)
        assert not os.get_inheritable(handed_over)
    assert lock.holder(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", b'{"who": 1}', b"\xff\x00", b"[1]"])
def test_an_unreadable_note_still_means_held(tmp_path: Path, content: bytes) -> None:
    with lock.take(tmp_path, who="a test") as held:
        os.ftruncate(held.fd, 0)
        os.pwrite(held.fd, content, 0)
        assert lock.holder(tmp_path) is not None
        with pytest.raises(lock.Busy, match=r"using this machine|one run at a time"):
            lock.take(tmp_path, who="another")


def test_the_file_is_the_users_alone(tmp_path: Path) -> None:
    with lock.take(tmp_path, who="a test"):
        assert (tmp_path / lock.NAME).stat().st_mode & 0o777 == 0o600
