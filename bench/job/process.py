"""Start and stop the processes of jobs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from bench import lock

# A trial's processes are gone within half a second of a stop; then the rest is forced.
STOP_S = 2.0
# What the kernel gets to end a process that was killed.
KILLED_S = 1.0
LOOK_S = 0.02
LOG = "job.log"
# The processes of this server's jobs. Each one's standard input is its lifeline, so it is kept open here.
_children: list[subprocess.Popen[bytes]] = []
_guard = threading.Lock()


def start(run_id: int, fd: int, folder: Path) -> None:
    """Start the job of a run; `fd` is the lock, which the job goes on holding. Raises OSError."""
    command = [sys.executable, "-P", "-m", "bench.job", str(run_id), str(fd), str(folder)]
    with (folder / LOG).open("wb") as log, _guard:
        # Its output is for whoever looks into a crash; results and reasons go to the store.
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(fd,),
            start_new_session=True,
            cwd=folder,
            env=_environment(),
        )
        _children.append(child)


def _environment() -> dict[str, str]:
    """Let the job find `bench` where this process did; in site-packages it does by itself."""
    root = Path(__file__).parents[2]
    if root.name in {"site-packages", "dist-packages"}:
        return dict(os.environ)
    paths = filter(None, (str(root), os.environ.get("PYTHONPATH")))
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(paths)}


def reap() -> None:
    """Take note of the jobs that have ended."""
    with _guard:
        for child in [one for one in _children if one.poll() is not None]:
            _children.remove(child)
            if child.stdin is not None:
                child.stdin.close()


def stop(run_id: int, folder: Path) -> bool:
    """Stop the process of a run and return when it is gone; False when the run was not alive."""
    deadline_s = time.monotonic() + STOP_S
    process = None
    while (note := lock.holder(folder)) and note.run_id == run_id and time.monotonic() < deadline_s:
        if process is None and (process := _holder(note.pid, folder)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        time.sleep(LOOK_S)
    if process is None:
        return False
    _end(process, run_id, folder, deadline_s)
    return True


def _holder(pid: int, folder: Path) -> psutil.Process | None:
    """Return the process if it has the lock's file open, so that a number that was given anew is never signalled."""
    if pid <= 0:
        return None
    try:
        process = psutil.Process(pid)
        opened = {one.path for one in process.open_files()}
    except psutil.Error:
        return None
    return process if str((folder / lock.NAME).resolve()) in opened else None


def _end(job: psutil.Process, run_id: int, folder: Path, deadline_s: float) -> None:
    """Wait for the job's end and force it when it is late; the kernel ends its trial with it."""
    while _is_there(job) or ((note := lock.holder(folder)) and note.run_id == run_id):
        late_s = time.monotonic() - deadline_s
        if late_s > 0:
            with contextlib.suppress(psutil.NoSuchProcess):
                job.kill()
        if late_s > KILLED_S:
            break
        time.sleep(LOOK_S)
    reap()


def _is_there(job: psutil.Process) -> bool:
    """Tell whether a process runs; its threads may hold the lock a moment longer than it is seen to."""
    try:
        return job.is_running() and job.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
