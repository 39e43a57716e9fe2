"""Timelines written by hand for the player: every activity, several epochs and ranks, and runs that broke off.

They follow the order of torch's protocol but share no cores, so that what a test expects can be told by adding up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from dataloader_sim import LoaderConfig, Machine, Metrics, Scenario, Timeline, Verdict, Workload, metrics
from dataloader_sim.scenario import Fault
from dataloader_sim.timeline import GPU, MAIN, PIN, SPAN, Activity, Failure

START_S, BOOT_S, STOP_S, GET_S, PUT_S, PIN_S = 0.006, 0.030, 0.004, 0.002, 0.004, 0.005
TOUCH_S, COPY_S, LAUNCH_S, STEP_S = 0.004, 0.006, 0.003, 0.030


@dataclass
class Pen:
    """Collect spans, a row each."""

    rows: list[tuple] = field(default_factory=list)

    def add(self, lane, activity, batch, start, end, *, epoch=0, rank=0):
        """Add a span and return its end."""
        self.rows.append((rank, lane, activity, epoch, batch, start, end))
        return end

    def timeline(self, scenario, source="simulated", failure=None):
        """Return what was written as a timeline, sorted by start; a failure cuts what is under way."""
        spans = np.array(self.rows, SPAN)
        if failure:
            spans = spans[spans["start_s"] <= failure.at_s + 1e-9]
            spans["end_s"] = np.minimum(spans["end_s"], failure.at_s)
        spans = spans[np.argsort(spans["start_s"], kind="stable")]
        return Timeline(scenario=scenario, source=source, spans=spans, failure=failure)


@dataclass
class _Rank:
    """Hold where one rank's processes are while it is written."""

    rank: int
    main: float = 0.0
    pinning: float = 0.0
    workers: list[float] = field(default_factory=list)
    received: dict[int, float] = field(default_factory=dict)
    messages: dict[int, float] = field(default_factory=dict)


def load_s(batch, rank=0):
    """Return how long a batch loads: every fifth of rank 0 is three times as slow."""
    return (0.075 + 0.004 * (batch % 3)) * (3 if (batch + 2 * rank) % 5 == 4 else 1)


def plumbed(workers=3, batches=14, *, epochs=1, ranks=1, pin=False, persistent=False, cost=1.0):
    """Write an in-order run that pays for everything; `cost` scales the plumbing."""
    scenario = Scenario(
        workload=Workload(batches=batches, epochs=epochs, step_s=STEP_S, launch_s=LAUNCH_S * cost),
        loader=LoaderConfig(num_workers=workers, pin_memory=pin, persistent_workers=persistent),
        machine=Machine(ranks=ranks),
    )
    pen, all_ranks, common = Pen(), [_Rank(rank) for rank in range(ranks)], 0.0
    for epoch in range(epochs):
        for one in all_ranks:
            _iter(pen, one, scenario, epoch, cost)
        for batch in range(batches):
            now = {"epoch": epoch, "batch": batch, "common": common, "cost": cost}
            launched = [_next(pen, one, scenario, **now) for one in all_ranks]
            steps = [max(one, common) for one in launched]
            for rank, start in enumerate(steps):
                pen.add(GPU, Activity.STEP, batch, start, start + STEP_S, epoch=epoch, rank=rank)
            common = max(steps) + STEP_S
            for one in all_ranks:
                one.main = common
        if not persistent or epoch == epochs - 1:
            for one in all_ranks:
                for worker in range(workers):
                    end = one.main + STOP_S * cost
                    one.main = pen.add(MAIN, Activity.STOP, worker, one.main, end, epoch=epoch, rank=one.rank)
    return pen.timeline(scenario)


def _iter(pen, one, scenario, epoch, cost):
    workers = scenario.loader.num_workers
    about = {"epoch": epoch, "rank": one.rank}
    if epoch and scenario.loader.persistent_workers:
        for worker in range(workers):
            one.main = pen.add(MAIN, Activity.GET, worker, one.main, one.main + GET_S * cost, **about)
        one.workers = [one.main] * workers
    else:
        one.workers = []
        for worker in range(workers):
            one.main = pen.add(MAIN, Activity.START, worker, one.main, one.main + START_S * cost, **about)
            one.workers.append(pen.add(worker, Activity.BOOT, worker, one.main, one.main + BOOT_S * cost, **about))
    one.received, one.messages = {}, {}
    for batch in range(min(scenario.loader.capacity, scenario.workload.batches)):
        _send(pen, one, scenario, epoch=epoch, batch=batch, at=one.main, cost=cost)


