"""Find which change of a setting the bounds allow to help."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dataloader_sim.bounds import bounds
from dataloader_sim.bounds.batch_seconds import batch_seconds
from dataloader_sim.costs import is_uneven
from dataloader_sim.rules import limits
from dataloader_sim.scenario import LoaderConfig, Scenario
from dataloader_sim.sweep import vary

# Below this share there is nothing worth gaining: good measurements differ by as much.
NOTHING_TO_GAIN = 0.05
_MOST_AHEAD = int(limits(LoaderConfig, "prefetch_factor")[1])


@dataclass(frozen=True, kw_only=True)
class Change:
    """Name a setting and the value to give it; `axis` as `sweep` takes it, e.g. 'loader.num_workers', or 'threads'."""

    axis: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Hold a change that may help, what it does in words, and the ceiling of its bounds in samples per second."""

    change: Change
    words: str
    ceiling: float = 0.0


def changed(scenario: Scenario, change: Change) -> Scenario:
    """Return the scenario with a change made."""
    if change.axis == "threads":
        return replace(scenario, threads=change.value)
    return vary(scenario, change.axis, change.value)


def best(scenario: Scenario, offers: Sequence[Offer], rate: float | None = None) -> Offer | None:
    """Return the offer with the highest ceiling, the first of equals, of those worth more than the present state.

    rate: samples per second that must be gained upon; None: what the bounds allow as it is. None is also returned
    when no offer is worth it.
    """
    present = _at_best(scenario, bounds(scenario).ceiling) if rate is None else rate
    worth = []
    for one in offers:
        then = changed(scenario, one.change)
        ceiling = bounds(then).ceiling
        if _at_best(then, ceiling) >= present * (1 + NOTHING_TO_GAIN):
            worth.append(replace(one, ceiling=ceiling))
    return max(worth, key=lambda one: one.ceiling, default=None)


def _at_best(scenario: Scenario, ceiling: float) -> float:
    """Return the throughput at a ceiling, in a run of several epochs with the workers' stop and start in each."""
    samples = scenario.workload.samples * scenario.machine.ranks
    seconds = samples / ceiling + (_restart_s(scenario) if scenario.workload.epochs > 1 else 0.0)
    return samples / seconds if seconds > 0 else math.inf


def at_worst(scenario: Scenario) -> float:
    """Return what the workers load when they do the same at the same time, all reading and then all computing.

    Samples per second of all ranks; equal samples keep the workers in such lock-step.
    """
    cost, machine = batch_seconds(scenario, processes=not scenario.threads), scenario.machine
    at_once = scenario.loader.num_workers * machine.ranks
    reading = max(1.0, at_once / machine.storage_streams) if machine.storage_streams else 1.0
    computing = max(1.0, at_once / max(1.0, machine.cores))
    waiting_s = (
        0.0 if not scenario.threads or machine.free_threaded else cost.locked * (scenario.loader.num_workers - 1)
    )
    seconds = cost.read * reading + (cost.compute + cost.pass_on) * computing + waiting_s
    return at_once * scenario.workload.batch_size / seconds if seconds > 0 else math.inf


def _restart_s(scenario: Scenario) -> float:
    """Return how long the workers take to stop and start between two epochs, all of them on the same cores."""
    machine, loader = scenario.machine, scenario.loader
    if loader.persistent_workers or scenario.threads:
        return 0.0
    inherits = loader.multiprocessing_context in {None, "fork"}
    boot_s = machine.worker_boot_s + (0.0 if inherits else machine.worker_import_s)
    one_after_the_other = loader.num_workers * (machine.worker_spawn_s + machine.worker_exit_s)
    at_once = max(1.0, loader.num_workers * machine.ranks / machine.cores)
    return one_after_the_other / min(1.0, machine.cores) + (boot_s * at_once if loader.num_workers else 0.0)


def best_of_more_workers(scenario: Scenario, offer: Offer, rate: float) -> Offer | None:
    """Return an offer of more workers if it is worth more than `rate`, and even in lock-step costs nothing."""
    offered = best(scenario, [offer], rate)
    return offered if offered and at_worst(changed(scenario, offer.change)) >= (1 - NOTHING_TO_GAIN) * rate else None


