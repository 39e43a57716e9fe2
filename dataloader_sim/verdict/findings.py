"""Say in words that the GPU or the loader is the limit: what was seen with its number, and the next thing to try."""

from __future__ import annotations

from dataclasses import replace

from dataloader_sim.bounds import Bounds, bounds
from dataloader_sim.verdict.advice import (
    NOTHING_TO_GAIN,
    Change,
    Offer,
    best,
    best_of_more_workers,
    changed,
    in_the_training_process,
    out_of_order,
    set_to,
    with_two_credits,
)
from dataloader_sim.verdict.case import Case
from dataloader_sim.verdict.wording import Words, count, percent, rate

# Batches whose loads vary by less than this (coefficient of variation) are even.
EVEN = 0.1
# The bounds that more workers cannot lift; of equal ones the first counts.
NAMES = {
    "gpu": "the GPU",
    "cores": "the core count",
    "storage": "the storage",
    "copy": "the copy to the GPU",
    "host": "the training process",
    "pin": "the pinning thread",
    "gil": "the interpreter lock",
}


def lowest(limit: Bounds) -> str:
    """Return the field of the lowest bound that more workers cannot lift: the GPU's unless one is well below it."""
    found = min(NAMES, key=lambda name: float(getattr(limit, name)))
    return found if getattr(limit, found) < (1 - NOTHING_TO_GAIN) * limit.gpu else "gpu"


def nothing(_case: Case) -> Words:
    """Say that nothing takes time."""
    finding = "Nothing limits this run: nothing in it takes time."
    return Words(finding=finding, advice="Give a sample or a step a cost.")


def gpu(case: Case) -> Words:
    """Say that the GPU is busy, and whether fewer workers would do."""
    finding = f"The GPU is the limit: it is busy {percent(case.seen.gpu_busy_share)} of the time."
    if case.seen.samples_per_s < (1 - NOTHING_TO_GAIN) * case.limit.gpu and case.scenario.workload.iterable:
        parts = f"each of {count(max(case.workers, 1), 'part')} of the iterable dataset ends with a short one"
        advice = f"Use fewer workers, or larger parts: batches are not full, because {parts}."
        return Words(finding=finding, advice=advice)
    knee = case.limit.knee
    if knee is None or knee >= case.workers or not (case.swept or _would_do(case, knee)):
        return Words(
            finding=finding,
            advice="Nothing to gain in the loader: a faster step is the only way to more throughput.",
        )
    return Words(
        finding=finding,
        advice=f"Nothing to gain in the loader; num_workers={knee} should already be enough.",
        change=Change(axis="loader.num_workers", value=knee),
    )


def _would_do(case: Case, workers: int) -> bool:
    """Return whether even loads, of which no more than `workers` ran at a time on average, need no more."""
    fits = sum(case.seen.worker_busy_share) <= workers
    return workers > 0 and fits and is_even(case) and not case.scenario.workload.iterable


def is_even(case: Case) -> bool:
    """Return whether all batches took about as long to load."""
    return bool(case.loads_s.std() <= EVEN * case.loads_s.mean())


def waits(case: Case) -> str:
    """Say how long the GPU waits for batches, or runs no step where that is something else, to end a sentence."""
    idle = 1 - case.seen.gpu_busy_share
    if case.seen.stall_share < idle / 2:
        return f", and the GPU runs no step {percent(idle)} of the time."
    return f", and the GPU waits {percent(case.seen.stall_share)} of the time."


def loader(case: Case) -> Words:
    """Say what the workers, or the training process without any, can load; and how many workers would do."""
    if case.workers == 0:
        turns = "Loading and training take turns" if case.scenario.workload.synchronize else "Nothing loads ahead"
        finding = f"{turns}{waits(case)}"
    else:
        finding = f"The loader is the limit: {count(case.workers, 'worker')} can load about {rate(case.limit.loader)}"
        finding += waits(case)
    raised = more_workers(case)
    if raised:
        return Words(finding=finding, advice=f"{raised.words}.", change=raised.change)
    offers = in_the_training_process(case.scenario)
    if case.scenario.loader.prefetch_factor == 1:
        offers.append(with_two_credits())
    offer = best(case.scenario, offers)
    one = changed(case.scenario, Change(axis="loader.num_workers", value=max(case.workers, 1)))
    return with_offer(case, finding, offer, "make a sample cheaper to load.", bounds(one).without_loader)


def more_workers(case: Case) -> Offer | None:
    """Offer the num_workers from which something else limits; None where the bounds see no use in more.

    Without a sweep it is no more than half an epoch's batches: a worker that loads one of them is not worth its start.
    """
    knee = case.limit.knee if case.limit.knee is not None else max(2 * case.workers, 2)
    workers = knee if case.swept else min(knee, case.scenario.workload.batches // 2)
    if workers <= case.workers:
        return None
    offer = set_to("loader.num_workers", workers, f"Raise num_workers to {workers}")
    offered = best_of_more_workers(case.scenario, offer, case.seen.samples_per_s)
    if offered is None:
        return None
    then = bounds(changed(case.scenario, offer.change))
    if then.loader < then.without_loader:
        return replace(offered, words=f"{offer.words}: so many can load about {rate(then.loader)}")
    words = f"{offer.words}; from there {NAMES[lowest(then)]} is the limit, at {rate(then.ceiling)} at most"
    return replace(offered, words=words)


def with_offer(case: Case, finding: str, offer: Offer | None, otherwise: str, bound: float) -> Words:
    """Say what the best offer allows, or that more workers cannot lift `bound` and what to do `otherwise`."""
    if offer:
        return Words(
            finding=finding,
            advice=f"{offer.words}; that allows up to {rate(offer.ceiling)}.",
            change=offer.change,
        )
    return Words(finding=finding, advice=f"{at_most(case, bound)} {otherwise}")


def at_most(case: Case, bound: float) -> str:
    """Say what more workers can bring where nothing but `bound` limits them, to go before another advice."""
    gain = bound / case.seen.samples_per_s - 1
    if gain < NOTHING_TO_GAIN or _is_full(case):
        return "More workers cannot help:"
    return f"More workers can bring +{percent(gain)} at most; beyond that"


def _is_full(case: Case) -> bool:
    """Return whether a real machine has a process for every core; what is missing then is plumbing, not workers."""
    return case.timeline.source == "measured" and case.workers >= case.scenario.machine.cores


def assignment(case: Case) -> Words:
    """Say that in order the slow batches fall on the same workers, and what another order allows."""
    finding = (
        f"Order is the limit: batch k goes to worker k mod {case.workers}, the slow batches always to the same ones, "
        f"and so about {rate(case.limit.loader)} are loaded{waits(case)}"
    )
    offer = best(case.scenario, out_of_order(case.scenario))
    return with_offer(case, finding, offer, "make the slow samples cheaper to load.", case.limit.without_loader)
