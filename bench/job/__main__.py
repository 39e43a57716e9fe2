"""Run one sweep for the app, in a process of its own: `python -m bench.job RUN_ID LOCK_FD FOLDER`.

Standard input is the lifeline: it ends when the app's server ends, and then so does this process. The lock comes as an
open file descriptor, so that there is no moment at which nobody holds it. What was asked stands in the store.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench import lock

# What the main thread gets to end its trial after the lifeline broke; the kernel ends the trial if it takes longer.
GRACE_S = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sweep; returns 0 when it is done, 1 when it failed or was stopped."""
    run_id, fd, folder = sys.argv[1:] if argv is None else argv
    # Before the imports below, which take a second: a cancel must find this process.
    held = lock.adopt(int(fd), pid=os.getpid())
    server = _Lifeline()
    from bench.interrupt import stoppable

    with held, stoppable():
        try:
            server.watch()
            return _run(int(run_id), Path(folder), held, server)
        except KeyboardInterrupt:
            return 1


def _run(run_id: int, folder: Path, held: lock.RunLock, server: _Lifeline) -> int:
    from bench.runs.events import Event, NotKept, note_progress
    from bench.runs.records import CANCELLED, DONE, FAILED, INTERRUPTED
    from bench.runs.schema import StoreError
    from bench.runs.store import Store
    from bench.runs.sweep import run_sweep

    store = Store(folder)

    def on_event(event: Event) -> None:
        # Nobody would ever see results that are not kept.
        if isinstance(event, NotKept):
            raise StoreError(event.reason)
        note_progress(held, event)

    try:
        outcome = run_sweep(store.run(run_id).spec, store=store, run_id=run_id, on_event=on_event)
        if outcome.state == CANCELLED and server.is_gone:
            message = "the app was closed while it ran: the finished trials are kept"
            store.set_state(run_id, INTERRUPTED, message)
    except StoreError as error:
        store.set_state(run_id, FAILED, str(error))
        return 1
    return 0 if outcome.state == DONE else 1


class _Lifeline:
    """Stop this process when its standard input ends."""

    def __init__(self) -> None:
        self.is_gone = False

    def watch(self) -> None:
        threading.Thread(target=self._stop_at_eof, name="lifeline", daemon=True).start()

    def _stop_at_eof(self) -> None:
        while os.read(0, 4096):
            pass
        self.is_gone = True
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