def _send(pen, one, scenario, *, epoch, batch, at, cost):
    worker = batch % scenario.loader.num_workers
    about = {"epoch": epoch, "rank": one.rank}
    pen.add(MAIN, Activity.SEND, batch, at, at, **about)
    start = max(one.workers[worker], at)
    loaded = pen.add(worker, Activity.LOAD, batch, start, start + load_s(batch, one.rank), **about)
    one.messages[batch] = pen.add(worker, Activity.PUT, batch, loaded, loaded + PUT_S * cost, **about)
    one.workers[worker] = one.messages[batch]


def _next(pen, one, scenario, *, epoch, batch, common, cost):
    """Write one next(iterator) and what follows it up to the launch; return when the step may start."""
    about = {"epoch": epoch, "rank": one.rank}
    if scenario.loader.pin_memory:
        got = max(one.messages[batch], one.pinning)
        got = pen.add(PIN, Activity.GET, batch, got, got + GET_S * cost, **about)
        one.pinning = pen.add(PIN, Activity.PIN, batch, got, got + PIN_S * cost, **about)
        one.main = max(one.main, one.pinning)
    else:
        got = max(one.main, one.messages[batch])
        one.main = pen.add(MAIN, Activity.GET, batch, got, got + GET_S * cost, **about)
    one.received[batch] = pen.add(MAIN, Activity.RECEIVE, batch, one.main, one.main, **about)
    following = batch + scenario.loader.capacity
    if following < scenario.workload.batches:
        _send(pen, one, scenario, epoch=epoch, batch=following, at=one.main, cost=cost)
    if not scenario.loader.pin_memory:
        one.main = pen.add(MAIN, Activity.TOUCH, batch, one.main, one.main + TOUCH_S * cost, **about)
    copied = max(one.main, common)
    copied = pen.add(GPU, Activity.COPY, batch, copied, copied + COPY_S * cost, **about)
    if not scenario.loader.pin_memory:
        one.main = copied
    one.main = pen.add(MAIN, Activity.LAUNCH, batch, one.main, one.main + LAUNCH_S * cost, **about)
    return max(one.main, copied)


# Lane, batch, load's start and end; a batch is put 5 ms later. Batch 4 of worker 0 goes wrong at 230 ms.
LOADS = ((0, 0, 20, 120), (1, 1, 40, 140), (0, 2, 125, 225), (1, 3, 145, 245), (1, 5, 250, 350), (1, 7, 355, 455))
WRONG_MS = 230
MESSAGES = {
    "killed": "RuntimeError: DataLoader worker (pid 4711) is killed by signal: Killed.",
    "raised": "The dataset's own exception, raised again by next(iterator).",
    "timed out": "RuntimeError: DataLoader timed out after 1 seconds",
    "hangs": "Nothing: next(iterator) waits for ever, because timeout is 0.",
}
# Of each fault: how the run ends and when, and what worker 0 loads from the moment on at which it happens.
FAULTS = {
    "killed": ("killed", 230, ((0, 4, 230, 230),)),
    "raises": ("raised", 350, ((0, 4, 230, 230), (0, 6, 240, 340))),
    "hangs": ("hangs", 465, ((0, 4, 230, 465),)),
    "timeout": ("timed out", 1465, ((0, 4, 230, 1465),)),
    "lost": ("hangs", 465, ((0, 4, 230, 330), (0, 6, 335, 435))),
}


