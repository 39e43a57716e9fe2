"""Pack runs for the player: one block of bytes that the browser reads without another round trip."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from dataloader_sim import Metrics, Timeline, Verdict
from dataloader_sim.bounds import KNEE_TOLERANCE
from dataloader_sim.rules import refuse
from dataloader_sim.timeline import SOURCES, SPAN
from pages._ui.player_spans import PACKED, RankSpans, spans_of_ranks

# Ranks beyond the first travel as long as their spans fit into so many bytes, and no more than a person tells apart.
MOST_RANK_BYTES = 1_000_000
MOST_RANKS = 16


@dataclass(frozen=True, kw_only=True)
class PlayerRun:
    """Hold one run as the player shows it.

    value: what the knob stands at, e.g. num_workers.
    bound, bound_name: in samples/s what more workers cannot lift, `math.inf` for none, and its name.
    low, high: interval of the throughput in samples/s: of a measured one its confidence interval, of a simulated one
        what the seeds span; None when there is none.
    median: the throughput that the curve shows, of several seeds or trials; None: this run's own.
    until_s: when the clock stops, where the timeline goes on beyond it; None: at the timeline's end.
    """

    value: int | str
    timeline: Timeline
    metrics: Metrics
    verdict: Verdict
    bound: float
    bound_name: str = "GPU bound"
    low: float | None = None
    high: float | None = None
    median: float | None = None
    until_s: float | None = None

    @property
    def rate(self) -> float:
        """Return the throughput that the curve shows, in samples/s."""
        return self.metrics.samples_per_s if self.median is None else self.median


def pack(runs: Sequence[PlayerRun], *, selected: int, knob: str | None, source: str, autoplay: bool = True) -> bytes:
    """Return the payload: u32 header length, JSON header, then the spans of all runs, 12 bytes each.

    Numbers are little-endian. The header is padded with spaces so that the spans start at a multiple of 4. A run's
    ranks follow one another; of many only the first few travel. `header["digest"]` is equal for equal runs, so that
    the browser tells a rerun from new data.
    Raises ValueError for no runs, a `selected` outside them, an unknown source, and runs too large for the format.
    """
    if not runs:
        raise refuse("runs", "at least one run", list(runs))
    if not 0 <= selected < len(runs):
        raise refuse("selected", f"the index of one of {len(runs)} runs", selected)
    if source not in SOURCES:
        raise refuse("source", f"one of {', '.join(SOURCES)}", source)
    about = {"knob": knob, "knee": _knee(runs), "source": source, "pair": False}
    return _packed(runs, about, [source] * len(runs), {"selected": selected, "autoplay": autoplay})


def pack_pair(upper: PlayerRun, lower: PlayerRun) -> bytes:
    """Return the payload of two runs to be shown one above the other, in the form of `pack`.

    Raises ValueError for runs too large for the format.
    """
    runs = (upper, lower)
    about = {"knob": None, "knee": None, "source": upper.timeline.source, "pair": True}
    return _packed(runs, about, [run.timeline.source for run in runs], {"selected": 0, "autoplay": False})


def _packed(
    runs: Sequence[PlayerRun], about: dict[str, Any], sources: Sequence[str], at_first: dict[str, Any]
) -> bytes:
    most = _most_ranks(runs)
    ranks = [spans_of_ranks(run.timeline, most) for run in runs]
    body = b"".join(rank.packed.tobytes() for one in ranks for rank in one)
    facts = [{**_facts(run, one), "source": source} for run, one, source in zip(runs, ranks, sources, strict=True)]
    activities = sorted({int(code) for one in ranks for rank in one for code in np.unique(rank.packed["activity"])})
    shown = {**about, "runs": facts, "activities": activities}
    digest = blake2b(_json(shown) + body, digest_size=8).hexdigest()
    header = _json({**shown, **at_first, "digest": digest})
    header += b" " * (-len(header) % 4)
    return len(header).to_bytes(4, "little") + header + body


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _ranks(run: PlayerRun) -> int:
    return run.timeline.scenario.machine.ranks


def _most_ranks(runs: Sequence[PlayerRun]) -> int:
    """Return how many ranks of each run travel: rank 0 always does."""
    one_rank = sum(run.timeline.spans.nbytes * PACKED.itemsize / SPAN.itemsize / _ranks(run) for run in runs)
    return max(1, min(MOST_RANKS, int(MOST_RANK_BYTES / max(one_rank, 1.0))))


def _facts(run: PlayerRun, ranks: Sequence[RankSpans]) -> dict[str, Any]:
    scenario, failure = run.timeline.scenario, run.timeline.failure
    loader = scenario.loader
    return {
        "value": run.value,
        "ranks": [{"spans": one.packed.size, "first": one.first, "at": one.at_s} for one in ranks],
        "of_ranks": _ranks(run),
        "workers": loader.num_workers,
        "capacity": loader.capacity,
        "in_order": loader.in_order,
        "persistent": loader.persistent_workers,
        "pinned": loader.pin_memory,
        "iterable": scenario.workload.iterable,
        "synchronize": scenario.workload.synchronize,
        "samples_per_s": _finite(run.metrics.samples_per_s),
        "stall_share": _finite(run.metrics.stall_share),
        "curve": _finite(run.rate),
        "bound": _finite(run.bound),
        "bound_name": run.bound_name,
        "low": _finite(run.low),
        "high": _finite(run.high),
        "limit": run.verdict.limit,
        "finding": run.verdict.finding,
        "advice": run.verdict.advice,
        "failure": asdict(failure) if failure else None,
        "fault": asdict(scenario.fault) if failure and scenario.fault else None,
        "until": run.until_s,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _knee(runs: Sequence[PlayerRun]) -> int | None:
    """Return the index of the first run within 2 % of the best, None for one run, one without limit, one broken off."""
    rates = [run.rate for run in runs]
    if len(runs) == 1 or not all(map(math.isfinite, rates)) or any(run.timeline.failure for run in runs):
        return None
    enough = max(rates) * (1 - KNEE_TOLERANCE)
    return next(index for index, rate in enumerate(rates) if rate >= enough)
