"""Open the file of runs, whatever state it and its disk are in, and say in one sentence what is wrong.

A damaged file is never repaired or deleted: it is moved aside with its journal and a new one is started.
Connections live as long as one operation, so none is shared by threads or processes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bench.lock import utc_now
from bench.runs.schema import StoreError, connect, create

NAME = "runs.db"
LEAST_FREE_BYTES = 64 << 20


class Damaged(StoreError):  # noqa: N818 (it names what the file is)
    """Say that the file of runs was damaged and where it lies now."""


class Database:
    """Open connections to the file of runs in `folder`, creating both when they are not there."""

    def __init__(self, folder: Path) -> None:
        """Prepare nothing yet; every operation opens the file itself."""
        self.folder = folder
        self.path = folder / NAME

    def check(self) -> str:
        """Create the file if need be and look through it; return what happened to a damaged one, else ''.

        Raises StoreError when runs can be neither kept nor read here.
        """
        try:
            with self.read() as connection:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if found != "ok":
                    raise sqlite3.DatabaseError(found)
        except Damaged as damaged:
            return str(damaged)
        return ""

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction: kept on disk when the block ends, undone when it raises."""
        with self._said(), contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Read, from a folder that cannot be written and a full disk too."""
        with self._said(), contextlib.closing(self._connect_to_read()) as connection:
            yield connection

    def check_room(self) -> None:
        """Raise StoreError when so little room is left that a run might not be kept."""
        with self._said():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
        if free < LEAST_FREE_BYTES:
            raise StoreError(
                f"a run needs {LEAST_FREE_BYTES >> 20} MiB free in {self.folder}, {free >> 20} MiB are left: "
                "free some space, or delete old runs"
            )

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what SQLite and the system raise into sentences; move a damaged file aside."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise StoreError(_sentence(error, self.folder)) from None
            with self._said():
                raise Damaged(self._move_aside(str(error))) from None
        except OSError as error:
            way_out = "make it writable, or set XDG_DATA_HOME to another folder"
            raise StoreError(f"runs cannot be kept in {self.folder} ({error.strerror}): {way_out}") from None
        except ValueError as error:
            raise StoreError(f"a record in {self.path} is damaged ({error}): delete that run") from None

    def _connect_to_read(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except (OSError, sqlite3.OperationalError):
            journal = self.path.with_name(NAME + "-wal")
            # Without a journal the file is whole, and SQLite need not write beside it.
            if not self.path.is_file() or (journal.exists() and journal.stat().st_size):
                raise
            return connect(self.path, "mode=ro&immutable=1")

    def _connect(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone():
                if not self.path.exists():
                    create(self.path)
        if self.path.is_dir():
            raise sqlite3.DatabaseError("a folder lies in its place")
        return connect(self.path, "mode=rw")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other processes that create the file or move it aside."""
        self.folder.chmod(0o700)
        fd = os.open(self.folder / "open.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _move_aside(self, cause: str) -> str:
        stamp = utc_now().replace(":", "")
        aside = self.path.with_name(f"{NAME}.bad-{stamp}")
        with self._alone():
            if self.path.exists() and not _is_whole(self.path):
                self.path.rename(aside)
                for ending in ("-wal", "-shm"):
                    journal = self.path.with_name(NAME + ending)
                    if journal.exists():
                        journal.rename(aside.with_name(aside.name + ending))
        return f"the file of runs was damaged ({cause}): it is kept as {aside}, and a new one is started"


def _is_whole(path: Path) -> bool:
    """Tell whether another process has replaced the damaged file meanwhile."""
    if path.is_dir():
        return False
    try:
        with contextlib.closing(connect(path, "mode=rw")) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _code(error: sqlite3.DatabaseError) -> int:
    # The low byte is the kind; the rest says where it happened.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _sentence(error: sqlite3.DatabaseError, folder: Path) -> str:
    code = _code(error)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"runs cannot be kept in {folder} ({error}): free some space on that disk; nothing kept so far is lost"
    if code == sqlite3.SQLITE_BUSY:
        return f"the runs in {folder} are being used by another program: close it and try again"
    return f"runs cannot be kept in {folder} ({error}): make it writable, or set XDG_DATA_HOME to another folder"
