"""Record what an iterator's pinning thread takes, unpickles and pins."""

# ruff: noqa: SLF001 (multiprocessing's queues have no public hooks)

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from bench.tracing.frames import quiet
from bench.tracing.journal import Journal, Kind
from bench.tracing.recorder import now_ns


class TimedReceive:
    """Be a queue's `_recv_bytes`, and remember when the last message began to come and how long it was."""

    def __init__(self, receive: Callable[..., bytes]) -> None:
        """Take the pipe's own."""
        self.receive, self.start_ns, self.size = receive, 0, 0

    def __call__(self, *values: Any) -> bytes:
        """Receive a message."""
        start_ns = now_ns()
        message = self.receive(*values)
        self.start_ns, self.size = start_ns, len(message)
        return message

    def take(self) -> tuple[int, int]:
        """Return start and size, once."""
        taken = (self.start_ns, self.size)
        self.start_ns = self.size = 0
        return taken


class TimedPinning:
    """Stand in for what the pinning thread calls: `get` of the workers' queue, `put` of its own.

    The thread waits in its first `get` before this can be there: of the first batch, unpickling and pinning are noted
    as one.
    """

    def __init__(self, journal: Journal, workers: int, taken: Any, given: Any) -> None:
        """Replace both on the queues themselves, which are held weakly."""
        self._journal, self._workers = journal, workers
        self._receive = TimedReceive(taken._recv_bytes)
        self._acknowledged, self._got_ns = 0, 0
        self._taken, self._given = weakref.ref(taken), weakref.ref(given)
        taken._recv_bytes = self._receive
        taken.get = self._get
        given.put = self._put

    def undo(self) -> None:
        """Put the queues' own back."""
        for queue, name in ((self._taken(), "get"), (self._given(), "put")):
            if queue is not None:
                queue.__dict__.pop(name, None)
        taken = self._taken()
        if taken is not None and taken._recv_bytes is self._receive:
            taken._recv_bytes = self._receive.receive
        self._journal.close()

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""
        self._journal.give_up(error)

    def _get(self, *values: Any, **settings: Any) -> Any:
        queue: Any = self._taken()
        message = type(queue).get(queue, *values, **settings)
        self._note_got(message[0])
        return message

    def _put(self, message: Any, *values: Any, **settings: Any) -> Any:
        self._note_pinned(message[0])
        queue: Any = self._given()
        return type(queue).put(queue, message, *values, **settings)

    @quiet
    def _note_got(self, task: Any) -> None:
        start_ns, size = self._receive.take()
        self._got_ns = now_ns()
        if isinstance(task, int):
            self._journal.add(Kind.GOT, self._epoch, task, start_ns, self._got_ns, size)

    @quiet
    def _note_pinned(self, task: Any) -> None:
        if not isinstance(task, int):
            # Each worker that lives on answers once before the next epoch begins.
            self._acknowledged += 0 if task is None else 1
        elif self._got_ns:
            self._journal.add(Kind.PINNED, self._epoch, task, self._got_ns, now_ns())
        else:
            start_ns, size = self._receive.take()
            self._journal.add(Kind.GOT, self._epoch, task, start_ns, now_ns(), size)
        self._got_ns = 0
        self._journal.flush()

    @property
    def _epoch(self) -> int:
        return self._acknowledged // self._workers