def broken(fault):
    """Write a run of two workers whose batch 4 goes wrong; `fault` is one of FAULTS."""
    kind, end_ms, loads = FAULTS[fault]
    of_kind = Fault(kind="hangs" if fault == "timeout" else fault, batch=4)
    timeout = 1.0 if fault == "timeout" else 0.0
    loader = LoaderConfig(num_workers=2, timeout=timeout)
    pen = Pen()
    ms = lambda lane, activity, batch, start, end: pen.add(lane, activity, batch, start / 1000, end / 1000)  # noqa: E731
    for worker in (0, 1):
        ms(MAIN, Activity.START, worker, 10 * worker, 10 * worker + 10)
        ms(worker, Activity.BOOT, worker, 10 * worker + 10, 20 * worker + 20)
    for batch, at in enumerate((20, 20, 20, 20, 130, 185, 240, 295)):
        ms(MAIN, Activity.SEND, batch, at, at)
    for lane, batch, start, end in (*LOADS, *loads):
        ms(lane, Activity.LOAD, batch, start, end)
        if end < end_ms:
            ms(lane, Activity.PUT, batch, end, end + 5)
    for batch, at in enumerate((125, 180, 235, 290)):
        ms(MAIN, Activity.GET, batch, at, at + 5)
        ms(MAIN, Activity.RECEIVE, batch, at + 5, at + 5)
        ms(GPU, Activity.STEP, batch, at + 5, at + 55)
    for batch, at in ((4, 345),) if fault == "raises" else ((5, 355), (7, 460)):
        ms(MAIN, Activity.GET, batch, at, at + 5)
    scenario = Scenario(workload=Workload(batches=20, step_s=0.05), loader=loader, fault=of_kind)
    return pen.timeline(scenario, failure=Failure(kind=kind, at_s=end_ms / 1000, message=MESSAGES[kind]))


def unordered():
    """Write a run of two workers with in_order=False: batch 0 is slow, and 1 and 2 overtake it."""
    loader = LoaderConfig(num_workers=2, in_order=False)
    pen = Pen()
    for batch in range(4):
        pen.add(MAIN, Activity.SEND, batch, 0.0, 0.0)
    for worker, batch, start, end in ((0, 0, 0.0, 0.5), (1, 1, 0.0, 0.1), (1, 2, 0.1, 0.2), (0, 3, 0.5, 0.6)):
        pen.add(worker, Activity.LOAD, batch, start, end)
    for batch, at in ((1, 0.1), (2, 0.22), (0, 0.5), (3, 0.6)):
        pen.add(MAIN, Activity.RECEIVE, batch, at, at)
        pen.add(GPU, Activity.STEP, batch, at, at + 0.04)
    return pen.timeline(Scenario(workload=Workload(batches=4), loader=loader))


def iterable():
    """Write two epochs of an iterable dataset: worker 1 ends early, so tasks 3 and 5 are never batches."""
    workload = Workload(batches=4, epochs=2, iterable=True)
    pen = Pen()
    for epoch, at in enumerate((0.0, 1.0)):
        for task in range(6):
            pen.add(MAIN, Activity.SEND, task, at, at, epoch=epoch)
        for worker, task, start, end in ((0, 0, 0.0, 0.2), (1, 1, 0.0, 0.3), (0, 2, 0.2, 0.4), (0, 4, 0.4, 0.6)):
            pen.add(worker, Activity.LOAD, task, at + start, at + end, epoch=epoch)
        pen.add(MAIN, Activity.GET, 3, at + 0.41, at + 0.45, epoch=epoch)
        for task, got in ((0, 0.2), (1, 0.3), (2, 0.4), (4, 0.6)):
            pen.add(MAIN, Activity.RECEIVE, task, at + got, at + got, epoch=epoch)
            pen.add(GPU, Activity.STEP, task, at + got, at + got + 0.05, epoch=epoch)
    return pen.timeline(Scenario(workload=workload, loader=LoaderConfig(num_workers=2)))


def numbers(timeline, **changes) -> Metrics:
    """Return a timeline's metrics; a run that broke off gets those of a whole one, with what the test says instead."""
    return replace(metrics(plumbed(2, 6) if timeline.failure else timeline), **changes)


def verdict(limit="loader") -> Verdict:
    """Return words that stand where a verdict does."""
    return Verdict(limit=limit, finding="The loader is the limit.", advice="Raise num_workers.", evidence=())
