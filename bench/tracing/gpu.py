"""Time on the GPU what the user's loop queues for each batch, with CUDA events and without waiting for any."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from bench.tracing.recorder import now_ns


class Event(Protocol):
    """Be a torch.cuda.Event with timing."""

    def record(self) -> None:
        """Mark this place in the current stream."""

    def query(self) -> bool:
        """Return whether the GPU has come to it."""

    def synchronize(self) -> None:
        """Wait until the GPU has come to it."""

    def elapsed_time(self, end_event: Any) -> float:
        """Return ms from this event to a later one."""


class Device(Protocol):
    """Make events on a GPU."""

    def is_ready(self) -> bool:
        """Return whether the user's program uses the GPU already."""

    def event(self) -> Event:
        """Make an event with timing."""


@dataclass(frozen=True)
class GpuStep:
    """Hold what ran on the GPU for one batch: epoch, task, start and end in ns."""

    epoch: int
    task: int
    start_ns: int
    end_ns: int


class GpuClock:
    """Mark hand-overs and requests on the GPU's stream, and tell the times once it has come to them.

    A mark ties the GPU's clock to the host's, as if the GPU came to it at once: later if it was busy with other work.
    """

    def __init__(self, device: Device) -> None:
        """Take the device."""
        self._device = device
        self._first: tuple[Event, int] | None = None
        self._handed: tuple[int, int, Event] | None = None
        self._last: Event | None = None
        self._waiting: deque[tuple[int, int, Event, Event]] = deque()

    @property
    def is_settled(self) -> bool:
        """Return whether all that was marked has been told."""
        return not self._waiting

    def handed(self, epoch: int, task: int) -> None:
        """Mark that a batch was handed over."""
        self._handed = None
        if self._device.is_ready():
            # With nothing under way the GPU comes to the mark at once: the clocks are tied anew, before they drift.
            is_idle = not self._waiting and (self._last is None or self._last.query())
            mark = self._mark()
            if self._first is None or is_idle:
                self._first = (mark, now_ns())
            self._handed = (epoch, task, mark)

    def requested(self) -> None:
        """Mark that the next batch is asked for."""
        if self._handed is not None:
            self._last = self._mark()
            self._waiting.append((*self._handed, self._last))
            self._handed = None

    def finished(self, *, wait: bool = False) -> list[GpuStep]:
        """Return the steps that the GPU has finished since the last call; `wait` for all that it was given."""
        steps: list[GpuStep] = []
        while self._first is not None and self._waiting:
            epoch, task, start, end = self._waiting[0]
            if wait:
                end.synchronize()
            elif not end.query():
                break
            first, first_ns = self._first
            times = [first_ns + round(first.elapsed_time(one) * 1e6) for one in (start, end)]
            steps.append(GpuStep(epoch, task, times[0], max(times)))
            self._waiting.popleft()
        return steps

    def _mark(self) -> Event:
        event = self._device.event()
        event.record()
        return event


class Cuda:
    """Be the CUDA device, once the user's own program has begun to use it."""

    def is_ready(self) -> bool:
        """Return whether CUDA is there and in use; never begins to use it."""
        torch = sys.modules.get("torch")
        return torch is not None and torch.cuda.is_initialized() and torch.cuda.is_available()

    def event(self) -> Event:
        """Make an event with timing."""
        import torch

        event: Event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        return event
