"""Say what happens during a sweep, as it happens."""

from __future__ import annotations

from dataclasses import dataclass

from bench.lock import RunLock
from bench.runs.plan import PlannedTrial
from bench.runs.records import Trial


@dataclass(frozen=True, kw_only=True)
class PicturesProgress:
    """Say how many of the pictures to generate exist; sent only while they are being generated."""

    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class TrialStarted:
    """Say that the `number`-th of `total` trials starts, counted from 1."""

    number: int
    total: int
    planned: PlannedTrial


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """Say how many batches of the running trial were received."""

    number: int
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class TrialFinished:
    """Say that a trial finished or failed; when this is sent it is on disk, unless `NotKept` was sent before."""

    number: int
    total: int
    trial: Trial


@dataclass(frozen=True, kw_only=True)
class NotKept:
    """Say why results cannot be kept, one sentence; the sweep goes on with them in memory."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class SweepFinished:
    """Say how the sweep ended; see `records.Run` for the states."""

    state: str
    message: str


Event = PicturesProgress | TrialStarted | BatchProgress | TrialFinished | NotKept | SweepFinished


def note_progress(held: RunLock, event: Event) -> None:
    """Write down how far the run is, for whoever looks: see `jobs.current`."""
    match event:
        case PicturesProgress():
            held.note(phase="pictures", done=event.done, total=event.total)
        case TrialStarted():
            held.note(phase="trial", trial=event.number)
        case BatchProgress():
            held.note(phase="trial", trial=event.number, done=event.done, total=event.total)
