"""Pack runs for the player: one block of bytes that the browser reads without another round trip."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from dataloader_sim import Metrics, Timeline, Verdict
from dataloader_sim.bounds import KNEE_TOLERANCE
from dataloader_sim.rules import refuse
from dataloader_sim.timeline import SOURCES, Array

PACKED = np.dtype(
    [
        ("start_s", "<f4"),
        ("end_s", "<f4"),
        ("batch", "<u2"),
        ("lane", "i1"),
        ("activity", "u1"),
    ],
)
MOST_BATCHES = np.iinfo(np.uint16).max + 1
MOST_WORKERS = np.iinfo(np.int8).max + 1


@dataclass(frozen=True, kw_only=True)
class PlayerRun:
    """Hold one run as the player shows it.

    value: what the knob stands at, e.g. num_workers. bound: the GPU bound in samples/s, `math.inf` for none.
    low, high: interval of a measured throughput in samples/s; None when there is none.
    """

    value: int | str
    timeline: Timeline
    metrics: Metrics
    verdict: Verdict
    bound: float
    low: float | None = None
    high: float | None = None


def pack(runs: Sequence[PlayerRun], *, selected: int, knob: str | None, source: str, autoplay: bool = True) -> bytes:
    """Return the payload: u32 header length, JSON header, then the spans of all runs, 12 bytes each.

    Numbers are little-endian. The header is padded with spaces so that the spans start at a multiple of 4. Only
    rank 0 is shown; a batch is numbered through all epochs. `header["digest"]` is equal for equal runs, so that
    the browser tells a rerun from new data.
    Raises ValueError for no runs, a `selected` outside them, an unknown source, and runs too large for the format.
    """
    if not runs:
        raise refuse("runs", "at least one run", list(runs))
    if not 0 <= selected < len(runs):
        raise refuse("selected", f"the index of one of {len(runs)} runs", selected)
    if source not in SOURCES:
        raise refuse("source", f"one of {', '.join(SOURCES)}", source)
    spans = [_spans(run.timeline) for run in runs]
    facts = [_facts(run, part.size) for run, part in zip(runs, spans, strict=True)]
    body = b"".join(part.tobytes() for part in spans)
    shown = {"runs": facts, "knob": knob, "knee": _knee(runs), "source": source}
    digest = blake2b(_json(shown) + body, digest_size=8).hexdigest()
    header = _json({**shown, "selected": selected, "autoplay": autoplay, "digest": digest})
    header += b" " * (-len(header) % 4)
    return len(header).to_bytes(4, "little") + header + body


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _spans(timeline: Timeline) -> Array:
    """Return the spans of rank 0 in the packed form, sorted by start, batches numbered through all epochs."""
    spans = timeline.spans[timeline.spans["rank"] == 0]
    batch = spans["batch"] + spans["epoch"].astype(np.int64) * timeline.scenario.workload.batches
    if batch.size and batch.max() >= MOST_BATCHES:
        raise refuse("batches", f"{MOST_BATCHES:,} or fewer in the player", int(batch.max()) + 1, "show fewer batches")
    if spans.size and spans["lane"].max() >= MOST_WORKERS:
        raise refuse("num_workers", f"{MOST_WORKERS} or fewer in the player", int(spans["lane"].max()) + 1)
    packed = np.zeros(spans.size, PACKED)
    for name in ("start_s", "end_s", "lane", "activity"):
        packed[name] = spans[name]
    packed["batch"] = batch
    in_order: Array = packed[np.argsort(spans["start_s"], kind="stable")]
    return in_order


def _facts(run: PlayerRun, spans: int) -> dict[str, Any]:
    loader = run.timeline.scenario.loader
    return {
        "value": run.value,
        "spans": spans,
        "workers": loader.num_workers,
        "capacity": loader.capacity,
        "per_epoch": run.timeline.scenario.workload.batches,
        "samples_per_s": _finite(run.metrics.samples_per_s),
        "stall_share": run.metrics.stall_share,
        "bound": _finite(run.bound),
        "low": _finite(run.low),
        "high": _finite(run.high),
        "limit": run.verdict.limit,
        "finding": run.verdict.finding,
        "advice": run.verdict.advice,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _knee(runs: Sequence[PlayerRun]) -> int | None:
    """Return the index of the first run within 2 % of the best, None for one run or one without a limit."""
    rates = [run.metrics.samples_per_s for run in runs]
    if len(runs) == 1 or not all(map(math.isfinite, rates)):
        return None
    enough = max(rates) * (1 - KNEE_TOLERANCE)
    return next(index for index, rate in enumerate(rates) if rate >= enough)
