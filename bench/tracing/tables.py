"""Put what was noted of a strand of epochs into the tables of an `Observed`. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.tracing.collected import Epoch
from bench.tracing.joined import Load
from dataloader_sim.observed import BOOTED, LOADED, SAMPLE, TRANSFORMED, Array

_NS = 1e9


def samples_of(loads: Sequence[Sequence[Load]]) -> Array:
    """Return a row of `SAMPLE` per sample."""
    parts = [np.zeros(0, SAMPLE)]
    for epoch, own in enumerate(loads):
        for load in own:
            if load.samples is not None:
                rows = np.zeros(len(load.samples), SAMPLE)
                rows["epoch"], rows["batch"], rows["index"] = epoch, load.task, load.samples[:, 0]
                rows["wall_s"], rows["cpu_s"] = load.samples[:, 1] / _NS, load.samples[:, 2] / _NS
                parts.append(rows)
    return np.concatenate(parts)


def loads_table(strand: Sequence[Epoch], loads: Sequence[Sequence[Load]]) -> Array:
    """Return a row of `LOADED` per batch that was loaded."""
    rows = []
    for number, (epoch, own) in enumerate(zip(strand, loads, strict=True)):
        puts = {task: (to_ns - from_ns, size) for _, task, from_ns, to_ns, size in epoch.puts}
        got = {task: size for task, _, _, size in epoch.got}
        body_cpu = _body_cpu(epoch)
        for load in own:
            if load.is_batch:
                put_ns, size = puts.get(load.task, (None, got.get(load.task, -1)))
                rows.append((0, number, load.task, *_costs(load, size), _s(put_ns), _s(body_cpu.get(load.task))))
    return np.array(rows, LOADED)


def _costs(load: Load, message_bytes: int) -> tuple[float, ...]:
    _, start, fetched, collate_start, collated, end, fetch_cpu, collate_cpu, process_cpu, queued, *counts = load.values
    samples, tensors, tensor_bytes = counts
    # Without its end the time of collating is in the samples'.
    known = bool(fetched)
    return (
        samples,
        tensors,
        tensor_bytes,
        message_bytes,
        _s((fetched if known else end) - start),
        _s(fetch_cpu if known else None),
        _s(collated - collate_start if collated else None),
        _s(collate_cpu if collated else None),
        _s(process_cpu),
        _s(queued if queued >= 0 else None),
    )


def _body_cpu(epoch: Epoch) -> dict[int, int]:
    """Return the CPU time of each task's loop body, which the next call of `next` noted."""
    calls = [(one[1], one[3]) for one in (*epoch.handed, *epoch.raised)]
    calls += [(epoch.ended[0], epoch.ended[2])] if epoch.ended else []
    calls.sort()
    requested = np.array([at_ns for at_ns, _ in calls], np.int64)
    found = {}
    for task, _, returned_ns, _ in epoch.handed:
        following = int(np.searchsorted(requested, returned_ns))
        if following < len(calls) and calls[following][1] >= 0:
            found[task] = calls[following][1]
    return found


def boots_table(strand: Sequence[Epoch]) -> Array:
    """Return a row of `BOOTED` per worker started."""
    rows = [
        (0, number, worker, boot[2] / _NS, boot[3] / _NS)
        for number, epoch in enumerate(strand)
        for worker, boot in sorted(epoch.boots.items())
    ]
    return np.array(rows, BOOTED)


def transforms_table(loads: Sequence[Sequence[Load]]) -> Array:
    """Return a row of `TRANSFORMED` per batch and step that was called."""
    rows = [
        (0, epoch, load.task, step, calls, ns / _NS)
        for epoch, own in enumerate(loads)
        for load in own
        if load.transforms is not None
        for step, (calls, ns) in enumerate(load.transforms.tolist())
        if calls
    ]
    return np.array(rows, TRANSFORMED)


def _s(ns: int | None) -> float:
    return float("nan") if ns is None else ns / _NS
