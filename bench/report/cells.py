"""Gather what the trials of each num_workers showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.report import statistics
from bench.report.statistics import Interval
from bench.runs.records import Trial


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Hold what the trials of one num_workers showed.

    trials: how many succeeded. samples_per_s: their geometric mean with its 95 % interval; None below 2.
    rate: the geometric mean alone, None when no trial succeeded.
    stall_share: mean. first_batch_s: median. peak_memory_bytes: largest. failed: the reasons, one per failed trial.
    rates: the rate in each block that has one, to pair with other cells.
    """

    num_workers: int
    trials: int
    rate: float | None
    samples_per_s: Interval | None
    stall_share: float
    first_batch_s: float
    peak_memory_bytes: int
    skipped_pictures: int
    failed: tuple[str, ...]
    rates: Mapping[int, float]


def cells(trials: Iterable[Trial]) -> tuple[Cell, ...]:
    """Group trials by num_workers, in ascending order; a running sweep's so far are as good as a finished one's."""
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.num_workers, []).append(trial)
    return tuple(_cell(workers, groups[workers]) for workers in sorted(groups))


def paired(cell: Cell, to: Cell, level: float) -> Interval | None:
    """Return how many times `to` the cell's rate is, paired by block; None below 2 common blocks."""
    blocks = sorted(cell.rates.keys() & to.rates.keys())
    if len(blocks) < statistics.FEWEST:
        return None
    return statistics.ratio([cell.rates[one] for one in blocks], [to.rates[one] for one in blocks], level=level)


def _cell(workers: int, trials: Sequence[Trial]) -> Cell:
    good = [trial for trial in trials if not trial.error]
    rates = [trial.samples_per_s for trial in good]
    return Cell(
        num_workers=workers,
        trials=len(good),
        rate=statistics.geometric_mean(rates) if rates else None,
        samples_per_s=statistics.interval(rates) if len(rates) >= statistics.FEWEST else None,
        stall_share=sum(trial.stall_share for trial in good) / len(good) if good else 0.0,
        first_batch_s=sorted(trial.first_batch_s for trial in good)[len(good) // 2] if good else 0.0,
        peak_memory_bytes=max((trial.peak_memory_bytes for trial in good), default=0),
        skipped_pictures=max((trial.skipped_pictures for trial in good), default=0),
        failed=tuple(trial.error for trial in trials if trial.error),
        rates={trial.block: trial.samples_per_s for trial in good},
    )
