"""Say each cause in words: what was seen with its number, and the next thing to try."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.bounds import Bounds
from dataloader_sim.metrics import Metrics
from dataloader_sim.timeline import Timeline

# Below this share of stall there is nothing worth gaining: good measurements differ by as much.
NOTHING_TO_GAIN = 0.05


def loads(timeline: Timeline) -> NDArray[np.float64]:
    """Return how long each batch took to load, in seconds, in the order received."""
    rows = timeline.batches()
    seconds: NDArray[np.float64] = rows["loaded_s"] - rows["load_start_s"]
    return seconds


def loaded_per_s(timeline: Timeline) -> float:
    """Return how many samples per second the workers load, as long as their loads took in this run."""
    workers = max(timeline.scenario.loader.num_workers, 1)
    mean_s = float(loads(timeline).mean())
    return workers * timeline.scenario.workload.batch_size / mean_s if mean_s > 0 else math.inf


def _gpu(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    if timeline.end_s == 0:
        return "Nothing limits this run: nothing in it takes time.", "Give a sample or a step a cost."
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
        return finding, "Make a sample cheaper to load: more workers bring little."
    others = ((limit.gpu, "the GPU"), (limit.cores, "the core count"), (limit.storage, "the storage"))
    rate, what = min(others, key=lambda one: one[0])
    return (
        finding,
        f"Raise num_workers to {limit.knee}; from there {what} is the limit, at {rate:,.0f} samples/s at most.",
    )


def _slow_loads(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    loaded = f"its workers load {loaded_per_s(timeline):,.0f} samples/s"
    finding = f"The loader is the limit: {loaded}, less than the {limit.gpu:,.0f} that the GPU could take{_waits(seen)}"
    return finding, f"Try num_workers={timeline.scenario.loader.num_workers + 1}, or make a sample cheaper to load."


def _crowd(timeline: Timeline, seen: Metrics, _limit: Bounds) -> tuple[str, str]:
    workers, cores = timeline.scenario.loader.num_workers, _named(timeline.scenario.machine.cores)
    finding = f"The cores are the limit: {_workers(workers)} share {cores} and slow each other down{_waits(seen)}"
    advice = "More workers bring little: make a sample cheaper on the CPU, or use a machine with more cores."
    return finding, advice


def _hand_over(_timeline: Timeline, seen: Metrics, _limit: Bounds) -> tuple[str, str]:
    finding = (
        f"The hand-over is the limit: batches are loaded in time but reach the training process late{_waits(seen)}"
    )
    return finding, "Make a batch cheaper to pass on: fewer, larger tensors, or a smaller batch."


def _cores(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    named = _named(timeline.scenario.machine.cores)
    finding = f"The cores are the limit: {named} can load about {limit.cores:,.0f} samples/s{_waits(seen)}"
    room = "" if _is_full(timeline) else _at_most(seen, limit.cores)
    advice = "make a sample cheaper on the CPU, or use a machine with more cores."
    return finding, f"{room or 'More workers cannot help:'} {advice}"


def _storage(timeline: Timeline, seen: Metrics, limit: Bounds) -> tuple[str, str]:
    streams = timeline.scenario.machine.storage_streams
    delivered = f"{streams} {'read' if streams == 1 else 'reads'} at once, about {limit.storage:,.0f} samples/s"
    finding = f"The storage is the limit: {delivered}{_waits(seen)}"
    advice = "read fewer or larger files, cache them, or use faster storage."
    return finding, f"{_at_most(seen, limit.storage) or 'More workers cannot help:'} {advice}"


def _is_full(timeline: Timeline) -> bool:
    """Return whether a real machine has a process for every core; what is missing then is plumbing, not workers."""
    return timeline.source == "measured" and timeline.scenario.loader.num_workers >= timeline.scenario.machine.cores


def _named(cores: float) -> str:
    return f"{cores:g} {'core' if cores == 1 else 'cores'}"


def _waits(seen: Metrics) -> str:
    return f", and the GPU waits {_percent(seen.stall_share)} of the time."


def _at_most(seen: Metrics, bound: float) -> str:
    gain = bound / seen.samples_per_s - 1
    return f"More workers can bring +{_percent(gain)} at most; beyond that" if gain >= NOTHING_TO_GAIN else ""


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
    workload, loader = timeline.scenario.workload, timeline.scenario.loader
    share = _percent(seen.startup_s / timeline.end_s)
    finding = f"Start-up is the limit: the first batch took {share} of the run."
    if workload.epochs > 1:
        finding = f"Start-up is the limit: each of {workload.epochs} epochs starts anew{_waits(seen)}"
    if workload.epochs > 1 and loader.num_workers and not loader.persistent_workers:
        return finding, "Keep the workers between epochs with persistent_workers=True, or run more batches per epoch."
    return finding, "Run more batches per epoch, so that the start counts less."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


# Each cause with the limit that it is an instance of, and its words.
WORDS: dict[str, tuple[str, Callable[[Timeline, Metrics, Bounds], tuple[str, str]]]] = {
    "gpu": ("gpu", _gpu),
    "loader": ("loader", _loader),
    "slow loads": ("loader", _slow_loads),
    "cores": ("cores", _cores),
    "crowd": ("cores", _crowd),
    "storage": ("storage", _storage),
    "order": ("order", _order),
    "jitter": ("jitter", _jitter),
    "startup": ("startup", _startup),
    "hand-over": ("hand-over", _hand_over),
}
