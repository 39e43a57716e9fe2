"""What can be wrong with the file of runs and with its disk: nothing kept is lost, and each is one sentence."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from kept import SPEC, filled

from bench.runs.schema import StoreError
from bench.runs.store import Store

TESTS = str(Path(__file__).parents[2])


def damage_nothing_left(path: Path) -> None:
    path.write_bytes(b"")


def damage_cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def damage_other_text(path: Path) -> None:
    path.write_text("dear diary\n" * 1000)


def damage_head(path: Path) -> None:
    path.write_bytes(os.urandom(100) + path.read_bytes()[100:])


def damage_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : 3 * 4096] = os.urandom(2 * 4096)
    path.write_bytes(data)


def damage_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_other_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


DAMAGES = [
    damage_nothing_left,
    damage_cut_off,
    damage_other_text,
    damage_head,
    damage_pages,
    damage_folder,
    damage_other_database,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_moved_aside_and_a_new_one_started(tmp_path: Path, damage) -> None:
    filled(tmp_path, 3)
    damage(tmp_path / "runs.db")
    store = Store(tmp_path)
    (aside,) = tmp_path.glob("runs.db.bad-*")
    assert str(aside) in store.notice
    assert "a new one is started" in store.notice
    assert store.runs() == ()
    assert store.create_run(SPEC, {}, who="a test") == 1
    assert Store(tmp_path).notice == ""


def test_damage_while_open_is_told_once_and_then_work_goes_on(tmp_path: Path) -> None:
    store, _ = filled(tmp_path)
    damage_other_text(tmp_path / "runs.db")
    with pytest.raises(StoreError, match=r"it is kept as .*bad-"):
        store.runs()
    assert store.runs() == ()


def test_a_deleted_file_is_no_error(tmp_path: Path) -> None:
    store, _ = filled(tmp_path)
    (tmp_path / "runs.db").unlink()
    assert store.runs() == ()


def test_a_file_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path)
    connection = sqlite3.connect(tmp_path / "runs.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="written by a newer dataloader-lab"):
        Store(tmp_path)
    assert not list(tmp_path.glob("*.bad-*"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="XDG_DATA_HOME"):
        Store(tmp_path / "file" / "data")


READ_ONLY = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from bench.runs.schema import StoreError
from bench.runs.store import Store
from kept import GOOD, TIMELINE
if os.getuid() == 0:
    os.setuid(65534)
store = Store(Path(sys.argv[1]))
print(len(store.runs()), len(store.trials(1)))
try:
    store.add_trial(1, GOOD, TIMELINE)
except StoreError as error:
    print(error)
"""


def test_runs_in_a_folder_that_cannot_be_written_can_still_be_read() -> None:
    # Root may write anywhere, so the reader is another user then; pytest's own folders are closed to others.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder)
        (folder / "runs.db").chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, name, TESTS]
        seen = subprocess.run(command, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert seen.stdout.startswith("1 1\nruns cannot be kept in "), seen


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from bench.runs.schema import StoreError
from kept import GOOD, TIMELINE, filled
store, run_id = filled(Path(sys.argv[1]), 20)
size = (Path(sys.argv[1]) / "runs.db").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
kept = 20
try:
    while True:
        store.add_trial(run_id, GOOD, TIMELINE)
        kept += 1
except StoreError as error:
    print(error)
print(len(store.trials(run_id)) - kept, len(store.runs()))
"""


def test_a_file_that_cannot_grow_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path), TESTS]
    seen = subprocess.run(command, capture_output=True, text=True, check=False)
    sentence, counts = seen.stdout.splitlines()
    assert "free some space on that disk; nothing kept so far is lost" in sentence, seen
    assert counts == "0 1"
    assert Store(tmp_path).notice == ""


TINY_DISK = """
mount -t tmpfs -o size=1m tiny "$1" || exit 77
"$2" - "$1" "$3" <<'PYTHON'
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from bench.runs.schema import StoreError
from bench.runs.store import Store
from kept import GOOD, TIMELINE, filled
folder = Path(sys.argv[1])
store, run_id = filled(folder, 5)
kept = 5
try:
    while True:
        store.add_trial(run_id, GOOD, TIMELINE)
        kept += 1
except StoreError as error:
    print(error)
print(len(store.trials(run_id)) - kept)
(folder / "filler").write_bytes(b"")
try:
    with (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 512)
except OSError:
    pass
print(len(Store(folder).trials(run_id)) - kept)
try:
    store.check_room()
except StoreError as error:
    print(error)
PYTHON
"""


def test_a_full_disk_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    script = ["sh", "-c", TINY_DISK, "sh", str(tmp_path), sys.executable, TESTS]
    seen = subprocess.run(["unshare", "-rm", *script], capture_output=True, text=True, check=False)
    if seen.returncode in (1, 77) and not seen.stdout:
        pytest.skip(f"this machine lets nobody mount a small disk: {seen.stderr.strip()}")
    full, lost, lost_when_fuller, room = seen.stdout.splitlines()
    assert "free some space on that disk" in full
    assert (lost, lost_when_fuller) == ("0", "0")
    assert "a run needs 64 MiB free" in room
