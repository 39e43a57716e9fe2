"""Say in words what keeps a run below its bounds: what was seen with its number, and the next thing to try."""

from __future__ import annotations

import math

from dataloader_sim.verdict.advice import (
    NOTHING_TO_GAIN,
    Change,
    best,
    best_of_more_workers,
    even_parts,
    further_ahead,
    on_the_lock,
    set_to,
)
from dataloader_sim.verdict.case import Case
from dataloader_sim.verdict.findings import more_workers, waits, with_offer
from dataloader_sim.verdict.wording import Words, count, percent, rate, seconds

_DISORDER = Change(axis="loader.in_order", value=False)
_IN_DISORDER = "in_order=False if the order of batches does not matter"
_LOADS_AHEAD = set_to(
    "loader.num_workers", 1, "Set num_workers=1: a worker loads ahead while the training process trains"
)
_CHEAPER = "make a sample cheaper to load."


def order(case: Case) -> Words:
    """Say how long loaded batches were held, and whether a deeper queue or another order would help."""
    share = case.seen.held_stall_s / case.seen.stall_s
    finding = (
        f"Order is the limit: for {percent(share)} of the GPU's waiting, loaded batches were held behind a slow one."
    )
    _, means_s = case.of_workers
    slowest = int(means_s.argmax())
    if case.as_fast_as(float(means_s[slowest])) < case.seen.samples_per_s * (1 + NOTHING_TO_GAIN):
        own = f"worker {slowest} has the slow batches, {seconds(means_s[slowest])} each on average"
        advice = f"Try {_IN_DISORDER}: {own}, and a deeper queue does not share them out."
        return Words(finding=finding, advice=advice, change=_DISORDER)
    ahead = _ahead(case)
    if ahead is None:
        return Words(finding=finding, advice=f"Try {_IN_DISORDER}.", change=_DISORDER)
    return Words(
        finding=finding,
        advice=f"Raise prefetch_factor to {ahead}, or try {_IN_DISORDER}.",
        change=Change(axis="loader.prefetch_factor", value=ahead),
    )


def _ahead(case: Case) -> int | None:
    """Return the prefetch_factor with which the batches loaded ahead outlast the slowest load of the run."""
    batch_s = case.scenario.workload.batch_size * case.scenario.machine.ranks / case.limit.ceiling
    return further_ahead(case.scenario, math.ceil(case.loads_s.max() / batch_s) if batch_s else 0)


def jitter(case: Case) -> Words:
    """Say that slow batches empty the queue, and how deep a queue outlasts them."""
    finding = (
        f"Uneven batches are the limit: on average loading keeps up with the GPU's {rate(case.limit.gpu)}, "
        f"but slow batches empty the queue{waits(case)}"
    )
    return _deeper(case, finding, "Make the slow samples cheaper to load.")


def ranks(case: Case) -> Words:
    """Say how long the ranks wait for the slowest of them."""
    share = case.losses.ranks_s / case.losses.window_s
    finding = (
        f"Stragglers among the ranks are the limit: {percent(share)} of a GPU's time passes in waiting for another."
    )
    return _deeper(case, finding, "Give every rank samples of equal cost.")


def _deeper(case: Case, finding: str, otherwise: str) -> Words:
    if not case.workers:
        raised = more_workers(case) or best_of_more_workers(case.scenario, _LOADS_AHEAD, case.seen.samples_per_s)
        if raised:
            return Words(finding=finding, advice=f"{raised.words}.", change=raised.change)
        return Words(finding=finding, advice=otherwise)
    ahead = _ahead(case)
    if ahead is None:
        return Words(finding=finding, advice=otherwise)
    return Words(
        finding=finding,
        advice=f"Raise prefetch_factor to {ahead}: a fuller queue outlasts a slow batch.",
        change=Change(axis="loader.prefetch_factor", value=ahead),
    )


def are_uneven(case: Case) -> bool:
    """Return whether the workers' parts of an iterable dataset differ by more than a batch, and by what matters."""
    counts, _ = case.of_workers
    uneven = int(counts.max(initial=0) - counts.min(initial=1 << 62)) > 1
    matters = counts.max(initial=0) > (1 + NOTHING_TO_GAIN) * counts.mean() if counts.size else False
    return bool(case.scenario.workload.iterable and uneven and matters)


def shards(case: Case) -> Words:
    """Say which worker of an iterable dataset has the most to load."""
    counts, _ = case.of_workers
    largest, total = int(counts.argmax()), int(counts.sum())
    finding = (
        f"Uneven shards are the limit: worker {largest} loads {counts[largest]:,} of {count(total, 'batch')} "
        f"and ends alone{waits(case)}"
    )
    mean = f"about {total / case.workers:.3g} batches for each of {case.workers}"
    offers = even_parts(case.scenario)
    return Words(
        finding=finding,
        advice=f"Give each worker an equal part of the samples, {mean}.",
        change=offers[0].change if offers else None,
    )


