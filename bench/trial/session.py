"""Find the processes of a session, weigh them, and kill them all."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Final

import psutil

LOOK_EVERY_S: Final = 0.25
WALK_SHARE: Final = 0.02
NEW_HEIGHT: Final = 1.02
_KILL_S: Final = 5.0
# Multiprocessing's resource tracker removes the named semaphores of killed workers and leaves by itself when it
# is spared this long; killed with the rest it leaks them in /dev/shm.
_TRACKER_S: Final = 1.5


def members(session: int) -> list[psutil.Process]:
    """Return the living processes of a session; a zombie is not one."""
    found = []
    for pid in psutil.pids():
        # A process may end between being listed and being asked.
        with suppress(OSError, psutil.Error):
            if os.getsid(pid) == session:
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found


def is_over(pid: int) -> bool:
    """Tell whether a child of this process has ended, without reaping it, so that its id stays taken."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kill(session: int) -> None:
    """Kill every process of a session and return when they are gone, or after 8 s when the kernel holds one.

    The caller must not have reaped the session's leader yet, or the id might belong to somebody else.
    """
    _kill_until_gone(session, spare_trackers=True, within_s=_KILL_S)
    # What tells the tracker to leave is the end of the last process that held its pipe.
    deadline = time.monotonic() + _TRACKER_S
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.01)
    _kill_until_gone(session, spare_trackers=False, within_s=1.0)


def _kill_until_gone(session: int, *, spare_trackers: bool, within_s: float) -> None:
    """Kill in rounds: a process may have started another one just before it was killed."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        targets = [process for process in members(session) if not (spare_trackers and _is_tracker(process))]
        if not targets:
            return
        for process in targets:
            with suppress(psutil.Error):
                process.kill()
        # Not psutil's wait: it would reap the leader.
        time.sleep(0.005)


def _is_tracker(process: psutil.Process) -> bool:
    try:
        return "multiprocessing.resource_tracker" in " ".join(process.cmdline())
    except psutil.Error:
        return False


class MemoryWatch:
    """Keep the most memory that a session's processes were seen to hold together.

    Proportional set sizes where the system gives them (Linux: a shared page is counted once), resident set sizes
    elsewhere. The kernel walks a process's pages for the first, 1 to 5 ms each, so that is asked for only when the
    resident sizes reached a new height, and never for more than 2 % of the time. A batch that waits in shared memory
    while no process maps it is not seen.
    """

    def __init__(self, session: int) -> None:
        """Start with nothing seen."""
        self._session = session
        self._height = 0.0
        self._next_look_s = self._next_walk_s = time.monotonic()
        self.peak_bytes = 0

    def look(self) -> None:
        """Look when it is time to, at 4 Hz."""
        start_s = time.monotonic()
        if start_s < self._next_look_s:
            return
        self._next_look_s = start_s + LOOK_EVERY_S
        processes = members(self._session)
        resident = sum(map(_resident_bytes, processes))
        if resident > self._height * NEW_HEIGHT and start_s >= self._next_walk_s:
            self._height = resident
            self.peak_bytes = max(self.peak_bytes, sum(map(_held_bytes, processes)))
            end_s = time.monotonic()
            self._next_walk_s = end_s + (end_s - start_s) / WALK_SHARE


def _held_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return _resident_bytes(process)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        # It has ended meanwhile.
        return 0
