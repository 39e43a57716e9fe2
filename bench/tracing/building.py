"""Record how an iterator comes to be: its workers' starts and the first indices sent to them.

That happens inside the iterator's constructor, so for so long, and for this thread's iterator alone, two functions of
torch and multiprocessing are replaced.
"""

# ruff: noqa: SLF001 (torch has no public hooks there)

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from torch.utils.data import _utils
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from bench.tracing.frames import quiet
from bench.tracing.iteration import IteratorRecorder
from bench.tracing.journal import Kind
from bench.tracing.recorder import now_ns

_lock = threading.Lock()
_under_way = threading.local()
_users: list[object] = []
_originals: list[tuple[Any, str, Any]] = []


class Building:
    """Record what happens in this thread while an iterator is built; a context manager."""

    def __init__(self, recorder: IteratorRecorder) -> None:
        """Take the iterator's recorder."""
        self._recorder = recorder
        self._workers = 0

    def __enter__(self) -> None:
        """Begin."""
        _under_way.building = self
        with _lock:
            if not _users:
                _replace()
            _users.append(self)

    def __exit__(self, *_error: object) -> None:
        """End, and put everything back when no other thread builds an iterator."""
        _under_way.building = None
        with _lock:
            _users.remove(self)
            if not _users:
                put_back()

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""
        self._recorder.give_up(error)

    @quiet
    def started(self, process: BaseProcess, start_ns: int) -> None:
        """Note that a worker was started."""
        self._recorder.journal.add(Kind.STARTED, self._workers, process.pid or 0, start_ns, now_ns())
        self._workers += 1

    @quiet
    def sent(self, iterator: Any, task: int) -> None:
        """Note that an index was sent, if it was."""
        if iterator._send_idx > task:
            self._recorder.sent(task, iterator._task_info[task][0])


def put_back() -> None:
    """Put back what was replaced; a forked worker inherits it replaced."""
    while _originals:
        place, name, original = _originals.pop()
        setattr(place, name, original)


def _replace() -> None:
    for place, name, stand_in in (
        (BaseProcess, "start", _start),
        (_MultiProcessingDataLoaderIter, "_try_put_index", _try_put_index),
    ):
        original = place.__dict__.get(name)
        if original is not None:
            _originals.append((place, name, original))
            setattr(place, name, stand_in(original))


def _current() -> Building | None:
    return getattr(_under_way, "building", None)


def _start(original: Callable[..., None]) -> Callable[..., None]:
    def start(process: Any) -> None:
        building = _current()
        # Whoever pickles a dataset may start processes too. Once it is started, a process forgets its target.
        is_worker = getattr(process, "_target", None) is _utils.worker._worker_loop
        start_ns = now_ns()
        original(process)
        if building is not None and is_worker:
            building.started(process, start_ns)

    return start


def _try_put_index(original: Callable[..., None]) -> Callable[..., None]:
    def try_put_index(iterator: Any) -> None:
        building = _current()
        task = iterator._send_idx
        original(iterator)
        if building is not None:
            building.sent(iterator, task)

    return try_put_index