def crowded(case: Case) -> str:
    """Return which shared resource has more users than it serves at full speed, the one nearest to its bound.

    Empty when none has; then loads are slow for a reason of their own.
    """
    machine, limit = case.scenario.machine, case.limit
    users = {
        "crowd": (_at_once(case) > machine.cores, limit.cores),
        "crowded storage": (0 < machine.storage_streams < _at_once(case), limit.storage),
        "crowded lock": (math.isfinite(limit.gil) and case.workers > 1, limit.gil),
    }
    found = {name: bound for name, (shares, bound) in users.items() if shares}
    return min(found, key=lambda name: found[name], default="")


def crowd(case: Case) -> Words:
    """Say that loads take longer than asked because the workers share the cores."""
    number = case.scenario.machine.cores
    shared = f"{count(_at_once(case), 'worker')} share {number:g} {'core' if number == 1 else 'cores'}"
    finding = f"The cores are the limit: {shared} and slow each other down{waits(case)}"
    enough = _at_once(case) + case.scenario.machine.ranks
    return Words(
        finding=finding,
        advice=f"Make a sample cheaper on the CPU, or use {enough} cores: then none waits for another.",
        change=Change(axis="machine.cores", value=enough),
    )


def crowded_storage(case: Case) -> Words:
    """Say that loads take longer than asked because the workers share the storage."""
    streams = case.scenario.machine.storage_streams
    shared = f"{count(_at_once(case), 'worker')} share {count(streams, 'read')} at once"
    return Words(
        finding=f"The storage is the limit: {shared} and slow each other down{waits(case)}",
        advice=f"Read fewer or larger files, cache them, or use storage that serves {_at_once(case)} reads at once.",
        change=Change(axis="machine.storage_streams", value=_at_once(case)),
    )


def crowded_lock(case: Case) -> Words:
    """Say that threads load more slowly than asked because they share the interpreter's lock."""
    shared = f"{count(case.workers, 'thread')} share it with the training loop and slow each other down"
    offer = best(case.scenario, on_the_lock(), case.seen.samples_per_s)
    finding = f"The interpreter lock is the limit: {shared}{waits(case)}"
    return with_offer(case, finding, offer, "do less of a sample in Python.", case.limit.without_loader)


def _at_once(case: Case) -> int:
    return max(case.workers, 1) * case.scenario.machine.ranks


def slow_loads(case: Case) -> Words:
    """Say that loads took longer than asked, and try one more worker where the bounds leave room for it."""
    loaded = f"its workers load {rate(case.loaded_per_s)}"
    finding = f"The loader is the limit: {loaded}, less than the {rate(case.limit.gpu)} that the GPU could take"
    finding += waits(case)
    one_more = set_to("loader.num_workers", case.workers + 1, f"Try num_workers={case.workers + 1}")
    if best_of_more_workers(case.scenario, one_more, case.seen.samples_per_s) is None:
        return Words(finding=finding, advice=_CHEAPER.capitalize())
    return Words(finding=finding, advice=f"{one_more.words}, or {_CHEAPER}", change=one_more.change)


def hand_over(case: Case) -> Words:
    """Say that batches are loaded in time and come late all the same."""
    finding = f"The hand-over is the limit: batches are loaded in time but reach the training process late{waits(case)}"
    now = case.scenario.workload.tensors
    advice = f"Make a batch cheaper to pass on: fewer, larger tensors (now {now}), or a smaller batch."
    return Words(finding=finding, advice=advice)


def startup(case: Case) -> Words:
    """Say what share of the run passed before the first batch."""
    if case.scenario.workload.epochs > 1:
        return epochs(case)
    share = percent(case.seen.startup_s / case.timeline.end_s)
    return Words(
        finding=f"Start-up is the limit: the first batch took {share} of the run.",
        advice="Run more batches per epoch, so that the start counts less.",
    )


def epochs(case: Case) -> Words:
    """Say what the starts of the later epochs cost, and what of it is the workers' stop and start."""
    work, options = case.scenario.workload, case.scenario.loader
    finding = f"Start-up is the limit: each of {work.epochs} epochs starts anew{waits(case)}"
    pause_s = case.between_epochs_s
    share = pause_s * (work.epochs - 1) / case.timeline.end_s
    keeps = options.persistent_workers or case.scenario.threads or not case.workers
    if not keeps and share >= NOTHING_TO_GAIN:
        cost = f"{seconds(pause_s)} between two epochs, {percent(share)} of the run"
        return Words(
            finding=finding,
            advice=f"Keep the workers with persistent_workers=True: stopping and starting them takes {cost}.",
            change=Change(axis="loader.persistent_workers", value=True),
        )
    advice = f"Run more batches per epoch (now {work.batches:,}), so that each start counts less."
    return Words(finding=finding, advice=advice)
