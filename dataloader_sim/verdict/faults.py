"""Say in words how a run broke off, and what to do about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dataloader_sim.bounds import bounds
from dataloader_sim.scenario import LONGEST_S, Scenario
from dataloader_sim.timeline import Activity, Array, Failure, Timeline
from dataloader_sim.verdict.advice import Change
from dataloader_sim.verdict.wording import Words, count, seconds

# With so many times the slowest batch as its timeout, torch takes no slow batch for a hang; below the least it might.
TIMES_THE_SLOWEST = 10
LEAST_TIMEOUT_S = 30
# A load that has taken less than so many times a usual one may well be still at work.
STILL_USUAL = 3


def broken_off(timeline: Timeline, failure: Failure) -> Words:
    """Say what happened, what torch says, and what to do; of a run that may have received nothing."""
    received = count(int(timeline.of(Activity.RECEIVE).size), "batch")
    what = "hangs" if failure.kind == "hangs" else "broke off"
    case = _Case(timeline, failure)
    advise = {"killed": _killed, "raised": _raised, "timed out": _timed_out, "hangs": _hangs}[failure.kind]
    advice, timeout = advise(case)
    finding = f"The run {what} after {seconds(failure.at_s)} and {received}. {failure.message.rstrip('.')}."
    return Words(
        finding=finding, advice=advice, change=Change(axis="loader.timeout", value=timeout) if timeout else None
    )


@dataclass(frozen=True)
class _Case:
    timeline: Timeline
    failure: Failure

    @property
    def scenario(self) -> Scenario:
        return self.timeline.scenario

    @property
    def missing(self) -> Array:
        """Return the load of the batch that never came, one span, or none when no load had begun.

        In order that is the first batch not handed over, else the one whose load began first.
        """
        if self.scenario.fault:
            loads = self.timeline.of(Activity.LOAD)
            own = (loads["rank"] == 0) & (loads["epoch"] == 0) & (loads["batch"] == self.scenario.fault.batch)
            faulty: Array = loads[own]
            return faulty
        loads, received = self.timeline.of(Activity.LOAD), self.timeline.of(Activity.RECEIVE)
        loads, received = loads[loads["rank"] == 0], received[received["rank"] == 0]
        came = set(zip(received["epoch"].tolist(), received["batch"].tolist(), strict=True))
        left = [(one["epoch"], one["batch"]) not in came for one in loads]
        loads = loads[left]
        by = "batch" if self.scenario.loader.in_order else "start_s"
        first: Array = loads[loads[["epoch", by]].argsort(order=["epoch", by])][:1]
        return first

    @property
    def batch(self) -> int | None:
        """Return which batch it was, None when that cannot be told."""
        if self.scenario.fault:
            return self.scenario.fault.batch
        return int(self.missing["batch"][0]) if self.missing.size else None

    @property
    def samples(self) -> str:
        """Say which samples to look at."""
        if self.batch is None:
            return "the first samples"
        if self.scenario.workload.iterable:
            return f"the samples of batch {self.batch}"
        first = self.batch * self.scenario.workload.batch_size
        return f"samples {first:,} to {first + self.scenario.workload.batch_size - 1:,} (batch {self.batch})"

    @property
    def is_loaded(self) -> bool:
        """Return whether the missing batch was loaded, and lost on its way."""
        if self.scenario.fault:
            return self.scenario.fault.kind == "lost"
        return bool(self.missing.size and self.missing["end_s"][0] < self.failure.at_s)

    @property
    def usual_s(self) -> float:
        """Return how long a load takes: on average in this run, or by the bounds where none was finished."""
        rows = _loaded(self.timeline)
        if rows.size:
            return float((rows["loaded_s"] - rows["load_start_s"]).mean())
        scenario = self.scenario
        at_once = max(scenario.loader.num_workers, 1) * scenario.machine.ranks * scenario.workload.batch_size
        return at_once / bounds(scenario).loader

    @property
    def timeout(self) -> int:
        """Return a timeout that no slow batch and no start-up reaches."""
        rows = _loaded(self.timeline)
        seen = (
            [float((rows["loaded_s"] - rows["load_start_s"]).max()), float(rows["received_s"][0])] if rows.size else []
        )
        slowest_s = max([self.usual_s, *seen])
        return int(min(max(LEAST_TIMEOUT_S, math.ceil(TIMES_THE_SLOWEST * slowest_s)), LONGEST_S))


def _loaded(timeline: Timeline) -> Array:
    """Return the batches whose load was seen."""
    rows = timeline.batches()
    seen: Array = rows[~np.isnan(rows["loaded_s"])]
    return seen


def _killed(case: _Case) -> tuple[str, None]:
    look = "Look for an out-of-memory kill in the kernel's log (dmesg); without one"
    if case.scenario.threads or not case.scenario.loader.num_workers:
        return f"{look}, load in a worker process (num_workers=1): torch then names the worker that died.", None
    return f"{look}, load {case.samples} with num_workers=0, where the crash shows its place.", None


def _raised(case: _Case) -> tuple[str, None]:
    # An exception does not stop torch's pipeline: the next index went out before it was raised again.
    goes_on = "a loop that catches the exception goes on with the next batch"
    return f"Load {case.samples} with num_workers=0 to see where it is raised; {goes_on}.", None


def _hangs(case: _Case) -> tuple[str, int | None]:
    if not case.scenario.loader.num_workers:
        return f"Load in a worker process, with num_workers=1 and timeout={case.timeout}: torch then raises.", None
    reason = f"at least {TIMES_THE_SLOWEST} times the slowest batch"
    return f"Set timeout={case.timeout} ({reason}), so that torch raises; {_culprit(case)}.", case.timeout


def _timed_out(case: _Case) -> tuple[str, int | None]:
    missing = case.missing
    took_s = case.failure.at_s - float(missing["start_s"][0]) if missing.size else 0.0
    if missing.size and (case.is_loaded or took_s >= STILL_USUAL * case.usual_s):
        culprit = _culprit(case)
        return f"{culprit[0].upper()}{culprit[1:]}.", None
    taken = f"had run for {seconds(took_s)}" if missing.size else "had not begun"
    usual = f"one usually takes {seconds(case.usual_s)}, and the start of the workers counts too"
    return f"Raise timeout to {case.timeout}: the load of the awaited batch {taken}; {usual}.", case.timeout


def _culprit(case: _Case) -> str:
    if not case.missing.size:
        return "no worker has begun a batch: look at worker_init_fn and the start of the workers"
    worker, start = int(case.missing["lane"][0]), seconds(float(case.missing["start_s"][0]))
    if case.is_loaded:
        lost = f"worker {worker} loaded batch {case.batch} and it never arrived"
        return f"{lost}: look in its output for what cannot be pickled"
    return f"worker {worker} has not finished {case.samples} since {start}: load them with num_workers=0"
