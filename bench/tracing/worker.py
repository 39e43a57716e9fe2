"""Record in a worker process: how it booted, what it loads, how long it pickles.

The hook takes the place of the user's `worker_init_fn` and calls it. What it replaces, it replaces in the worker's
own process, whose modules nobody else uses.
"""

# ruff: noqa: SLF001 (torch has no public hooks in a worker)

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import queues
from pathlib import Path
from typing import Any

import torch.utils.data
from torch.utils.data import _utils, get_worker_info

from bench.tracing import frames
from bench.tracing.fetcher import TimedFetcher
from bench.tracing.frames import quiet
from bench.tracing.journal import Journal, Kind
from bench.tracing.recorder import LoadRecorder, now_ns
from bench.tracing.transforms import time_steps

_worker: Any = _utils.worker


@dataclass(frozen=True)
class WorkerHook:
    """Start recording in a worker, then do what the user's own worker_init_fn does.

    prefix: of the journals' paths. transforms: whether the steps of transforms are timed.
    """

    init: Callable[[int], None] | None
    prefix: str
    transforms: bool

    def __call__(self, worker_id: int) -> None:
        """Be called by torch in the worker, when it has its seeds and before it builds its fetcher."""
        boot = _Boot(worker_id)
        try:
            boot.record(self)
        except Exception as error:
            if not frames.is_own(error):
                raise
        if self.init is not None:
            start_ns = now_ns()
            try:
                self.init(worker_id)
            finally:
                boot.init_ns = now_ns() - start_ns


class _Boot:
    """Record a worker from its first moment on."""

    def __init__(self, worker_id: int) -> None:
        self.called_ns, self.init_ns = now_ns(), 0
        self._worker = worker_id
        self._ready = False
        self._transforms = False

    def record(self, hook: WorkerHook) -> None:
        """Open the journals and replace what is to be timed."""
        path = f"{hook.prefix}-{self._worker}"
        self._journal = Journal(Path(f"{path}-loads"))
        self._recorder = LoadRecorder(self._journal)
        self._transforms = hook.transforms
        kind: Any = torch.utils.data._DatasetKind
        self._create = kind.create_fetcher
        kind.create_fetcher = staticmethod(self._create_fetcher)
        self._wrap_error = _worker.ExceptionWrapper
        _worker.ExceptionWrapper = self._hidden
        pickler = queues._ForkingPickler  # type: ignore[attr-defined]
        queues._ForkingPickler = _timed(pickler, PutRecorder(Journal(Path(f"{path}-puts"))))  # type: ignore[attr-defined]

    def _hidden(self, *values: Any, **settings: Any) -> Any:
        """Wrap the exception that is being handled as torch does, without the tracer's frames."""
        error = sys.exc_info()[1]
        if error is not None:
            frames.hide(error)
        return self._wrap_error(*values, **settings)

    def _create_fetcher(self, *values: Any, **settings: Any) -> Any:
        fetcher = self._create(*values, **settings)
        # A dataset may iterate a loader of its own, without workers, inside its worker.
        if sys._getframe(1).f_code is _worker._worker_loop.__code__:
            self._begin_epoch(fetcher)
        return fetcher

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""
        self._journal.give_up(error)

    @quiet
    def _begin_epoch(self, fetcher: Any) -> None:
        self._recorder.begin_epoch()
        if not self._ready:
            self._ready = True
            values = (self.called_ns, now_ns(), time.process_time_ns(), self.init_ns, os.getpid())
            self._journal.add(Kind.BOOTED, *values)
            if self._transforms:
                info = get_worker_info()
                time_steps(info.dataset if info else None, self._recorder, self._journal)
            self._journal.flush()
        if self._recorder.is_open:
            TimedFetcher(fetcher, self._recorder)


class PutRecorder:
    """Record how long batches take to be pickled, in the thread of the worker that does so."""

    def __init__(self, journal: Journal) -> None:
        """Start with the first epoch."""
        self._journal = journal
        self._epoch = 0

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""
        self._journal.give_up(error)

    @quiet
    def note(self, message: Any, start_ns: int, size: int) -> None:
        """Note a message of the data queue: a task and its batch, or the answer to a new epoch."""
        if not isinstance(message, tuple) or len(message) != _PAIR:
            return
        if isinstance(message[0], int):
            self._journal.add(Kind.PUT, self._epoch, message[0], start_ns, now_ns(), size)
            self._journal.flush()
        elif isinstance(message[0], _worker._ResumeIteration):
            self._epoch += 1


_PAIR = 2


def _timed(pickler: Any, recorder: PutRecorder) -> Any:
    """Return the same pickler with a `dumps` that is timed; a queue's thread uses nothing else of it."""

    class Timed(pickler):  # type: ignore[misc]
        @classmethod
        def dumps(cls, obj: Any, protocol: Any = None) -> Any:
            start_ns = now_ns()
            pickled = pickler.dumps(obj, protocol)
            recorder.note(obj, start_ns, len(pickled))
            return pickled

    return Timed
