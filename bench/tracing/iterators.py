"""Give an iterator of torch's DataLoader a class that records what it does, and take that away again.

The iterator keeps its own class as the base of the new one, so that nothing holds the iterator: it is let go, and its
workers end, when they would without the tracer. Attributes on the iterator would have to hold it weakly, and the
garbage collector clears weak references before `__del__` shuts the workers down.
"""

# ruff: noqa: SLF001 (torch's iterators have no public hooks)

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter

from bench.tracing.fetcher import TimedFetcher
from bench.tracing.iteration import NO_TASK, IteratorRecorder
from bench.tracing.journal import Journal
from bench.tracing.pinning import TimedPinning, TimedReceive
from bench.tracing.recorder import LoadRecorder, now_ns
from bench.tracing.transforms import time_steps

KEY = "_dataloader_lab"


def _base(iterator: Any) -> Any:
    """Return the class that torch gave an iterator."""
    return type(iterator).__base__


def _next_data(iterator: Any) -> Any:
    recorder: IteratorRecorder = iterator.__dict__[KEY]
    recorder.request()
    before = iterator._rcvd_idx
    recorder.task = NO_TASK
    try:
        data = _base(iterator)._next_data(iterator)
    except StopIteration:
        recorder.ended()
        raise
    except BaseException as error:
        recorder.raised(_handed_over(iterator, recorder, before), error)
        raise
    recorder.handed(_handed_over(iterator, recorder, before))
    return data


def _try_put_index(iterator: Any) -> None:
    task = iterator._send_idx
    _base(iterator)._try_put_index(iterator)
    if iterator._send_idx > task:
        iterator.__dict__[KEY].sent(task, iterator._task_info[task][0])


def _try_get_data(iterator: Any, *values: Any, **settings: Any) -> Any:
    answer = _base(iterator)._try_get_data(iterator, *values, **settings)
    recorder: IteratorRecorder = iterator.__dict__[KEY]
    if answer[0]:
        receive = iterator._worker_result_queue._recv_bytes
        takes = isinstance(receive, TimedReceive) and not iterator._pin_memory
        recorder.got(answer[1][0], *(receive.take() if takes else (0, 0)))
    else:
        recorder.waiting()
    return answer


def _reset(iterator: Any, *values: Any, **settings: Any) -> None:
    recorder: IteratorRecorder = iterator.__dict__[KEY]
    recorder.begin_reset()
    try:
        _base(iterator)._reset(iterator, *values, **settings)
    finally:
        recorder.end_reset()


def _shutdown_workers(iterator: Any) -> None:
    recorder: IteratorRecorder = iterator.__dict__[KEY]
    if iterator._shutdown:
        return
    if not recorder.requested_ns:
        recorder.dropped()
    time_joins(iterator._workers, recorder)
    try:
        _base(iterator)._shutdown_workers(iterator)
    finally:
        for worker in iterator._workers:
            worker.__dict__.pop("join", None)


def _next_data_here(iterator: Any) -> Any:
    recorder: IteratorRecorder = iterator.__dict__[KEY]
    fetch = iterator._dataset_fetcher.__dict__.get("fetch")
    recorder.request()
    task = fetch.recorder.load if isinstance(fetch, TimedFetcher) else recorder.given
    try:
        data = _base(iterator)._next_data(iterator)
    except StopIteration:
        recorder.ended()
        raise
    except BaseException as error:
        recorder.raised(task, error)
        raise
    pins = iterator._pin_memory and isinstance(fetch, TimedFetcher)
    recorder.handed(task, pinned_since_ns=fetch.recorder.ended_ns if pins else 0)
    return data


def _handed_over(iterator: Any, recorder: IteratorRecorder, before: int) -> int:
    """Return which task `next` has just finished, -1 for none.

    In order it is the awaited one. Otherwise it is the one that came last, as nothing is kept for later.
    """
    if getattr(iterator, "_in_order", True):
        return int(iterator._rcvd_idx) - 1 if iterator._rcvd_idx > before else NO_TASK
    return recorder.task


def time_joins(workers: list[Any], recorder: IteratorRecorder) -> None:
    """Let each worker's next `join` be noted; a worker's stop begins where the one before ended."""
    began = [now_ns()]

    def join(worker: Any, number: int, timeout: float | None = None) -> None:
        worker.__dict__.pop("join", None)
        worker.join(timeout)
        recorder.stopped(number, began[0])
        began[0] = now_ns()

    for number, worker in enumerate(workers):
        worker.__dict__["join"] = partial(join, worker, number)


_MULTI = {
    "_next_data": _next_data,
    "_try_put_index": _try_put_index,
    "_try_get_data": _try_get_data,
    "_reset": _reset,
    "_shutdown_workers": _shutdown_workers,
}
_SINGLE = {"_next_data": _next_data_here}


@cache
def _recording(kind: type) -> type:
    """Return a class like an iterator's own that records; one of the same memory layout, so without a second base."""
    methods = _MULTI if issubclass(kind, _MultiProcessingDataLoaderIter) else _SINGLE
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__, **methods})


class Instrumented:
    """Hold what was changed at one iterator, and change it back.

    recorder: what it is recorded with.
    """

    def __init__(
        self, iterator: Any, recorder: IteratorRecorder, aside: Callable[[], Journal], *, transforms: bool
    ) -> None:
        """Record what the iterator does, whatever of its internals is there.

        aside: opens a journal for the loads of an iterator without workers, or for its pinning thread. transforms:
        whether to time the steps of transforms. Raises TypeError for an iterator that is not torch's own.
        """
        self._iterator = weakref.ref(iterator)
        self._kind = type(iterator)
        self.recorder = recorder
        self._undo: list[Callable[[], None]] = []
        if isinstance(iterator, _MultiProcessingDataLoaderIter):
            self._time_queue(iterator, aside)
        elif isinstance(iterator, _SingleProcessDataLoaderIter):
            self._time_loads(iterator, aside(), transforms=transforms)
        else:
            raise TypeError(f"an iterator of the type {self._kind.__name__} is not torch's own")
        iterator.__dict__[KEY] = recorder
        iterator.__class__ = _recording(self._kind)  # type: ignore[arg-type]

    def _time_queue(self, iterator: Any, aside: Callable[[], Journal]) -> None:
        queue = iterator._worker_result_queue
        if iterator._pin_memory:
            timed = TimedPinning(aside(), iterator._num_workers, queue, iterator._data_queue)
            self._undo.append(timed.undo)
            return
        receive = TimedReceive(queue._recv_bytes)
        queue._recv_bytes = receive
        held = weakref.ref(queue)

        def undo() -> None:
            queue = held()
            if queue is not None:
                queue._recv_bytes = receive.receive

        self._undo.append(undo)

    def _time_loads(self, iterator: Any, journal: Journal, *, transforms: bool) -> None:
        loads = LoadRecorder(journal)
        loads.begin_epoch()
        if transforms:
            self._undo.append(time_steps(iterator._dataset, loads, journal))
        fetch = TimedFetcher(iterator._dataset_fetcher, loads)
        self._undo += [fetch.undo, loads.close]

    def undo(self) -> None:
        """Give the iterator its own class back, and whatever it calls."""
        iterator = self._iterator()
        if iterator is not None and KEY in iterator.__dict__:
            iterator.__class__ = self._kind
            del iterator.__dict__[KEY]
        while self._undo:
            self._undo.pop()()
