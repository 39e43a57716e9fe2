"""Collect what the journals of a trace tell, epoch by epoch. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.tracing.journal import Kind, Record, read

Values = tuple[Any, ...]
Integers = NDArray[np.int64]


@dataclass
class Loads:
    """Hold the loads of one process in one epoch, by their numbers; fields as in the journal's records."""

    begun: dict[int, int] = field(default_factory=dict)
    loaded: dict[int, Values] = field(default_factory=dict)
    samples: dict[int, Integers] = field(default_factory=dict)
    transforms: dict[int, Integers] = field(default_factory=dict)


@dataclass
class Epoch:
    """Hold what was noted of one `iter(loader)`; fields as in the journal's records, without their epoch.

    loads: by worker, -1 for the training process. boots: by worker. puts: with the worker first.
    """

    asked_ns: int = 0
    built_ns: int = 0
    started: list[Values] = field(default_factory=list)
    sent: list[Values] = field(default_factory=list)
    got: list[Values] = field(default_factory=list)
    pins: list[Values] = field(default_factory=list)
    handed: list[Values] = field(default_factory=list)
    ended: Values | None = None
    raised: list[Values] = field(default_factory=list)
    stopped: list[Values] = field(default_factory=list)
    dropped_ns: int = 0
    stepped: list[Values] = field(default_factory=list)
    waiting: Values | None = None
    puts: list[Values] = field(default_factory=list)
    boots: dict[int, Values] = field(default_factory=dict)
    loads: dict[int, Loads] = field(default_factory=dict)
    has_pinning_thread: bool = False

    @property
    def last_next_ns(self) -> int:
        """Return when `next` was last called or returned; when it was asked for, if never."""
        times: list[int] = [one[2] for one in (*self.handed, *self.raised)]
        times += [self.ended[1]] if self.ended else []
        times += [self.waiting[1]] if self.waiting else []
        return max([self.asked_ns, *times])

    def of(self, worker: int) -> Loads:
        """Return the loads of a worker."""
        return self.loads.setdefault(worker, Loads())


@dataclass
class Collected:
    """Hold a loader's settings, its epochs in the order asked for, and what is to be said of the trace."""

    settings: dict[str, Any]
    epochs: list[Epoch] = field(default_factory=list)
    steps: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    partial: bool = False


def collect(folder: Path) -> list[Collected]:
    """Read the journals of a trace, a Collected per loader in the order first used; what cannot be read is left out."""
    loaders: dict[int, Collected] = {}
    for path in sorted(folder.glob("loader-*.json"), key=lambda path: int(path.stem.rpartition("-")[2])):
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            settings = {}
        loaders[int(path.stem.rpartition("-")[2])] = Collected(settings)
    prefixes = sorted({path.name.split("-")[0:2][1] for path in folder.glob("*-*-main")}, key=int)
    for iterator in prefixes:
        main = next(folder.glob(f"*-{iterator}-main"))
        number = int(main.name.split("-")[0])
        collected = loaders.setdefault(number, Collected({}))
        _collect_iterator(collected, main, sorted(folder.glob(f"{number}-{iterator}-*")))
    for collected in loaders.values():
        collected.epochs.sort(key=lambda epoch: epoch.asked_ns)
    return list(loaders.values())


def _collect_iterator(collected: Collected, main: Path, paths: Iterable[Path]) -> None:
    epochs: dict[int, Epoch] = {}
    for path in (main, *(path for path in paths if path != main)):
        try:
            found = read(path)
        except OSError:
            found = None
        if found is None or not found.whole:
            collected.partial = True
            collected.notes.append(f"the journal {path.name} is cut off")
        name = path.name.split("-")
        worker = int(name[2]) if name[2].isdigit() else -1
        reader = _Reader(collected, epochs, worker, aside=name[2] == "aside")
        for record in found.records if found else ():
            reader.read(record)
    collected.epochs += [epochs[number] for number in sorted(epochs) if epochs[number].asked_ns]


class _Reader:
    """Sort the records of one journal into epochs."""

    def __init__(self, collected: Collected, epochs: dict[int, Epoch], worker: int, *, aside: bool) -> None:
        self._collected, self._epochs, self._worker, self._aside = collected, epochs, worker, aside
        self._current = 0

    def _epoch(self, number: int) -> Epoch:
        return self._epochs.setdefault(number, Epoch())

    def read(self, record: Record) -> None:
        """Sort one record in."""
        kind, values = record.kind, record.values
        if kind in _LISTS:
            epoch = self._epoch(values[0])
            worker = (self._worker,) if kind == Kind.PUT else ()
            getattr(epoch, _LISTS[kind]).append((*worker, *values[1:]))
            epoch.has_pinning_thread |= self._aside and kind == Kind.GOT
            if self._worker < 0 and kind == Kind.HANDED and not epoch.asked_ns:
                epoch.asked_ns = epoch.built_ns = values[2]
        elif kind in _OF_ITERATOR:
            getattr(self._epoch(self._current), _OF_ITERATOR[kind]).append(values)
        elif kind in _OF_LOAD:
            self._load(record)
        else:
            self._other(record)

    def _load(self, record: Record) -> None:
        epoch, number, *values = record.values
        loads = self._epoch(epoch).of(self._worker)
        if record.kind == Kind.BEGUN:
            loads.begun[number] = values[0]
        elif record.kind == Kind.LOADED:
            loads.loaded[number] = tuple(values)
        elif len(record.tail) % 8 == 0:
            rows = np.frombuffer(record.tail, "<i8")
            if record.kind == Kind.SAMPLES and rows.size % 3 == 0:
                loads.samples[number] = rows.reshape(-1, 3)
            elif record.kind == Kind.TRANSFORMED and rows.size % 2 == 0:
                loads.transforms[number] = rows.reshape(-1, 2)

    def _other(self, record: Record) -> None:
        kind, values = record.kind, record.values
        text = record.tail.decode(errors="replace")
        if kind == Kind.BUILT:
            self._current = values[0]
            epoch = self._epoch(values[0])
            epoch.asked_ns, epoch.built_ns = values[1:]
        elif kind == Kind.ENDED:
            self._epoch(values[0]).ended = values[1:]
        elif kind == Kind.WAITING:
            self._epoch(values[0]).waiting = values[1:]
        elif kind == Kind.RAISED:
            self._epoch(values[0]).raised.append((*values[1:], text))
        elif kind == Kind.DROPPED:
            epoch = self._epoch(self._current)
            epoch.dropped_ns = epoch.dropped_ns or values[0]
        elif kind == Kind.NOTE:
            self._collected.notes.append(text)
            self._collected.partial = True
        elif kind == Kind.BOOTED:
            self._epoch(0).boots[self._worker] = values
        elif kind == Kind.STEPS:
            self._collected.steps = tuple(text.split("\n"))


_LISTS = {
    Kind.SENT: "sent",
    Kind.GOT: "got",
    Kind.PINNED: "pins",
    Kind.HANDED: "handed",
    Kind.STEPPED: "stepped",
    Kind.PUT: "puts",
}
_OF_ITERATOR = {Kind.STARTED: "started", Kind.STOPPED: "stopped"}
_OF_LOAD = (Kind.BEGUN, Kind.LOADED, Kind.SAMPLES, Kind.TRANSFORMED)
