"""Start, find and cancel the app's sweep from any tab: the face of live runs towards the pages.

`start(spec)` returns at once; the sweep runs in a process of its own (`bench.job`), which outlives the tab and not the
server. `current()` finds the run that is using this machine, whoever started it. Results are in the `Store`.
No torch here, and nothing forks: the server only ever starts fresh processes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache

from bench import lock, machine
from bench.job import process
from bench.lock import Busy
from bench.runs import plan
from bench.runs.plan import SweepSpec
from bench.runs.records import CANCELLED, FAILED, INTERRUPTED, Run, Trial
from bench.runs.schema import StoreError
from bench.runs.store import Store

__all__ = ["Busy", "RunView", "StoreError", "cancel", "current", "default_store", "start"]

WHO = "the app"
TRIAL = "trial"


@dataclass(frozen=True, kw_only=True)
class RunView:
    """Hold what a page shows of the run that is using this machine.

    run, trials: its record and its finished trials so far. total: how many trials there will be.
    phase: 'starting', 'pictures' (they are being generated) or 'trial'; done, total_of_phase: pictures, or batches of
    the running trial. elapsed_s, left_s: since the start, and estimated to the end; left_s is None while unknown.
    share: how much of the sweep is done, 0 to 1.
    """

    run: Run
    trials: tuple[Trial, ...]
    total: int
    phase: str
    done: int
    total_of_phase: int
    elapsed_s: float
    left_s: float | None
    share: float


@cache
def default_store() -> Store:
    """Return the store in the user's data folder, opened once per process; raises StoreError."""
    return Store()


def start(spec: SweepSpec, *, store: Store | None = None) -> int:
    """Start a sweep in a process of its own and return its run's number.

    Raises Busy, with one sentence, when a run is using this machine; StoreError when its results could not be kept.
    The job ends when this process ends.
    """
    store = store or default_store()
    process.reap()
    store.check_room()
    try:
        held = lock.take(store.folder, who=WHO)
    except OSError as error:
        raise StoreError(f"runs cannot be kept in {store.folder} ({error.strerror}): make it writable") from None
    with held:
        run_id = store.create_run(spec, machine.describe(), who=WHO)
        held.note(run_id=run_id)
        try:
            process.start(run_id, held.fd, store.folder)
        except OSError as error:
            store.set_state(run_id, FAILED, f"its process could not be started: {error.strerror}")
            raise StoreError(f"the run's process could not be started ({error.strerror}): try again") from None
    return run_id


def current(*, store: Store | None = None) -> RunView | None:
    """Return the run that is using this machine now, or None; also one started by the command line or another app.

    Raises StoreError when the runs cannot be read.
    """
    store = store or default_store()
    process.reap()
    run, note = store.latest_running(), lock.holder(store.folder)
    return None if run is None or note is None else _view(run, store.trials(run.id), note)


def cancel(run_id: int, *, store: Store | None = None) -> bool:
    """Stop a run and return when none of its processes is left; False when it was not running.

    Its finished trials are kept. Takes about half a second, 3 s at the very most.
    """
    store = store or default_store()
    if not process.stop(run_id, store.folder):
        return False
    if store.run(run_id).state == INTERRUPTED:
        # It was killed before it could write down why.
        store.set_state(run_id, CANCELLED)
    return True


def _view(run: Run, trials: tuple[Trial, ...], note: lock.Note) -> RunView:
    try:
        spec = run.spec
    except ValueError as error:
        raise StoreError(f"another release of dataloader-lab is running run {run.id}: wait for it ({error})") from None
    total = len(spec.num_workers) * spec.repeats
    running = note.done / note.total if note.phase == TRIAL and note.total and note.trial > len(trials) else 0.0
    finished = [(trial.num_workers, trial.wall_s) for trial in trials]
    return RunView(
        run=run,
        trials=trials,
        total=total,
        phase=note.phase or "starting",
        done=note.done,
        total_of_phase=note.total,
        elapsed_s=max(0.0, time.monotonic() - note.since_s),
        left_s=plan.left_s(spec, finished, running) if note.phase == TRIAL else None,
        share=min(1.0, (len(trials) + running) / total),
    )
