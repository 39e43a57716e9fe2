"""Pass length-prefixed messages through a pipe: what a trial's process says to the one that started it.

A descriptor of its own, not standard output: workers and datasets print there what they like, NUL bytes
included.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

_HEAD = struct.Struct("<BI")
# The timeline of the longest trial that a TrialSpec accepts, uncompressed, is half of this.
LARGEST_BODY = 256 << 20


class Kind(IntEnum):
    """Name what a message is about."""

    REQUEST = 0
    """To the trial: the spec, JSON."""
    STARTED = 1
    """The loader stands and `iter(loader)` comes next; empty."""
    PROGRESS = 2
    """How many batches were handed over so far, JSON."""
    TIMELINE = 3
    """What happened, as `dataloader_sim.wire` writes it; a RESULT follows."""
    RESULT = 4
    """The rest of the result, JSON; the last message of a trial that ended well."""
    ERROR = 5
    """Why there is no result, JSON; the last message of a trial that failed."""


@dataclass(frozen=True)
class Message:
    """Hold one message."""

    kind: Kind
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as the JSON value that it holds."""
        return json.loads(self.body)


def send(descriptor: int, kind: Kind, body: bytes = b"") -> None:
    """Write one message whole, waiting for the reader where the pipe is full."""
    rest = memoryview(_HEAD.pack(kind, len(body)) + body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def send_json(descriptor: int, kind: Kind, value: object) -> None:
    """Write one message with a JSON body."""
    send(descriptor, kind, json.dumps(value).encode())


class Parser:
    """Cut a stream of bytes into messages, however the pipe cut it."""

    def __init__(self) -> None:
        """Start with an empty stream."""
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take the next bytes of the stream and yield the messages that they complete.

        Raises ValueError for what is no message: then the stream cannot be followed any further.
        """
        self._pending += data
        while len(self._pending) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._pending)
            if kind >= len(Kind) or length > LARGEST_BODY:
                raise ValueError(f"not a message: kind {kind}, length {length}")
            end = _HEAD.size + length
            if len(self._pending) < end:
                return
            body = bytes(self._pending[_HEAD.size : end])
            del self._pending[:end]
            yield Message(Kind(kind), body)
