"""Trace a user's own DataLoader in the user's own loop."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bench.tracing import frames
from bench.tracing.ending import Ending, kind_of
from bench.tracing.finding import find_loader
from bench.tracing.iteration import text_of
from bench.tracing.recorder import now_ns
from bench.tracing.session import Session, record_loader

# What puts a trace together takes a while to load; a user's run needs it only at its end.
if TYPE_CHECKING:
    from bench.tracing.assembly import TracedLoader
    from dataloader_sim.timeline import Timeline
    from dataloader_sim.verdict import Verdict

_PREFIX = "dataloader-lab-"


class trace:  # noqa: N801 (used like a function)
    """Record what a DataLoader does inside a `with` block, and put it together at the block's end.

    Iterate this or the loader itself. Order, data, random state and exceptions are those of an untraced run. Not for
    use by several threads.
    """

    def __init__(self, loader: Any, *, transforms: bool = False) -> None:
        """Take a DataLoader, or a wrapper that holds one; transforms: time each step of its Compose-like pipelines.

        Raises TypeError when there is no DataLoader in it, RuntimeError when it is traced already.
        """
        self._given, self._loader = loader, find_loader(loader)
        self._transforms = transforms
        self._stop: list[Callable[[], object]] = []
        self._traced: TracedLoader | None = None
        self._is_over = False
        self._wrong: Exception | None = None

    def __enter__(self) -> Self:
        """Begin to record."""
        if "_get_iterator" in self._loader.__dict__:
            raise RuntimeError("loader must not be traced already, got one that is: leave the other `with` block first")
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        except OSError as wrong:
            # Without room for a journal there is a run, and no trace.
            self._wrong = wrong
            return self
        session = Session(self._folder, transforms=self._transforms)
        self._session = session
        self._stop = [record_loader(self._loader, session), session.close]
        running = getattr(self._loader, "_iterator", None)
        if running is not None:
            with contextlib.suppress(OSError):
                session.adopt(self._loader, running)
        return self

    def __iter__(self) -> Iterator[Any]:
        """Iterate the loader, or the wrapper around it."""
        return iter(self._given)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        """End the recording, leave nothing of it behind, and put together what was seen."""
        ended_ns = now_ns()
        if not self._stop:
            self._is_over = True
            return
        while self._stop:
            self._stop.pop(0)()
        if error is not None:
            frames.hide(error)
        kind = kind_of(error)
        message = "" if error is None else text_of(error).decode()
        self._is_over = True
        try:
            from bench.tracing.assembly import assemble

            self._traced = next(
                iter(assemble(self._folder, Ending(ended_ns, kind, message, self._session.notes))), None
            )
        except Exception as wrong:  # noqa: BLE001 (whatever is wrong with the trace, the user's run goes on)
            self._wrong = wrong
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def timeline(self) -> Timeline:
        """Return the timeline of the outermost iterators; raises RuntimeError while there is none."""
        return self._result.timeline

    @property
    def nested(self) -> tuple[Timeline, ...]:
        """Return the timelines of iterators that ran inside another one's loop."""
        return self._result.nested

    @property
    def verdict(self) -> Verdict:
        """Return what limits the run."""
        from dataloader_sim.verdict import judge

        return judge(self.timeline)

    def save(self, path: Path | str) -> None:
        """Write the timeline to a trace file; raises OSError."""
        from dataloader_sim.wire import timeline_to_bytes

        Path(path).write_bytes(timeline_to_bytes(self.timeline))

    @property
    def _result(self) -> TracedLoader:
        if not self._is_over:
            raise RuntimeError("the trace is put together at the end of its `with` block: read it after the block")
        if self._traced is None and self._wrong is not None:
            raise RuntimeError(f"the trace could not be put together ({self._wrong})") from self._wrong
        if self._traced is None:
            raise RuntimeError("nothing was recorded: iterate the loader inside the `with` block")
        return self._traced
