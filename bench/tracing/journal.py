"""Keep what a process saw in a file of its own, so that nothing recorded is lost whoever is killed.

A journal is a header and then records: kind (1 byte), length of the payload (4 bytes), payload. Little-endian. It has
one writer, and only grows; reading stops at the first record that is not whole.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

HEADER = b"DLLABJ01"
_FRAME = struct.Struct("<BI")


class Kind(IntEnum):
    """Number the kinds of records; `FORMS` says what each holds. Times are ns of `time.perf_counter_ns`."""

    BUILT = 1
    """The iterator: epoch, asked for, ready."""
    STARTED = 2
    """A worker's Process.start(): worker, pid, start, end."""
    SENT = 3
    """An index was sent: epoch, task, worker, when."""
    GOT = 4
    """A message was taken: epoch, task, start, end, bytes."""
    PINNED = 5
    """A batch was pinned: epoch, task, start, end."""
    HANDED = 6
    """`next` returned: epoch, task, requested, returned, CPU time of the loop body before it (-1: unknown)."""
    ENDED = 7
    """`next` ended the epoch: epoch, requested, raised, CPU time of the loop body before it."""
    RAISED = 8
    """`next` raised: epoch, task (-1: none), requested, raised, CPU time of the loop body before it; then the text."""
    STOPPED = 9
    """A worker was shut down: worker, start, end."""
    DROPPED = 10
    """The iterator was let go: when."""
    STEPPED = 11
    """What ran on the GPU for a batch: epoch, task, start, end."""
    WAITING = 12
    """Nothing came for a while: epoch, requested, now."""
    NOTE = 13
    """A sentence for the user."""
    BOOTED = 20
    """A worker can take tasks: hook called, ready, CPU time of the process, time in the user's worker_init_fn, pid."""
    BEGUN = 21
    """A load began: epoch, number of the load in it, when."""
    LOADED = 22
    """A load ended; see `recorder.LoadRecorder`."""
    SAMPLES = 23
    """Samples of a load: epoch, number of the load; then index, ns on the clock, ns of CPU for each, as int64."""
    TRANSFORMED = 24
    """Steps of transforms in a load: epoch, number of the load; then calls and ns of each step, as int64."""
    STEPS = 25
    """The names of the steps: a text, a name per line."""
    PUT = 26
    """A batch was pickled: epoch, task, start, end, bytes."""


FORMS: dict[Kind, struct.Struct] = {
    Kind.BUILT: struct.Struct("<iqq"),
    Kind.STARTED: struct.Struct("<iqqq"),
    Kind.SENT: struct.Struct("<iiiq"),
    Kind.GOT: struct.Struct("<iiqqq"),
    Kind.PINNED: struct.Struct("<iiqq"),
    Kind.HANDED: struct.Struct("<iiqqq"),
    Kind.ENDED: struct.Struct("<iqqq"),
    Kind.RAISED: struct.Struct("<iiqqq"),
    Kind.STOPPED: struct.Struct("<iqq"),
    Kind.DROPPED: struct.Struct("<q"),
    Kind.STEPPED: struct.Struct("<iiqq"),
    Kind.WAITING: struct.Struct("<iqq"),
    Kind.NOTE: struct.Struct("<"),
    Kind.BOOTED: struct.Struct("<qqqqq"),
    Kind.BEGUN: struct.Struct("<iiq"),
    Kind.LOADED: struct.Struct("<iiiqqqqqqqqqiiq"),
    Kind.SAMPLES: struct.Struct("<ii"),
    Kind.TRANSFORMED: struct.Struct("<ii"),
    Kind.STEPS: struct.Struct("<"),
    Kind.PUT: struct.Struct("<iiqqq"),
}


@dataclass(frozen=True)
class Record:
    """Hold one record: its kind, its fields, and the bytes that follow them."""

    kind: Kind
    values: tuple[Any, ...]
    tail: bytes


# A file is looked at no more often than this.
_SELDOM_NS = 500_000_000


class Journal:
    """Write one journal; after the first failure it writes nothing more, and nobody is disturbed.

    Not for several threads. In a process forked from the writer's it writes nothing. has_failed: whether something
    could not be written.
    """

    def __init__(self, path: Path | str) -> None:
        """Create the file."""
        self._buffer = bytearray(HEADER)
        self._process = os.getpid()
        self._looked_ns = 0
        self.has_failed = False
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError:
            self._file = -1
            self.has_failed = True

    @property
    def is_open(self) -> bool:
        """Return whether what is added will be written."""
        return self._file >= 0

    def add(self, kind: Kind, *values: int, tail: bytes = b"") -> None:
        """Add a record, which `flush` writes."""
        form = FORMS[kind]
        self._buffer += _FRAME.pack(kind, form.size + len(tail))
        self._buffer += form.pack(*values)
        self._buffer += tail

    def flush(self) -> None:
        """Write what was added in one piece; stop for good when that fails, or when nobody keeps the file any more."""
        if self._file < 0 or not self._buffer:
            self._buffer.clear()
            return
        if os.getpid() != self._process:
            self._file = -1
            self._buffer.clear()
            return
        try:
            kept = self._is_kept()
            self.has_failed = kept and os.write(self._file, self._buffer) != len(self._buffer)
        except OSError:
            kept, self.has_failed = True, True
        if self.has_failed or not kept:
            self.close()
        self._buffer.clear()

    def _is_kept(self) -> bool:
        """Return whether the file still has a name.

        The trace's folder goes when the trace ends; a worker that lives on must not fill the disk unseen.
        """
        now_ns = time.perf_counter_ns()
        if now_ns - self._looked_ns < _SELDOM_NS:
            return True
        self._looked_ns = now_ns
        return os.fstat(self._file).st_nlink > 0

    def give_up(self, error: Exception) -> None:
        """Note why nothing more is recorded, and close the file."""
        self.add(Kind.NOTE, tail=f"recording stopped ({type(error).__name__}: {error})".encode())
        self.flush()
        self.close()

    def close(self) -> None:
        """Close the file; what was added and not flushed is dropped."""
        if self._file >= 0 and os.getpid() == self._process:
            os.close(self._file)
        self._file = -1


@dataclass(frozen=True)
class Read:
    """Hold what a journal tells: its whole records, and whether it ends with one."""

    records: tuple[Record, ...]
    whole: bool


def read(path: Path) -> Read:
    """Read a journal up to the first record that is not whole or not known; raises OSError."""
    data = path.read_bytes()
    if not data.startswith(HEADER):
        return Read((), whole=False)
    records = tuple(_records(data))
    end = len(HEADER) + sum(_FRAME.size + FORMS[one.kind].size + len(one.tail) for one in records)
    return Read(records, end == len(data))


def _records(data: bytes) -> Iterator[Record]:
    at = len(HEADER)
    while at + _FRAME.size <= len(data):
        number, length = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        form = FORMS.get(number)
        if form is None or length < form.size or at + length > len(data):
            return
        yield Record(Kind(number), form.unpack_from(data, at), data[at + form.size : at + length])
        at += length
