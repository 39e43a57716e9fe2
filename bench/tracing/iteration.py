"""Record in the training process what one iterator of a DataLoader does, epoch after epoch."""

from __future__ import annotations

import time
from typing import Any

from bench.tracing.frames import quiet
from bench.tracing.gpu import Cuda, Device, GpuClock
from bench.tracing.journal import Journal, Kind
from bench.tracing.recorder import UNKNOWN, now_ns

_LONGEST_TEXT = 4_000
NO_TASK = -1


class IteratorRecorder:
    """Record one iterator into a journal; written out at each hand-over and whenever nothing comes.

    task: the number of the last message that came; given: batches handed over in this epoch; requested_ns: when `next`
    was last called, 0: it has returned.
    """

    def __init__(self, journal: Journal, device: Device | None = None) -> None:
        """Start before the first epoch."""
        self.journal = journal
        self.epoch, self.task, self.requested_ns = 0, NO_TASK, 0
        self.given = 0
        self.is_resetting = False
        self._asked_ns = 0
        self._body_cpu_ns = UNKNOWN
        self._handed_cpu_ns = UNKNOWN
        self._gpu = GpuClock(device or Cuda())

    @property
    def is_settled(self) -> bool:
        """Return whether the GPU has finished what it was given, as far as was looked."""
        return not self.journal.is_open or self._gpu.is_settled

    @quiet
    def poll(self) -> None:
        """Note what the GPU has finished meanwhile."""
        if self.journal.is_open:
            self._note_steps(wait=False)

    def give_up(self, error: Exception) -> None:
        """Record nothing more."""
        self.journal.give_up(error)

    @quiet
    def built(self, asked_ns: int) -> None:
        """Note that the iterator is ready."""
        self.journal.add(Kind.BUILT, self.epoch, asked_ns, now_ns())
        self.journal.flush()

    @quiet
    def begin_reset(self) -> None:
        """Note that the iterator is asked for again: workers that live on begin their next epoch."""
        self._asked_ns = now_ns()
        self.epoch, self.is_resetting, self.given = self.epoch + 1, True, 0
        self.task, self._handed_cpu_ns = NO_TASK, UNKNOWN

    @quiet
    def end_reset(self) -> None:
        """Note that the next epoch is ready."""
        self.is_resetting, self.task = False, NO_TASK
        self.built(self._asked_ns)

    @quiet
    def sent(self, task: int, worker: int) -> None:
        """Note that an index was sent."""
        self.journal.add(Kind.SENT, self.epoch, task, worker, now_ns())

    @quiet
    def got(self, task: Any, start_ns: int, size: int) -> None:
        """Note that a message was taken and unpickled; start_ns 0: by another thread, which notes it itself."""
        if not isinstance(task, int):
            return
        if start_ns:
            # Before an epoch begins, what is left of the one before is thrown away.
            epoch = self.epoch - 1 if self.is_resetting else self.epoch
            self.journal.add(Kind.GOT, epoch, task, start_ns, now_ns(), size)
        self.task = task

    @quiet
    def waiting(self) -> None:
        """Note that no message came for a while."""
        if self.requested_ns:
            self.journal.add(Kind.WAITING, self.epoch, self.requested_ns, now_ns())
            self.journal.flush()

    @quiet
    def request(self) -> None:
        """Note that the next batch is asked for: the loop's body is done with the last one."""
        self.requested_ns = now_ns()
        known = self._handed_cpu_ns != UNKNOWN
        self._body_cpu_ns = time.process_time_ns() - self._handed_cpu_ns if known else UNKNOWN
        self._gpu.requested()

    @quiet
    def handed(self, task: int, *, pinned_since_ns: int = 0) -> None:
        """Note that `next` returns a batch; pinned_since_ns: when this process began to pin it, 0: it did not."""
        handed_ns = now_ns()
        if pinned_since_ns:
            self.journal.add(Kind.PINNED, self.epoch, task, pinned_since_ns, handed_ns)
        self.journal.add(Kind.HANDED, self.epoch, task, self.requested_ns, handed_ns, self._body_cpu_ns)
        self._note_steps(wait=False)
        self.journal.flush()
        self._gpu.handed(self.epoch, task)
        self.requested_ns = 0
        self.given += 1
        self._handed_cpu_ns = time.process_time_ns()

    @quiet
    def ended(self) -> None:
        """Note that `next` says that the epoch is over."""
        self.journal.add(Kind.ENDED, self.epoch, self.requested_ns, now_ns(), self._body_cpu_ns)
        self._note_steps(wait=False)
        self.journal.flush()
        self.requested_ns, self._handed_cpu_ns = 0, UNKNOWN

    @quiet
    def raised(self, task: int, error: BaseException) -> None:
        """Note that `next` raises."""
        values = (self.epoch, task, self.requested_ns, now_ns(), self._body_cpu_ns)
        self.journal.add(Kind.RAISED, *values, tail=text_of(error))
        self.journal.flush()
        self.requested_ns, self._handed_cpu_ns = 0, UNKNOWN

    @quiet
    def stopped(self, worker: int, start_ns: int) -> None:
        """Note that a worker was shut down."""
        self.journal.add(Kind.STOPPED, worker, start_ns, now_ns())

    @quiet
    def dropped(self) -> None:
        """Note that the iterator is let go."""
        if self.journal.is_open:
            self.journal.add(Kind.DROPPED, now_ns())
            self.journal.flush()

    @quiet
    def close(self) -> None:
        """Write down what is left; wait for the GPU to finish what it was given for this iterator."""
        if self.journal.is_open:
            self._note_steps(wait=True)
            self.journal.flush()
        self.journal.close()

    def _note_steps(self, *, wait: bool) -> None:
        for step in self._gpu.finished(wait=wait):
            self.journal.add(Kind.STEPPED, step.epoch, step.task, step.start_ns, step.end_ns)


def text_of(error: BaseException) -> bytes:
    """Return an exception's type and text as torch or Python would print it, of limited length."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 (an exception of the user's whose text cannot be made)
        text = type(error).__name__
    return text[:_LONGEST_TEXT].encode(errors="replace")
