"""Say what limits a run, with evidence, and what to try next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dataloader_sim.bounds import bounds
from dataloader_sim.metrics import Metrics, of_batches
from dataloader_sim.timeline import Activity, Failure, Timeline
from dataloader_sim.verdict import delays, findings, resources
from dataloader_sim.verdict.advice import NOTHING_TO_GAIN, Change, best, even_parts, out_of_order
from dataloader_sim.verdict.case import Case
from dataloader_sim.verdict.faults import broken_off
from dataloader_sim.verdict.traced import HELD_SHARE, Traced
from dataloader_sim.verdict.traced_causes import evidence_of, words_of
from dataloader_sim.verdict.wording import Words, percent

# A run that reaches this share of a bound is at it. A measured run pays for plumbing as well, which no bound holds.
BELOW_CEILING = {"simulated": 0.92, "measured": 0.8}
STARTUP_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Hold one number behind a verdict."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Name the limit of a run.

    limit: 'gpu', 'loader', 'cores', 'storage', 'gil' (the interpreter lock of threads), 'host' (the training process),
        'copy' (to the GPU), 'pin' (the pinning thread), 'order', 'jitter' (uneven batches), 'shards' (of an iterable
        dataset), 'ranks' (stragglers among them), 'startup', 'hand-over', or 'fault' (the run broke off). Only traced
        runs show 'collate', 'prefetch' (one batch a worker), 'lock' (workers served one at a time), 'threads' (of the
        workers' libraries), 'duplicates' (every worker reads everything) and 'memory' (/dev/shm is full).
    finding: what was seen, with its number. advice: the next thing to try, one sentence. change: the setting that
        the advice names and the value to give it, None when it names none.
    """

    limit: str
    finding: str
    advice: str
    evidence: tuple[Evidence, ...]
    change: Change | None = None


def judge(timeline: Timeline, knee: int | None = None, seen: Metrics | None = None) -> Verdict:
    """Name what limits a run and what to try; never advise what the bounds of the scenario contradict.

    knee: the num_workers from which a sweep of the same scenario gains nothing, where one is known; else the bounds'.
    seen: the run's metrics, where they are known already.
    A run that broke off gets a verdict too, however early it did. Raises ValueError as `metrics` does otherwise.
    """
    if timeline.failure is not None:
        return _verdict("fault", broken_off(timeline, timeline.failure), _of_failure(timeline, timeline.failure))
    limit, rows = bounds(timeline.scenario), timeline.batches()
    # A batch after which the loop was left has no step.
    rows = rows[~np.isnan(rows["step_end_s"])] if timeline.source == "measured" else rows
    case = Case(
        timeline=timeline,
        rows=rows,
        seen=seen or of_batches(timeline.scenario, rows, timeline.end_s, peak=timeline.peak_memory_bytes),
        limit=limit if knee is None else replace(limit, knee=knee),
        swept=knee is not None,
    )
    if timeline.observed is not None and timeline.observed.loads.size:
        return _of_traced(Traced(case))
    if timeline.observed is not None and case.workers and case.seen.gpu_busy_share < BELOW_CEILING["measured"]:
        return _verdict("loader", _unseen(case), _of_case(case))
    name, words = CAUSES[_cause(case)]
    return _verdict(name, words(case), _of_case(case))


def _unseen(case: Case) -> Words:
    """Say that a trace without loads cannot tell what the GPU waits for."""
    return Words(
        finding=f"The GPU waits {percent(case.seen.stall_share)} of the time, and the trace holds no loads to say why.",
        advice="Trace from the first iteration on: workers that ran before the trace began are not seen.",
    )


def _of_traced(facts: Traced) -> Verdict:
    """Return the verdict of a run of which more is known than its spans."""
    limit, words = words_of(facts)
    more = (Evidence(name=name, value=value, unit=unit) for name, value, unit in evidence_of(facts))
    return _verdict(limit, words, (*_of_case(facts.case), *more))


def _verdict(limit: str, words: Words, evidence: tuple[Evidence, ...]) -> Verdict:
    return Verdict(
        limit=limit,
        finding=words.finding,
        advice=words.advice,
        evidence=evidence,
        change=words.change,
    )


def _of_failure(timeline: Timeline, failure: Failure) -> tuple[Evidence, ...]:
    received = timeline.of(Activity.RECEIVE).size
    return (
        Evidence(name="broke off", value=failure.at_s, unit="s"),
        Evidence(name="batches received", value=float(received), unit="batches"),
    )


# Bounds with the name they go by; the first four always, the others where there is one.
_BOUNDS = (
    ("gpu", "GPU bound"),
    ("loader", "loader bound"),
    ("cores", "core bound"),
    ("storage", "storage bound"),
    ("host", "training process bound"),
    ("copy", "copy bound"),
    ("pin", "pinning thread bound"),
    ("gil", "interpreter lock bound"),
)
_ALWAYS = 4


