"""Record what loading a batch costs, in the process that loads it."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from bench.tracing.frames import quiet
from bench.tracing.journal import Journal, Kind
from bench.tracing.queueing import RunQueue

now_ns = time.perf_counter_ns
thread_ns = time.thread_time_ns

RETURNED, STREAM_ENDED, RAISED = range(3)
UNKNOWN = -1
# Walking through a batch must cost nothing to speak of.
_MOST_PARTS = 2_000
_LARGEST = 1 << 63


class LoadRecorder:
    """Record loads, one after another, into a journal.

    A LOADED record holds: epoch, number of the load in it, outcome; when it began, when its samples were there, when
    collating began and ended, when it ended; CPU time of the thread for the samples, of the thread for collating, of
    the process for all; time in which the thread had no core (-1: unknown); samples (-1: unknown), tensors, bytes of
    the tensors. Times in ns; 0: not reached.
    samples: what is known of each sample of the load so far: index, ns on the clock, ns of CPU.
    epoch, load: their numbers now. ended_ns: when the last load ended.
    """

    def __init__(self, journal: Journal) -> None:
        """Start before the first epoch."""
        self._journal = journal
        self._run_queue: RunQueue | None = None
        self.epoch, self.load = -1, 0
        self.ended_ns = 0
        self.steps: StepTotals | None = None
        self._clear()

    def _clear(self) -> None:
        self.samples = array("q")
        self._start = self._start_thread = self._start_process = self._start_queued = 0
        self._fetched = self._fetch_thread = self._collate_start = self._collated = self._collate_thread = 0
        self._sampled = self._sampled_thread = 0
        self._expected = UNKNOWN
        self._size = (UNKNOWN, UNKNOWN)

    @property
    def is_open(self) -> bool:
        """Return whether anything is still recorded."""
        return self._journal.is_open

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""
        self._journal.give_up(error)

    def begin_epoch(self) -> None:
        """Count the loads from 0 again."""
        self.epoch, self.load = self.epoch + 1, 0

    def close(self) -> None:
        """Close what is open."""
        self._journal.close()
        if self._run_queue is not None:
            self._run_queue.close()

    @quiet
    def begin(self, expected: int) -> None:
        """Note that a load of so many samples begins; what hangs or is killed is seen by this."""
        self._clear()
        self._expected = expected
        self._start = now_ns()
        self._journal.add(Kind.BEGUN, self.epoch, self.load, self._start)
        self._journal.flush()
        self._run_queue = self._run_queue or RunQueue()
        self._start_queued = self._run_queue.waited_ns()
        self._start_process, self._start_thread = time.process_time_ns(), thread_ns()
        self._sampled, self._sampled_thread = now_ns(), self._start_thread

    def sampled(self, index: int) -> None:
        """Note that a sample is there: it took since the one before, the clocks are read once for both."""
        at_ns, cpu_ns = now_ns(), thread_ns()
        self.samples.extend((index, at_ns - self._sampled, cpu_ns - self._sampled_thread))
        self._sampled, self._sampled_thread = at_ns, cpu_ns

    @quiet
    def fetched(self) -> None:
        """Note that the samples are there and that collating begins."""
        self._fetched, self._fetch_thread = now_ns(), thread_ns() - self._start_thread
        self._collate_start = self._fetched

    @quiet
    def collated(self, batch: Any) -> None:
        """Note that collating ended."""
        self._collated = now_ns()
        self._collate_thread = thread_ns() - self._start_thread - self._fetch_thread
        self._size = tensors_in(batch)

    @quiet
    def end(self, outcome: int) -> None:
        """Note how the load ended and write it down."""
        end, process = now_ns(), time.process_time_ns() - self._start_process
        queued = self._run_queue.waited_ns() if self._run_queue else UNKNOWN
        self.ended_ns = end
        count = len(self.samples) // 3 or (self._expected if outcome == RETURNED else 0)
        self._journal.add(
            Kind.LOADED,
            self.epoch,
            self.load,
            outcome,
            self._start,
            self._fetched,
            self._collate_start,
            self._collated,
            end,
            self._fetch_thread,
            self._collate_thread,
            process,
            queued - self._start_queued if queued >= 0 else UNKNOWN,
            count,
            *self._size,
        )
        if self.samples:
            self._journal.add(Kind.SAMPLES, self.epoch, self.load, tail=self.samples.tobytes())
        if self.steps is not None:
            self._journal.add(Kind.TRANSFORMED, self.epoch, self.load, tail=self.steps.take())
        self._journal.flush()
        self.load += 1


class StepTotals:
    """Add up how often each step of the transforms was called during a load, and how long that took."""

    def __init__(self, names: list[str], journal: Journal) -> None:
        """Take the steps' names in order."""
        self._count = len(names)
        self._totals = array("q", bytes(16 * self._count))
        journal.add(Kind.STEPS, tail="\n".join(names).encode())

    def add(self, step: int, wall_ns: int) -> None:
        """Note one call."""
        self._totals[2 * step] += 1
        self._totals[2 * step + 1] += wall_ns

    def take(self) -> bytes:
        """Return calls and ns of each step, and begin at 0 again."""
        taken = self._totals.tobytes()
        self._totals = array("q", bytes(16 * self._count))
        return taken


def tensors_in(batch: Any) -> tuple[int, int]:
    """Return how many tensors a batch holds and their bytes; (-1, -1) when it holds too many parts to look at."""
    from torch import Tensor

    tensors = size = looked = 0
    parts: list[Any] = [batch]
    while parts:
        part = parts.pop()
        looked += 1
        if looked > _MOST_PARTS:
            return (UNKNOWN, UNKNOWN)
        if isinstance(part, Mapping):
            parts += part.values()
        elif isinstance(part, list | tuple):
            parts += part[: _MOST_PARTS + 1]
        elif isinstance(part, Tensor):
            tensors += 1
            size += part.numel() * part.element_size()
    return (tensors, size)


def whole_number(index: Any) -> int:
    """Return what a dataset was asked for as a number that fits 64 bits, -1 where it is none."""
    number = int(index) if isinstance(index, Integral) else UNKNOWN
    return number if 0 <= number < _LARGEST else UNKNOWN
