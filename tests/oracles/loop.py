"""The training loop with a core for everyone: one equation per step, for all ranks together.

A loader is anything with `start(epoch, now)`, `next(now)` and `stop(now)`, each returning when it ends.
"""

from dataclasses import dataclass

import numpy as np
from oracles.amounts import Amounts, Piece

from dataloader_sim import Timeline
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity


class Spans(list):
    """The spans of a run; one of zero length is left out, except where it marks an instant."""

    INSTANTS = (Activity.LOAD, Activity.SEND, Activity.RECEIVE, Activity.STEP)

    def note(self, what, batch, start_s, end_s):
        """Keep one span; `what` is its rank, lane, activity and epoch."""
        _, _, activity, _ = what
        if end_s > start_s or activity in self.INSTANTS:
            self.append((*what, batch, start_s, end_s))


@dataclass(frozen=True)
class HandOver:
    """What `next(iterator)` returned: a batch, or None for StopIteration, and when."""

    at_s: float
    batch: int | None = None
    piece: Piece | None = None


@dataclass(frozen=True)
class Outcome:
    """An oracle's run.

    closest_s: the least time between two messages of one rank of which either might have been first.
    """

    timeline: Timeline
    closest_s: float


def run(scenario, make_loader):
    """Return the Outcome of a scenario whose ranks load by `make_loader(amounts, rank, spans)`."""
    spans = Spans()
    amounts = [Amounts(scenario, rank) for rank in range(scenario.machine.ranks)]
    loaders = [make_loader(one, rank, spans) for rank, one in enumerate(amounts)]
    training = Training(amounts, spans)
    now = [0.0] * len(loaders)
    for epoch in range(scenario.workload.epochs):
        now = [loader.start(epoch, at) for loader, at in zip(loaders, now, strict=True)]
        got = [loader.next(at) for loader, at in zip(loaders, now, strict=True)]
        while got[0].batch is not None:
            now = training.step(epoch, got)
            got = [loader.next(at) for loader, at in zip(loaders, now, strict=True)]
        now = [loader.stop(one.at_s) for loader, one in zip(loaders, got, strict=True)]
    timeline = Timeline(scenario=scenario, source="simulated", spans=np.array(spans, SPAN))
    return Outcome(timeline, min(loader.closest_s for loader in loaders))


class Training:
    """What follows `next(iterator)`: first touch, copy, launch, step."""

    def __init__(self, amounts, spans):
        self.amounts, self.spans, self.ends_s = amounts, spans, []

    def end_s(self, back):
        """Return when all ranks had ended the step that many before the one being worked on."""
        return self.ends_s[-back] if len(self.ends_s) >= back else 0.0

    def step(self, epoch, got):
        """Return when each rank calls `next(iterator)` again."""
        launched, starts_s = [], []
        for rank, (amounts, one) in enumerate(zip(self.amounts, got, strict=True)):
            at, ready_s = self._copied(amounts, rank, epoch, one)
            # No more than two steps are launched and not ended.
            at = max(at, self.end_s(2))
            launch_end_s = at + amounts.work.launch_s
            self.spans.note((rank, MAIN, Activity.LAUNCH, epoch), one.batch, at, launch_end_s)
            launched.append(launch_end_s)
            starts_s.append(max(launch_end_s, self.end_s(1), ready_s))
        step_s = self.amounts[0].work.step_s
        for rank, (one, start_s) in enumerate(zip(got, starts_s, strict=True)):
            self.spans.note((rank, GPU, Activity.STEP, epoch), one.batch, start_s, start_s + step_s)
        self.ends_s.append(max(starts_s) + step_s)
        if self.amounts[0].work.synchronize:
            return [self.ends_s[-1]] * len(got)
        return launched

    def _copied(self, amounts, rank, epoch, one):
        """Return when the training process may launch, and when the batch lies in the accelerator."""
        touched_s = one.at_s + amounts.touch_s(one.piece)
        self.spans.note((rank, MAIN, Activity.TOUCH, epoch), one.batch, one.at_s, touched_s)
        seconds = amounts.copy_s(one.piece)
        if seconds == 0:
            return touched_s, 0.0
        start_s = max(touched_s, self.end_s(1))
        self.spans.note((rank, GPU, Activity.COPY, epoch), one.batch, start_s, start_s + seconds)
        return (touched_s if amounts.loader.pin_memory else start_s + seconds), start_s + seconds