def _of_case(case: Case) -> tuple[Evidence, ...]:
    values = [(name, getattr(case.limit, field)) for field, name in _BOUNDS]
    return (
        Evidence(name="throughput", value=case.seen.samples_per_s, unit="samples/s"),
        Evidence(name="GPU stalled", value=case.seen.stall_share, unit="share"),
        Evidence(name="GPU busy", value=case.seen.gpu_busy_share, unit="share"),
        *(
            Evidence(name=name, value=value, unit="samples/s")
            for place, (name, value) in enumerate(values)
            if place < _ALWAYS or math.isfinite(value)
        ),
    )


def _cause(case: Case) -> str:
    """Say what the accelerators waited for most, and why."""
    seen, ranks = case.seen, case.scenario.machine.ranks
    if case.timeline.end_s == 0:
        return "nothing"
    if seen.gpu_busy_share >= 1 - NOTHING_TO_GAIN:
        return "startup" if seen.startup_s > STARTUP_SHARE * case.timeline.end_s else "gpu"
    if seen.batches <= max(case.workers, 1) * ranks:
        return "startup"
    lost = case.losses
    most = max(lost.stall_s, lost.starts_s, lost.host_s, lost.ranks_s)
    if most in {lost.starts_s, lost.host_s} - {lost.stall_s}:
        return "epochs" if most == lost.starts_s else _cause_on_the_host(case)
    return _cause_of_stall(case, "ranks" if lost.ranks_s == most else "")


def _cause_on_the_host(case: Case) -> str:
    """Say why a batch that is there does not start its step."""
    if not case.workers and case.limit.loader < case.limit.without_loader:
        return "loader"
    at_bound = case.seen.samples_per_s >= BELOW_CEILING[case.timeline.source] * min(case.limit.host, case.limit.copy)
    if not at_bound and case.workers * case.scenario.machine.ranks > case.scenario.machine.cores:
        return "crowd"
    parts = (Activity.GET, Activity.TOUCH, Activity.LAUNCH)
    return "copy" if case.per_batch_s(Activity.COPY) > sum(map(case.per_batch_s, parts)) else "host"


def _cause_of_stall(case: Case, otherwise: str) -> str:
    """Say why batches come late: what keeps the run below its bounds if it is, else the lowest of them."""
    limit, reached = case.limit, case.seen.samples_per_s
    lowest = "loader" if limit.loader < limit.without_loader else findings.lowest(limit)
    below = (
        _cause_below(case, lowest, otherwise) if reached < BELOW_CEILING[case.timeline.source] * limit.ceiling else ""
    )
    if below or lowest == "gpu":
        return below or _cause_below_the_gpu_bound(case)
    return _cause_of_few_loads(case) if lowest == "loader" and case.workers else lowest


def _cause_below(case: Case, lowest: str, otherwise: str) -> str:
    """Say what keeps a run below all its bounds; empty where nothing of the kind is seen."""
    if case.seen.held_stall_s > HELD_SHARE * case.seen.stall_s and case.scenario.loader.in_order:
        return "order"
    if delays.are_uneven(case):
        return "shards"
    if lowest in {"gpu", "loader"} and otherwise:
        return otherwise
    slower = case.loaded_per_s < BELOW_CEILING[case.timeline.source] * case.limit.loader
    return delays.crowded(case) if lowest == "loader" and slower else ""


def _cause_of_few_loads(case: Case) -> str:
    """Say whether the workers could load more if their work were shared out otherwise."""
    if best(case.scenario, out_of_order(case.scenario)):
        return "assignment"
    return "shards" if best(case.scenario, even_parts(case.scenario)) else "loader"


def _cause_below_the_gpu_bound(case: Case) -> str:
    """Say why the GPU waits although every bound lies above what it could take."""
    if delays.are_uneven(case):
        return "shards"
    if case.loaded_per_s < case.limit.gpu:
        return delays.crowded(case) or "slow loads"
    if not findings.is_even(case):
        return "jitter"
    return "epochs" if case.scenario.workload.epochs > 1 else "hand-over"


# Each cause with the limit that it is an instance of, and its words.
CAUSES: dict[str, tuple[str, Callable[[Case], Words]]] = {
    "nothing": ("gpu", findings.nothing),
    "gpu": ("gpu", findings.gpu),
    "loader": ("loader", findings.loader),
    "cores": ("cores", resources.cores),
    "storage": ("storage", resources.storage),
    "host": ("host", resources.host),
    "copy": ("copy", resources.copy),
    "pin": ("pin", resources.pin),
    "gil": ("gil", resources.gil),
    "slow loads": ("loader", delays.slow_loads),
    "crowd": ("cores", delays.crowd),
    "crowded storage": ("storage", delays.crowded_storage),
    "crowded lock": ("gil", delays.crowded_lock),
    "order": ("order", delays.order),
    "assignment": ("order", findings.assignment),
    "jitter": ("jitter", delays.jitter),
    "shards": ("shards", delays.shards),
    "ranks": ("ranks", delays.ranks),
    "startup": ("startup", delays.startup),
    "epochs": ("startup", delays.epochs),
    "hand-over": ("hand-over", delays.hand_over),
}
