"""Keep the tracer out of the user's exceptions: none of its own gets out, none of its frames is shown."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

_OWN = str(Path(__file__).parent) + os.sep

P = ParamSpec("P")


class GivesUp(Protocol):
    """Record something until told to stop."""

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""


G = TypeVar("G", bound=GivesUp)


def quiet(record: Callable[Concatenate[G, P], None]) -> Callable[Concatenate[G, P], None]:
    """Make a recording method give up instead of raising.

    What a signal handler raises while it records is the user's and goes on: torch's handler reports dead workers so.
    """

    @functools.wraps(record)
    def quietly(self: G, *args: P.args, **settings: P.kwargs) -> None:
        try:
            record(self, *args, **settings)
        except Exception as error:
            if not is_own(error):
                raise
            self.give_up(error)

    return quietly  # type: ignore[return-value]


def is_own(error: BaseException) -> bool:
    """Return whether an exception was raised by a line of the tracer, or by C code which that called."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return at is not None and at.tb_frame.f_code.co_filename.startswith(_OWN)


def hide(error: BaseException) -> None:
    """Take the tracer's frames out of the traceback of an exception, and of those that led to it."""
    pending, seen = [error], set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = _without_own(one.__traceback__)
        pending += [led for led in (one.__cause__, one.__context__) if led is not None]


def _without_own(head: TracebackType | None) -> TracebackType | None:
    shown = []
    while head is not None:
        if not head.tb_frame.f_code.co_filename.startswith(_OWN):
            shown.append(head)
        head = head.tb_next
    for one, following in zip(shown, [*shown[1:], None], strict=True):
        if one.tb_next is not following:
            one.tb_next = following
    return shown[0] if shown else None
