"""Shared cores, storage and interpreter locks by many small equal steps of time: no event list, no virtual clock.

In each tick every process gets its share by counting who needs what at the tick's beginning. What a process has left
of a tick goes to its next segment; so only the shares are off, for a tick at most, where the number of users changes.
"""

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from oracles.amounts import Amounts
from oracles.compare import farthest_s
from oracles.loop import Outcome, Spans
from oracles.processes import Rank

from dataloader_sim import Timeline
from dataloader_sim.timeline import GPU, SPAN, Activity

# The coarser of two runs has so many ticks, or up to twice as many.
TICKS = 1500


@dataclass
class Process:
    """One process: what it needs now, and since when it has been running free of the ticks."""

    asks: Any
    kind: str = "until"
    left: Any = None
    clock: float = 0.0
    rank: int = 0


@dataclass
class Steps:
    """The accelerators of all ranks: step n of all begins when each has launched it and step n - 1 has ended."""

    sim: Any
    ranks: int
    step_s: float
    ends_s: list = field(default_factory=list)
    seen: list = field(default_factory=list)

    def __post_init__(self):
        self.seen = [[] for _ in range(self.ranks)]

    def next_of(self, rank):
        return len(self.seen[rank])

    def ended(self, number):
        if number < 0:
            return 0.0
        return self.sim.passed(self.ends_s[number]) if number < len(self.ends_s) else None

    def launched(self, rank, epoch, batch, *, launched_s, queued_s, copy_s):
        self.seen[rank].append((epoch, batch, launched_s, queued_s, copy_s))
        number = len(self.ends_s)
        if all(len(seen) > number for seen in self.seen):
            before_s = self.ends_s[-1] if self.ends_s else 0.0
            self.ends_s.append(max(self._step(rank, number, before_s) for rank in range(self.ranks)))

    def _step(self, rank, number, before_s):
        epoch, batch, launched_s, queued_s, copy_s = self.seen[rank][number]
        copied_s = max(queued_s, before_s) + copy_s if copy_s else 0.0
        self.sim.spans.note((rank, GPU, Activity.COPY, epoch), batch, copied_s - copy_s, copied_s)
        start_s = max(launched_s, before_s, copied_s)
        self.sim.spans.note((rank, GPU, Activity.STEP, epoch), batch, start_s, start_s + self.step_s)
        return start_s + self.step_s


class Stepped:
    """The whole run.

    Processes are kept by (rank, place): of simultaneous events the lower rank's come first, and in a rank its workers'
    by their ids, then the pinning thread's, then the training process's.
    """

    def __init__(self, scenario, tick_s):
        self.machine, self.tick_s, self.now, self.clock = scenario.machine, tick_s, 0.0, 0.0
        self.lock = scenario.threads and not self.machine.free_threaded and scenario.loader.num_workers > 0
        self.spans, self.processes, self.rates = Spans(), {}, {}
        steps = Steps(self, self.machine.ranks, scenario.workload.step_s)
        self.ranks = [Rank(self, Amounts(scenario, one), one, steps) for one in range(self.machine.ranks)]
        for one in self.ranks:
            if one.amounts.pin_thread:
                self.start((one.rank, math.inf), one.pinning_thread())
            self.start((one.rank, math.inf, 1), one.main())

    def start(self, key, asks):
        self.processes[key] = Process(asks, clock=self.clock, left=lambda: 0.0, rank=key[0])

    def end(self, key):
        del self.processes[key]

    def passed(self, at_s):
        return at_s if at_s <= self.now else None

    def run(self):
        mains = {key for key in self.processes if len(key) == 3}
        while mains & self.processes.keys():
            while sum(self._go_on(key) for key in sorted(self.processes)):
                pass
            self._share()
            self.now += self.tick_s
            for one in self.processes.values():
                if one.kind != "until":
                    self._spend(one, self.tick_s)

    def _go_on(self, key):
        """Let a process that has what it needed ask for more; return whether it did."""
        one = self.processes.get(key)
        if one is None or not self._has(one):
            return False
        self.clock = one.clock
        try:
            one.kind, one.left = next(one.asks)
        except StopIteration:
            del self.processes[key]
            return True
        if one.kind != "until":
            self._spend(one, self.now - one.clock)
        return True

    def _has(self, one):
        if one.kind != "until":
            return one.left <= 0
        since_s = one.left()
        one.clock = one.clock if since_s is None else max(one.clock, since_s)
        return since_s is not None

    def _spend(self, one, seconds):
        rate = self.rates.get((one.kind, one.rank), 1.0)
        used_s = min(seconds, one.left / rate)
        one.clock += used_s
        # What a sum of ticks leaves over by rounding is nothing.
        one.left = 0.0 if used_s < seconds or one.left - used_s * rate < 1e-12 else one.left - used_s * rate

    def _share(self):
        count = {}
        for one in self.processes.values():
            count[one.kind, one.rank] = count.get((one.kind, one.rank), 0) + 1
        locks = {rank: count.get(("lock", rank), 0) for rank in range(len(self.ranks))}
        computing = sum(count.get(("cpu", rank), 0) for rank in locks) + sum(1 for users in locks.values() if users)
        reading = sum(count.get(("io", rank), 0) for rank in locks)
        core = min(1.0, self.machine.cores / max(computing, 1))
        streams = self.machine.storage_streams or math.inf
        storage = min(1.0, streams / max(reading, 1))
        for rank, users in locks.items():
            self.rates["cpu", rank], self.rates["io", rank] = core, storage
            self.rates["lock", rank] = core / max(users, 1)


def run(scenario, tick_s):
    """Return the Outcome of any run without faults."""
    sim = Stepped(scenario, tick_s)
    sim.run()
    timeline = Timeline(scenario=scenario, source="simulated", spans=np.array(sim.spans, SPAN))
    gaps = [gap for one in sim.ranks for gap in _gaps(sorted(one.arrivals))]
    return Outcome(timeline, min(gaps, default=math.inf))


def converged(scenario, end_s):
    """Return the Outcome of a run that ends about then, and how far off its times may be.

    That is judged by how far half the tick moved them: the errors are proportional to it.
    """
    # A power of two, so that sums of ticks are exact.
    tick_s = 2.0 ** math.floor(math.log2(max(end_s, 1e-6) / TICKS))
    coarse, fine = run(scenario, tick_s), run(scenario, tick_s / 2)
    return fine, 4 * farthest_s(coarse.timeline.spans, fine.timeline.spans) + 10 * tick_s


def _gaps(arrivals):
    return [later[0] - one[0] for one, later in itertools.pairwise(arrivals) if later[1] != one[1]]
