"""Compile the simulator beside the server, once for an installation, and tell whether it is done.

Numba takes seconds and holds the interpreter's lock most of that time, so a process of its own fills numba's cache on
disk, from which this one then loads. `python -m pages._ui.compiling` compiles and ends.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

_ROOT = Path(__file__).parents[2]
# The first visitor's page comes first: the compiler waits for it so long, then for the browser to paint it.
_FOR_A_PAGE_S = 5.0
_FOR_ITS_PICTURE_S = 1.0
_NICENESS = 10
_lock = threading.Lock()
_started = threading.Event()
_compiling = threading.Event()
_ready = threading.Event()
_page_sent = threading.Event()


def start() -> None:
    """Begin to compile, or to load what an earlier start compiled; returns at once, however often it is called."""
    with _lock:
        if not _started.is_set():
            _started.set()
            threading.Thread(target=_prepare, name="compiling", daemon=True).start()


def ready() -> bool:
    """Return whether a simulation can begin at once."""
    return _ready.is_set()


def under_way() -> bool:
    """Return whether the simulator is being compiled, which takes seconds; to load it takes none."""
    return _compiling.is_set() and not _ready.is_set()


def page_sent() -> None:
    """Tell that a page has been sent: the compiler may use the processor now."""
    _page_sent.set()


def wait() -> None:
    """Wait until a simulation can begin at once."""
    start()
    page_sent()
    _ready.wait()


def run_once() -> None:
    """Simulate next to nothing, which compiles or loads all that a simulation runs."""
    from dataloader_sim import Scenario, Workload, simulate

    simulate(Scenario(workload=Workload(batches=1, batch_size=1)))


def _prepare() -> None:
    try:
        from dataloader_sim.engine import run as engine

        # Under NUMBA_DISABLE_JIT=1 nothing is compiled, and where no folder may be written nothing is kept.
        compiled = [one.stats for one in vars(engine).values() if hasattr(one, "stats")]
        folder = next((Path(one.cache_path) for one in compiled if one.cache_path), None)
        mark = _mark(folder) if folder else None
        if compiled and not (mark and mark.exists()):
            _compiling.set()
            if _page_sent.wait(_FOR_A_PAGE_S):
                time.sleep(_FOR_ITS_PICTURE_S)
            if folder:
                _compile_elsewhere()
        run_once()
        if mark:
            mark.touch()
    finally:
        # After an error too: whoever simulates next is told what is wrong.
        _ready.set()


def _mark(folder: Path) -> Path:
    """Return the file beside what numba keeps that says: it is of these sources and of this numba."""
    import numba

    from dataloader_sim.engine.compiled import sources

    return folder / f"compiled-{sources()}-numba{numba.__version__}"


def _compile_elsewhere() -> None:
    compiler = subprocess.Popen(
        [sys.executable, "-m", "pages._ui.compiling"],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(compiler.terminate)
    compiler.wait()
    atexit.unregister(compiler.terminate)


if __name__ == "__main__":
    os.nice(_NICENESS)
    run_once()
