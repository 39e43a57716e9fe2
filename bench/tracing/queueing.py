"""Ask Linux how long a thread was ready to run and had no core."""

from __future__ import annotations

import os

UNKNOWN = -1
_LONGEST = 128


class RunQueue:
    """Tell for one thread, the one that makes this, how long it waited for a core so far."""

    def __init__(self) -> None:
        """Open the thread's figures, if the system keeps any."""
        self._process = os.getpid()
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = -1

    def waited_ns(self) -> int:
        """Return ns since the thread began, -1 where they are not known."""
        if self._file < 0:
            return UNKNOWN
        try:
            return int(os.pread(self._file, _LONGEST, 0).split()[1])
        except (OSError, IndexError, ValueError):
            return UNKNOWN

    def close(self) -> None:
        """Close the figures."""
        if self._file >= 0 and os.getpid() == self._process:
            os.close(self._file)
        self._file = -1
