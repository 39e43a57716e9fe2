"""Lay out what was noted of a strand of epochs as spans. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from bench.tracing.collected import Epoch
from bench.tracing.joined import STREAM_ENDED, Load
from dataloader_sim.timeline import GPU, MAIN, PIN, SPAN, Activity, Array

Span = tuple[int, int, int, int, int]
"""Lane, activity, batch, start and end in ns."""


def spans_of(strand: Sequence[Epoch], loads: Sequence[Sequence[Load]], end_ns: int, *, broke_off: bool) -> Array:
    """Return the spans of a strand sorted by start, in seconds since its first `iter(loader)`.

    loads: of each epoch. end_ns: when the trace ended or broke off; what was under way then in the last epoch of a
    run that broke off ends there.
    """
    start_ns = strand[0].asked_ns
    table = np.zeros(0, SPAN)
    parts = [table]
    for number, (epoch, own) in enumerate(zip(strand, loads, strict=True)):
        is_last = number == len(strand) - 1
        rows = list(_spans(epoch, own, end_ns, unfinished=broke_off and is_last))
        part = np.zeros(len(rows), SPAN)
        if rows:
            lane, activity, batch, from_ns, to_ns = np.array(rows, np.int64).T
            part["lane"], part["activity"], part["batch"], part["epoch"] = lane, activity, batch, number
            part["start_s"] = (from_ns - start_ns) / 1e9
            part["end_s"] = (np.maximum(to_ns, from_ns) - start_ns) / 1e9
        parts.append(part)
    table = np.concatenate(parts)
    return table[np.lexsort((table["batch"], table["activity"], table["start_s"]))]


def _spans(epoch: Epoch, loads: Sequence[Load], end_ns: int, *, unfinished: bool) -> Iterator[Span]:
    yield from _workers(epoch)
    yield from ((MAIN, Activity.SEND, task, at_ns, at_ns) for task, _, at_ns in epoch.sent)
    for load in loads:
        if load.values and load.values[0] != STREAM_ENDED:
            yield (load.worker, Activity.LOAD, load.task, load.began_ns, load.ended_ns)
        elif unfinished and not load.values:
            yield (load.worker, Activity.LOAD, load.task, load.began_ns, max(end_ns, load.began_ns))
    yield from ((worker, Activity.PUT, task, from_ns, to_ns) for worker, task, from_ns, to_ns, _ in epoch.puts)
    receiver = PIN if epoch.has_pinning_thread else MAIN
    yield from ((receiver, Activity.GET, task, from_ns, to_ns) for task, from_ns, to_ns, _ in epoch.got)
    yield from ((receiver, Activity.PIN, task, from_ns, to_ns) for task, from_ns, to_ns in epoch.pins)
    yield from ((MAIN, Activity.RECEIVE, task, at_ns, at_ns) for task, _, at_ns, _ in epoch.handed)
    yield from _steps(epoch, end_ns)


def _workers(epoch: Epoch) -> Iterator[Span]:
    for worker, _, from_ns, to_ns in epoch.started:
        yield (MAIN, Activity.START, worker, from_ns, to_ns)
        boot = epoch.boots.get(worker)
        if boot is not None:
            # A forked worker may be at work before its start returns.
            yield (worker, Activity.BOOT, worker, min(to_ns, boot[0]), boot[1])
    yield from ((MAIN, Activity.STOP, worker, from_ns, to_ns) for worker, from_ns, to_ns in epoch.stopped)


def bodies(epoch: Epoch, end_ns: int) -> list[tuple[int, int, int]]:
    """Return task, start and end of each time in the user's loop body: from a hand-over to the next request.

    The last one, after which nothing was requested, is not known to have ended; it counts only when it is the only one,
    and then until the iterator was let go.
    """
    requests = {one[1] for one in (*epoch.handed, *epoch.raised)}
    requests |= {epoch.ended[0]} if epoch.ended else set()
    requests |= {epoch.waiting[0]} if epoch.waiting else set()
    at_ns = np.array(sorted(requests), np.int64)
    found = []
    for task, _, returned_ns, _ in epoch.handed:
        following = int(np.searchsorted(at_ns, returned_ns))
        if following < at_ns.size:
            found.append((task, returned_ns, int(at_ns[following])))
    if not found and epoch.handed:
        task, _, returned_ns, _ = epoch.handed[0]
        found.append((task, returned_ns, max(returned_ns, epoch.dropped_ns or end_ns)))
    return found


def _steps(epoch: Epoch, end_ns: int) -> Iterator[Span]:
    on_gpu: dict[int, tuple[int, int]] = {task: (from_ns, to_ns) for task, from_ns, to_ns in epoch.stepped}
    ordered: list[tuple[int, int]] = sorted(on_gpu.values())
    # The GPU does one thing after another: its marks can only seem to overlap by their rounding.
    clear: dict[tuple[int, int], int] = {first: min(first[1], second[0]) for first, second in pairwise(ordered)}
    for task, from_ns, to_ns in bodies(epoch, end_ns):
        if task in on_gpu:
            step = on_gpu[task]
            yield (MAIN, Activity.LAUNCH, task, from_ns, to_ns)
            yield (GPU, Activity.STEP, task, step[0], clear.get(step, step[1]))
        else:
            yield (GPU, Activity.STEP, task, from_ns, to_ns)
