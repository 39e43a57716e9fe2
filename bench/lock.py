"""Let one run at a time use this machine, whoever asks: the command line, the app, or a second app.

The lock is `flock` on a file in the data folder. The kernel lets go of it when the process that holds it ends, in
whatever way, so a lock is never stale. The file's content says who holds it and how far the run is; it is written
without fsync, so that progress costs the measurement no disk traffic.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "run.lock"
# One write of a fixed size replaces the whole note, so that a reader never sees half of two.
NOTE_BYTES = 1024
# `holder` takes a shared lock for a moment to see whether somebody holds it; whoever starts then tries again.
TRIES = 10
PAUSE_S = 0.02


class Busy(RuntimeError):  # noqa: N818 (the app shows it as a state, not as an error)
    """Say in one sentence that another run is using the machine."""


def utc_now() -> str:
    """Return the time of day for people and for file names that sort."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Note:
    """Say who holds the lock and how far its run is.

    pid: the process to send SIGTERM to for a stop; 0 until it is up. who: what started the run.
    since_utc, since_s: when, as a label and on the clock of `time.monotonic`, which all processes share.
    run_id: its number in the store, 0 when it is not kept.
    phase: '', 'pictures' (they are being generated) or 'trial'. trial: how many trials have been started.
    done, total: pictures or batches of that phase.
    """

    pid: int = 0
    who: str = ""
    since_utc: str = field(default_factory=utc_now)
    since_s: float = field(default_factory=time.monotonic)
    run_id: int = 0
    phase: str = ""
    trial: int = 0
    done: int = 0
    total: int = 0


class RunLock:
    """Hold the machine for one run until closed; also a context manager. `take` and `adopt` make one."""

    def __init__(self, fd: int, note: Note) -> None:
        """Keep a locked file descriptor and write down who holds it."""
        self._fd = fd
        self._note = note
        self.note()

    @property
    def fd(self) -> int:
        """Return the file descriptor to hand over to a child."""
        return self._fd

    def note(
        self, *, run_id: int | None = None, phase: str = "", trial: int = 0, done: int = 0, total: int = 0
    ) -> None:
        """Say how far the run is; a full disk is no reason to stop it."""
        number = self._note.run_id if run_id is None else run_id
        self._note = replace(self._note, run_id=number, phase=phase, trial=trial, done=done, total=total)
        text = json.dumps(asdict(self._note)).encode()
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, text.ljust(NOTE_BYTES), 0)

    def close(self) -> None:
        """Let go, unless a child took the descriptor over: then the child goes on holding it."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        """Return the lock, which is held already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go."""
        self.close()


def take(folder: Path, *, who: str, pid: int = 0) -> RunLock:
    """Take the lock and say who took it; `pid` as in `Note`.

    Raises Busy when another process holds it, OSError when the folder cannot be written.
    """
    fd = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(fd)
    except BlockingIOError:
        there = _read(fd)
        os.close(fd)
        raise Busy(_busy(there)) from None
    return RunLock(fd, Note(who=who, pid=pid))


def adopt(fd: int, *, pid: int) -> RunLock:
    """Go on holding a lock whose file descriptor was handed over by the process that took it."""
    os.set_inheritable(fd, False)
    return RunLock(fd, replace(_read(fd) or Note(), pid=pid))


def holder(folder: Path) -> Note | None:
    """Return who holds the lock, or None when nobody does."""
    try:
        fd = os.open(folder / NAME, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(fd) or Note()
    finally:
        os.close(fd)
    return None


def _lock(fd: int) -> None:
    for remaining in reversed(range(TRIES)):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not remaining:
                raise
            time.sleep(PAUSE_S)
        else:
            return


def _read(fd: int) -> Note | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Note(**json.loads(os.pread(fd, NOTE_BYTES, 0)))
    return None


def _busy(there: Note | None) -> str:
    if there is None or not there.who:
        return "another run is using this machine: wait for it or cancel it, two at once would slow each other"
    run = f" (run {there.run_id})" if there.run_id else ""
    since = there.since_utc.replace("T", " ").replace("Z", " UTC")
    return (
        f"one run at a time, and {there.who}{run} has been running since {since}: "
        "wait for it or cancel it, two at once would slow each other"
    )
