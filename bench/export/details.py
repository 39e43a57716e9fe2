"""Look up what a trace tells about each batch beside its spans."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from dataloader_sim.timeline import Array, Timeline

Key = tuple[int, int, int]
_KEYS = {"rank", "epoch", "batch", "worker", "step"}


def of_loads(timeline: Timeline) -> Mapping[Key, dict[str, Any]]:
    """Return what was seen of each load by rank, epoch and batch; what was not seen is left out.

    Names are those of `dataloader_sim.observed.LOADED`; `transforms`: seconds by the name of the pipeline's step.
    """
    seen = timeline.observed
    if seen is None:
        return {}
    found: defaultdict[Key, dict[str, Any]] = defaultdict(dict)
    for row in as_dicts(seen.loads):
        found[row["rank"], row["epoch"], row["batch"]] |= _seen(row)
    for row in as_dicts(seen.transforms):
        name = step_name(seen.steps, row["step"])
        found[row["rank"], row["epoch"], row["batch"]].setdefault("transforms", {})[name] = row["wall_s"]
    return found


def of_boots(timeline: Timeline) -> Mapping[Key, dict[str, Any]]:
    """Return what was seen of each worker's start by rank, epoch and worker."""
    if timeline.observed is None:
        return {}
    return {(row["rank"], row["epoch"], row["worker"]): _seen(row) for row in as_dicts(timeline.observed.boots)}


def as_dicts(rows: Array) -> list[dict[str, Any]]:
    """Return each row as plain values by name."""
    names = rows.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in rows.tolist()]


def step_name(steps: tuple[str, ...], number: int) -> str:
    """Return the name of a transform pipeline's step, its number where it has none."""
    return steps[number] if 0 <= number < len(steps) else f"step {number}"


def _seen(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in _KEYS}
    return {name: value for name, value in kept.items() if math.isfinite(value) and value >= 0}
