"""Give a trial an empty folder of its own, and remove those that killed trials left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Short, because the sockets inside have at most 104 characters of path on some systems.
_PREFIX = "dll-"
# Older than any folder that its owner has made but not locked yet.
_STALE_S = 60.0


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Make an empty folder, hold it while the context lasts, then remove it.

    The holder's lock on it ends with the holder, so the next trial removes what a killed one left.
    """
    _remove_stale()
    folder = tempfile.mkdtemp(prefix=_PREFIX)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Another user's folder, one that is held, or one that another trial is removing right now.
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _STALE_S:
                continue
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)
