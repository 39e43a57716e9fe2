"""Show a sweep on standard error while it runs."""

from __future__ import annotations

import time

from bench.cli.terminal import Progress, clock
from bench.runs import plan
from bench.runs.events import BatchProgress, Event, NotKept, PicturesProgress, TrialFinished, TrialStarted
from bench.runs.plan import SweepSpec

# Without a terminal a line for so many pictures is enough.
PICTURES_PER_LINE = 500


class ShownSweep:
    """Turn a sweep's events into a bar with rate and time left, or into plain lines where there is no terminal."""

    def __init__(self, spec: SweepSpec, progress: Progress) -> None:
        """Say nothing yet."""
        self._spec, self._progress = spec, progress
        self._finished: list[tuple[int, float]] = []
        self._since_s = time.monotonic()
        self._label = ""

    def say(self, sentence: str) -> None:
        """Print a sentence that stays; nothing for an empty one."""
        if sentence:
            self._progress.line(sentence)

    def event(self, event: Event) -> None:
        """Show one event."""
        match event:
            case PicturesProgress():
                self._pictures(event)
            case TrialStarted():
                self._since_s = time.monotonic()
                self._label = f"trial {event.number} of {event.total}, num_workers={event.planned.num_workers}"
                if event.number == 1:
                    self.say(f"{event.total} trials, about {clock(plan.left_s(self._spec, []))}")
                self._progress.bar(self._label, self._share(0.0), left_s=self._left_s(0.0))
            case BatchProgress():
                running = event.done / event.total
                rate = event.done / max(time.monotonic() - self._since_s, 1e-9)
                self._progress.bar(self._label, self._share(running), f"{rate:.1f} batches/s", self._left_s(running))
            case TrialFinished():
                self._finish(event)
            case NotKept():
                self.say(f"not kept: {event.reason}")
            case _:
                self._progress.clear()

    def _finish(self, event: TrialFinished) -> None:
        trial = event.trial
        self._finished.append((trial.num_workers, trial.wall_s))
        seen = f"failed: {trial.error}" if trial.error else f"{trial.samples_per_s:,.0f} samples/s"
        if trial.error or not self._progress.is_terminal:
            left = f", {clock(self._left_s(0.0))} left" if event.number < event.total else ""
            self.say(f"{self._label}: {seen}{left}")

    def _pictures(self, event: PicturesProgress) -> None:
        rate = event.done / max(time.monotonic() - self._since_s, 1e-9)
        left_s = (event.total - event.done) / rate if rate else None
        label = f"generating picture {event.done:,} of {event.total:,}"
        self._progress.bar(label, event.done / event.total, f"{rate:.0f} pictures/s", left_s)
        if not self._progress.is_terminal and event.done % PICTURES_PER_LINE == 0:
            self.say(label)

    def _share(self, running: float) -> float:
        return (len(self._finished) + running) / (len(self._spec.num_workers) * self._spec.repeats)

    def _left_s(self, running: float) -> float:
        return plan.left_s(self._spec, self._finished, running)
