"""Say what limits a run, with evidence, and what to try next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dataloader_sim.bounds import Bounds, bounds
from dataloader_sim.findings import NOTHING_TO_GAIN, WORDS, loaded_per_s, loads
from dataloader_sim.metrics import Metrics, metrics
from dataloader_sim.timeline import Timeline

# Order is the limit when a run stays below this share of every bound while this share of its stall passes beside
# loaded batches. A measured run pays for plumbing as well, which no bound holds.
BELOW_CEILING = {"simulated": 0.92, "measured": 0.8}
HELD_SHARE = 0.3
STARTUP_SHARE = 0.5
# Batches whose loads vary by less than this (coefficient of variation) are even.
EVEN = 0.1


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Hold one number behind a verdict."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Name the limit of a run.

    limit: 'gpu', 'loader', 'cores', 'storage', 'order', 'jitter' (uneven batches), 'startup' or 'hand-over'.
    finding: what was seen, one sentence with its number. advice: the next thing to try, one sentence.
    """

    limit: str
    finding: str
    advice: str
    evidence: tuple[Evidence, ...]


def judge(timeline: Timeline, knee: int | None = None) -> Verdict:
    """Name what limits a run and what to try; never advise what the bounds of the scenario contradict.

    knee: the num_workers from which a sweep of the same scenario gains nothing, where one is known; else the bounds'.
    """
    seen, limit = metrics(timeline), bounds(timeline.scenario)
    if knee is not None:
        limit = replace(limit, knee=knee)
    name, words = WORDS[_cause(timeline, seen, limit)]
    finding, advice = words(timeline, seen, limit)
    evidence = (
        Evidence(name="throughput", value=seen.samples_per_s, unit="samples/s"),
        Evidence(name="GPU stalled", value=seen.stall_share, unit="share"),
        Evidence(name="GPU busy", value=seen.gpu_busy_share, unit="share"),
        Evidence(name="GPU bound", value=limit.gpu, unit="samples/s"),
        Evidence(name="loader bound", value=limit.loader, unit="samples/s"),
        Evidence(name="core bound", value=limit.cores, unit="samples/s"),
        Evidence(name="storage bound", value=limit.storage, unit="samples/s"),
    )
    return Verdict(limit=name, finding=finding, advice=advice, evidence=evidence)


def _cause(timeline: Timeline, seen: Metrics, limit: Bounds) -> str:
    loader = timeline.scenario.loader
    short = seen.batches <= max(loader.num_workers, 1)
    if seen.stall_share < NOTHING_TO_GAIN:
        return "startup" if seen.startup_s > STARTUP_SHARE * timeline.end_s else "gpu"
    if short:
        return "startup"
    held = seen.held_stall_s > HELD_SHARE * seen.stall_s
    if held and seen.samples_per_s < BELOW_CEILING[timeline.source] * limit.ceiling and loader.in_order:
        return "order"
    if limit.loader < limit.without_loader:
        return "loader"
    if limit.without_loader < limit.gpu:
        return "cores" if limit.cores <= limit.storage else "storage"
    return _cause_below_the_gpu_bound(timeline, limit)


def _cause_below_the_gpu_bound(timeline: Timeline, limit: Bounds) -> str:
    """Say why the GPU waits although every bound lies above what it could take."""
    if loaded_per_s(timeline) < limit.gpu:
        crowded = timeline.scenario.loader.num_workers > timeline.scenario.machine.cores
        return "crowd" if crowded else "slow loads"
    seconds = loads(timeline)
    if seconds.std() > EVEN * seconds.mean():
        return "jitter"
    return "startup" if timeline.scenario.workload.epochs > 1 else "hand-over"
