"""Record the iterators of DataLoaders into a folder of journals, and take every trace of that away again."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.tracing.building import Building, put_back
from bench.tracing.describing import describe_loader
from bench.tracing.frames import is_own
from bench.tracing.iteration import IteratorRecorder
from bench.tracing.iterators import Instrumented
from bench.tracing.journal import Journal, Kind
from bench.tracing.recorder import now_ns
from bench.tracing.worker import WorkerHook

NOT_WRITTEN = "a journal could not be written: what followed was not recorded; is the disk full?"
BUILT_BEFORE = "its workers ran before the trace began: what they do was not seen, only what they deliver"


class Session:
    """Record DataLoaders of this process into a folder.

    transforms: whether to time the steps of transforms. notes: what was not recorded, once closed.
    """

    def __init__(self, folder: Path, *, transforms: bool) -> None:
        """Take an empty folder."""
        self._folder, self._transforms = folder, transforms
        self._process = os.getpid()
        self.notes: tuple[str, ...] = ()
        self._iterators = itertools.count()
        self._loaders: list[weakref.ref[Any]] = []
        self._live: dict[int, tuple[weakref.ref[Any], Instrumented]] = {}
        self._unsettled: list[IteratorRecorder] = []
        self._lock = threading.Lock()

    def build(self, loader: Any, make: Callable[[], Any]) -> Any:
        """Return the iterator that `make` makes for the loader, recorded if it can be."""
        if os.getpid() != self._process:
            put_back()
            return make()
        self._settle()
        try:
            asked_ns, prefix = now_ns(), self._new_prefix(loader)
            recorder = IteratorRecorder(Journal(f"{prefix}-main"))
        except OSError:
            self.notes = (NOT_WRITTEN,)
            return make()
        except Exception as error:
            if not is_own(error):
                raise
            return make()
        with Building(recorder), self._hooked(loader, prefix):
            iterator = make()
        self._instrument(iterator, recorder, prefix)
        recorder.built(asked_ns)
        return iterator

    def adopt(self, loader: Any, iterator: Any) -> None:
        """Record an iterator from now on that was built before."""
        prefix = self._new_prefix(loader)
        recorder = IteratorRecorder(Journal(f"{prefix}-main"))
        recorder.journal.add(Kind.NOTE, tail=BUILT_BEFORE.encode())
        self._instrument(iterator, recorder, prefix)

    def _settle(self) -> None:
        """Close the journals of iterators that are gone and whose steps the GPU has finished meanwhile."""
        for recorder in list(self._unsettled):
            recorder.poll()
            if recorder.is_settled:
                self._unsettled.remove(recorder)
                self._close(recorder)

    def close(self) -> None:
        """Stop recording everywhere in this process, and leave every iterator as torch made it."""
        with self._lock:
            live, self._live = list(self._live.values()), {}
        for _, instrumented in live:
            instrumented.undo()
            self._close(instrumented.recorder)
        while self._unsettled:
            self._close(self._unsettled.pop())

    def _new_prefix(self, loader: Any) -> str:
        with self._lock:
            number = next((at for at, held in enumerate(self._loaders) if held() is loader), len(self._loaders))
            if number == len(self._loaders):
                self._loaders.append(weakref.ref(loader))
                text = json.dumps(describe_loader(loader))
                (self._folder / f"loader-{number}.json").write_text(text, encoding="utf-8")
            return str(self._folder / f"{number}-{next(self._iterators)}")

    @contextlib.contextmanager
    def _hooked(self, loader: Any, prefix: str) -> Any:
        """Let the loader's workers call the hook while they are started; nobody else sees it."""
        held = loader.__dict__
        if "worker_init_fn" not in held or not loader.num_workers:
            yield
            return
        init = held["worker_init_fn"]
        # Another thread may be building an iterator of the same loader.
        init = init.init if isinstance(init, WorkerHook) else init
        held["worker_init_fn"] = WorkerHook(init, prefix, self._transforms)
        try:
            yield
        finally:
            held["worker_init_fn"] = init

    def _instrument(self, iterator: Any, recorder: IteratorRecorder, prefix: str) -> None:
        try:
            instrumented = Instrumented(
                iterator, recorder, lambda: Journal(f"{prefix}-aside"), transforms=self._transforms
            )
        except (AttributeError, TypeError) as error:
            sentence = f"torch's iterator could not be recorded ({error})"
            recorder.journal.add(Kind.NOTE, tail=sentence.encode())
            recorder.journal.flush()
            return
        key = id(iterator)
        self._live[key] = (weakref.ref(iterator, partial(self._let_go, key)), instrumented)

    def _close(self, recorder: IteratorRecorder) -> None:
        recorder.close()
        if recorder.journal.has_failed:
            self.notes = (NOT_WRITTEN,)

    def _let_go(self, key: int, _iterator: object) -> None:
        """Close the journals of an iterator that is gone."""
        held = self._live.pop(key, None)
        if held is not None and os.getpid() == self._process:
            held[1].undo()
            recorder = held[1].recorder
            recorder.dropped()
            # The GPU may still be at work for it; nobody waits for that before the trace ends.
            if recorder.is_settled:
                self._close(recorder)
            else:
                self._unsettled.append(recorder)


def record_loader(loader: Any, session: Session) -> Callable[[], None]:
    """Record every iterator that one loader makes from now on; return what ends that."""
    kind = type(loader)
    loader.__dict__["_get_iterator"] = lambda: session.build(loader, partial(kind._get_iterator, loader))  # noqa: SLF001
    return lambda: loader.__dict__.pop("_get_iterator", None)
