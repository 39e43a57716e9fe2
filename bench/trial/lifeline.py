"""End a process when its parent ends, however the parent ended.

Every process of a trial follows its parent: the trial's process follows the one that started it, a worker
follows the trial's process, and under forkserver the fork server stands between the two. Each learns from
the environment which parent it must have, so a parent that died before the child looked is noticed too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

# Which process id the parent of the reader must have.
PARENT = "DATALOADER_LAB_PARENT"
# linux/prctl.h
_PR_SET_PDEATHSIG = 1


def follow_parent() -> None:
    """Have the kernel kill this process when its parent ends; end it now when the parent is gone already.

    Does nothing outside a trial. Elsewhere than Linux only the second half holds: see `follow_stdin`.
    The kernel watches the thread that started this process, so that thread must outlive the trial.
    """
    expected = os.environ.get(PARENT)
    if expected is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(expected):
        os._exit(1)


def follow_in_worker(_worker: int) -> None:
    """Follow the parent, as a `worker_init_fn`."""
    follow_parent()


def lead_children() -> None:
    """Tell the processes that this one will start to follow it."""
    os.environ[PARENT] = str(os.getpid())


def follow_stdin() -> None:
    """End this process when its standard input ends, where no kernel call does it.

    Starts a thread, which is why Linux does without it: its workers are forked, and a fork should see no thread.
    """
    if sys.platform != "linux":
        threading.Thread(target=_exit_at_eof, name="lifeline", daemon=True).start()


def _exit_at_eof() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)
