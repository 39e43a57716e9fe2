"""Run a real DataLoader in a fresh process and watch its memory from outside.

/proc/<pid>/smaps_rollup, which psutil's memory_full_info reads too, also tells what is shared memory: a batch that a
worker is filling is no private memory of that worker. Batches that wait are mapped by nobody; they are found as
the files that the processes hold open, so that other programs' shared memory does not count.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

CHILD = Path(__file__).with_name("memory_child.py")
TICK_S = 0.02
TIMEOUT_S = 240


@dataclass(frozen=True, kw_only=True)
class Case:
    """Say what to run; the fields are those of a Scenario, but for these.

    kind: what the Dataset keeps and makes: 'objects', 'array', 'jpeg', 'tokens', or with files 'folder' (paths; real
        JPEG files are decoded) and 'mapped' (tokens in a memory map, opened by each process at its first sample).
    files: the folder, or the file of tokens. maker: who allocates the samples.
    pin: with a pinning thread, and numpy's copies in place of pinned memory.
    """

    kind: str = "array"
    files: str = ""
    dataset_bytes: int = 0
    iterable: bool = False
    maker: str = "numpy"
    batches: int = 24
    batch_size: int = 8
    epochs: int = 1
    sample_bytes: int = 64
    tensors: int = 1
    sample_s: float = 0.002
    step_s: float = 0.05
    workers: int = 2
    prefetch: int = 2
    method: str = "fork"
    pin: bool = False
    persistent: bool = False


@dataclass(kw_only=True)
class Peaks:
    """Hold the most that was seen, in bytes; `looks`: how often was looked."""

    dataset: int = 0
    main: int = 0
    worker: int = 0
    workers: int = 0
    helpers: int = 0
    shm: int = 0
    total: int = 0
    looks: int = 0


@dataclass(kw_only=True)
class Look:
    """Hold what the processes take at one moment: all of the training process, and what others have for themselves.

    Proportional shares (PSS) would not do for a sum: they change for all while one process starts or ends, and the
    processes are read one after the other.
    """

    main: int = 0
    workers: list[int] = field(default_factory=list)
    helpers: int = 0
    shm: int = 0


def watch(case):
    """Run the case to its end; return the peaks."""
    command = [sys.executable, "-W", "ignore", str(CHILD), json.dumps(asdict(case))]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        peaks = Peaks(dataset=int(child.stdout.readline() or 0))
        deadline = time.monotonic() + TIMEOUT_S
        while child.poll() is None and time.monotonic() < deadline:
            note(peaks, look(child.pid, case))
            time.sleep(TICK_S)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        _, errors = child.communicate()
    if child.returncode:
        raise RuntimeError(errors)
    return peaks


def note(peaks, seen):
    peaks.looks += 1
    peaks.main = max(peaks.main, seen.main)
    peaks.worker = max([peaks.worker, *seen.workers])
    peaks.workers = max(peaks.workers, sum(seen.workers))
    peaks.helpers = max(peaks.helpers, seen.helpers)
    peaks.shm = max(peaks.shm, seen.shm)
    peaks.total = max(peaks.total, seen.main + sum(seen.workers) + seen.helpers + seen.shm)


def look(pid, case):
    seen, files, processes = Look(), {}, []
    with suppress(psutil.Error):
        main = psutil.Process(pid)
        # The training process last: a batch that it drops meanwhile must not count beside its successor.
        processes = [*main.children(recursive=True), main]
    # A process may end at any moment.
    for process in processes:
        with suppress(OSError):
            files |= shared_files(process.pid)
    seen.shm = sum(files.values())
    for process in processes:
        with suppress(psutil.Error, OSError, KeyError):
            take_in(seen, process, main, case)
    return seen


def take_in(seen, process, main, case):
    command = process.cmdline()
    if process != main and command == main.cmdline() and case.method != "fork":
        # On its way to becoming another program: until then it shows the memory of the training process.
        return
    sizes = rollup(process.pid)
    private = sizes["Private_Clean"] + sizes["Private_Dirty"] - sizes["Pss_Shmem"]
    if case.kind == "mapped":
        private -= mapped_bytes(process.pid, case.files)
    if process == main:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        parts = dict(line.split(":", 1) for line in status.splitlines())
        seen.main = sum(int(parts[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile"))
    elif is_helper(process, " ".join(command), main):
        seen.helpers += private
    else:
        seen.workers.append(private)


def is_helper(process, command, main):
    """Tell multiprocessing's own processes, which sit between or beside; a fork server's children are workers."""
    return "resource_tracker" in command or ("forkserver" in command and process.ppid() == main.pid)


def rollup(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {name.rstrip(":"): int(value) * 1024 for name, value, _ in map(str.split, lines)}


def mapped_bytes(pid, path):
    """Return what only this process has mapped of a file: the kernel's cache, which it takes back when it needs to."""
    found, inside = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="ascii").splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            inside = words[-1] == path
        elif inside and words[0] == "Private_Clean:":
            found += int(words[1]) * 1024
    return found


def shared_files(pid):
    """Return the size in memory of each of torch's shared files that a process holds open, by inode."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if "/dev/shm/torch_" in os.readlink(entry):  # noqa: S108, PTH115
                state = entry.stat()
                found[state.st_ino] = state.st_blocks * 512
    return found