def set_to(axis: str, value: Any, words: str) -> Offer:
    """Offer to set `axis` to `value`."""
    return Offer(change=Change(axis=axis, value=value), words=words)


def on_the_host(scenario: Scenario) -> list[Offer]:
    """Offer what takes work off the training process."""
    loader, work = scenario.loader, scenario.workload
    offers = []
    if not loader.pin_memory:
        offers.append(set_to("loader.pin_memory", True, "Set pin_memory=True: a thread then takes the batches over"))
    if work.synchronize:
        words = "Do not wait for each step (synchronize=False, no loss.item() in the loop): the next launch overlaps it"
        offers.append(set_to("workload.synchronize", False, words))
    return [*offers, *in_the_training_process(scenario), *_fewer_tensors(scenario)]


def on_the_copy(scenario: Scenario) -> list[Offer]:
    """Offer what makes copies to the GPU cheaper."""
    if scenario.loader.pin_memory:
        return []
    words = "Set pin_memory=True: the training process then need not wait for the copy"
    return [set_to("loader.pin_memory", True, words)]


def on_the_pinning_thread(scenario: Scenario) -> list[Offer]:
    """Offer what takes work off the pinning thread."""
    words = "Set pin_memory=False: here its thread is slower than the training process itself"
    offers = [set_to("loader.pin_memory", False, words), *in_the_training_process(scenario)]
    return [*offers, *_fewer_tensors(scenario)]


def on_the_lock() -> list[Offer]:
    """Offer what frees threads of the interpreter's lock."""
    return [
        set_to("threads", False, "Use worker processes instead of threads: each has a lock of its own"),
        set_to("machine.free_threaded", True, "Use a free-threaded interpreter, which has no such lock"),
    ]


def in_the_training_process(scenario: Scenario) -> list[Offer]:
    """Offer to load without workers, where nothing but its own work holds a rank up, so that it reaches its bounds."""
    several = scenario.machine.ranks > 1 and is_uneven(scenario.workload)
    if not scenario.loader.num_workers or several or scenario.machine.ranks > scenario.machine.cores:
        return []
    words = "Set num_workers=0: here it costs more to hand batches on than to load them in the training process"
    return [set_to("loader.num_workers", 0, words)]


def out_of_order(scenario: Scenario) -> list[Offer]:
    """Offer to give the next batch to whichever worker is free, where slow samples may fall on some workers only."""
    if not (scenario.loader.in_order and scenario.workload.slow_every) or scenario.workload.iterable:
        return []
    words = "Try in_order=False if the order of batches does not matter: whichever worker is free takes the next one"
    return [set_to("loader.in_order", False, words)]


def even_parts(scenario: Scenario) -> list[Offer]:
    """Offer to give each worker an equal part of an iterable dataset."""
    if not (scenario.workload.iterable and scenario.workload.shard_skew):
        return []
    return [set_to("workload.shard_skew", 0.0, "Give each worker an equal part of the samples")]


def with_two_credits() -> Offer:
    """Offer to let each worker begin its next batch while the last one travels."""
    words = "Set prefetch_factor=2: a worker then loads on while its last batch is handed over"
    return set_to("loader.prefetch_factor", 2, words)


def further_ahead(scenario: Scenario, batches: int) -> int | None:
    """Return a prefetch_factor of at least twice the present one that keeps `batches` loaded ahead.

    None when the epoch has no more batches to load ahead, or torch takes no more.
    """
    loader = scenario.loader
    if not loader.num_workers or loader.capacity >= scenario.workload.batches:
        return None
    ahead = max(2 * loader.capacity // loader.num_workers, -(-batches // loader.num_workers))
    return ahead if ahead <= _MOST_AHEAD else None


def _fewer_tensors(scenario: Scenario) -> list[Offer]:
    if scenario.workload.tensors == 1 or not scenario.machine.get_tensor_s:
        return []
    return [set_to("workload.tensors", 1, "Put a batch into one tensor (tensors=1): each costs a receive of its own")]
