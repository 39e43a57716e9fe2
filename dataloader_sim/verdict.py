"""Say what limits a run, with evidence, and what to try next."""

from __future__ import annotations

from dataclasses import dataclass

from dataloader_sim.bounds import Bounds, bounds
from dataloader_sim.metrics import Metrics, metrics
from dataloader_sim.timeline import Timeline

# Below this share of stall there is nothing worth gaining (the noise of a good measurement, RELIABILITY 3.5).
NOTHING_TO_GAIN = 0.05
# Order is the limit when a run stays below this share of every bound while this share of its stall passes beside
# loaded batches.
BELOW_CEILING = 0.92
HELD_SHARE = 0.3
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

    limit: 'gpu', 'loader', 'cores', 'storage', 'order', 'jitter' (uneven batches) or 'startup'.
    finding: what was seen, one sentence with its number. advice: the next thing to try, one sentence.
    """

    limit: str
    finding: str
    advice: str
    evidence: tuple[Evidence, ...]


def judge(timeline: Timeline) -> Verdict:
    """Name what limits a run and what to try; never advise what the bounds of the scenario contradict."""
    seen, limit = metrics(timeline), bounds(timeline.scenario)
    name = _limit(timeline, seen, limit)
    finding, advice = _WORDS[name](timeline, seen, limit)
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


def _limit(timeline: Timeline, seen: Metrics, limit: Bounds) -> str:
    if seen.stall_share < NOTHING_TO_GAIN:
        long_start = seen.startup_s > STARTUP_SHARE * timeline.end_s
        return "startup" if long_start and seen.batches > 1 else "gpu"
    held = seen.held_stall_s > HELD_SHARE * seen.stall_s
    if held and seen.samples_per_s < BELOW_CEILING * limit.ceiling and timeline.scenario.loader.in_order:
        return "order"
    if limit.loader < limit.without_loader:
        return "loader"
    if limit.without_loader == limit.gpu:
        return "jitter"
    return "cores" if limit.cores <= limit.storage else "storage"


def _gpu(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    workers = timeline.scenario.loader.num_workers
    finding = f"The GPU is the limit: it is busy {_percent(seen.gpu_busy_share)} of the time."
    if limit.knee is not None and limit.knee < workers:
        return finding, f"Nothing to gain in the loader; num_workers={limit.knee} should already be enough."
    return finding, "Nothing to gain in the loader: a faster step is the only way to more throughput."


def _loader(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    workers = timeline.scenario.loader.num_workers
    if workers == 0:
        finding = f"Loading and training take turns{_waits(seen)}"
    else:
        delivered = f"{_workers(workers)} can load about {limit.loader:,.0f} samples/s"
        finding = f"The loader is the limit: {delivered}{_waits(seen)}"
    if limit.knee is None:
        return finding, "Raise num_workers: each worker adds its share, and nothing else limits this run."
    if limit.knee <= workers:
        return finding, "Make a sample cheaper to load: more workers would not help."
    rate = min(limit.without_loader, limit.gpu)
    what = {limit.gpu: "the GPU", limit.cores: "the core count", limit.storage: "the storage"}[rate]
    return (
        finding,
        f"Raise num_workers to {limit.knee}; from there {what} is the limit, at {rate:,.0f} samples/s at most.",
    )


def _cores(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    cores = timeline.scenario.machine.cores
    named = f"{cores:g} {'core' if cores == 1 else 'cores'}"
    finding = f"The cores are the limit: {named} can load about {limit.cores:,.0f} samples/s{_waits(seen)}"
    return finding, f"{_at_most(seen, limit.cores)} make a sample cheaper on the CPU, or use a machine with more cores."


def _storage(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    streams = timeline.scenario.machine.storage_streams
    finding = (
        f"The storage is the limit: {streams} reads at once give about {limit.storage:,.0f} samples/s{_waits(seen)}"
    )
    return finding, f"{_at_most(seen, limit.storage)} read fewer or larger files, cache them, or use faster storage."


def _waits(seen: Metrics) -> str:
    return f", and the GPU waits {_percent(seen.stall_share)} of the time."


def _at_most(seen: Metrics, bound: float) -> str:
    gain = bound / seen.samples_per_s - 1
    if gain < NOTHING_TO_GAIN:
        return "More workers cannot help:"
    return f"More workers can bring +{_percent(gain)} at most; beyond that"


def _order(timeline: Timeline, seen: Metrics, _limit: Bounds) -> tuple[str, str]:
    share = seen.held_stall_s / seen.stall_s
    finding = (
        f"Order is the limit: for {_percent(share)} of the GPU's waiting, loaded batches were held behind a slow one."
    )
    prefetch = timeline.scenario.loader.prefetch_factor or 2
    return (
        finding,
        f"Raise prefetch_factor above {prefetch}, or try in_order=False if the order of batches does not matter.",
    )


def _jitter(_timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    finding = (
        f"Uneven batches are the limit: on average loading keeps up with the GPU's {limit.gpu:,.0f} samples/s, "
        f"but slow batches empty the queue{_waits(seen)}"
    )
    return finding, "Raise prefetch_factor or num_workers a little: a fuller queue outlasts a slow batch."


def _startup(timeline: Timeline, seen: Metrics, _limit: Bounds) -> tuple[str, str]:
    share = seen.startup_s / timeline.end_s
    finding = f"Start-up is the limit: the first batch took {_percent(share)} of the run, then the GPU hardly waited."
    return finding, "Run more batches per epoch, or keep the workers between epochs with persistent_workers=True."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


_WORDS = {
    "gpu": _gpu,
    "loader": _loader,
    "cores": _cores,
    "storage": _storage,
    "order": _order,
    "jitter": _jitter,
    "startup": _startup,
}
