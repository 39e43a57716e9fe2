"""Write measured cells as a table: every number with its unit, its spread and its trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from bench.report.cells import Cell
from bench.report.comparison import Ratio
from bench.runs.records import Trial
from pages._ui import format as fmt
from pages.measure._kept import Kept

NOTES = "Notes"
NOTE = (
    "Throughput: geometric mean of the trials with its 95 % interval. GPU stalled and first batch: lowest to highest "
    "of the trials. Peak memory: most that the run's processes held together in any trial."
)


def show(kept: Kept) -> None:
    """Show one row per num_workers that was tried."""
    st.table(rows(kept), border="horizontal", hide_index=True)
    st.caption(NOTE)


def rows(kept: Kept) -> list[dict[str, str]]:
    """Return the table's rows; the column of notes is there when there are any."""
    found = [_row(cell, [one for one in kept.trials if one.num_workers == cell.num_workers]) for cell in kept.cells]
    if not any(one[NOTES] for one in found):
        for one in found:
            del one[NOTES]
    return found


def throughput(cell: Cell) -> str:
    """Write a cell's throughput with its interval and its number of trials."""
    if cell.rate is None:
        return "none: every trial failed"
    seen = cell.samples_per_s
    if seen is None:
        return f"{fmt.rate(cell.rate)} (1 trial, no interval)"
    return f"{fmt.rate(cell.rate)} (95 %: {seen.low:,.0f} to {seen.high:,.0f}, {seen.n} trials)"


def compared(ratios: Sequence[Ratio], first: str, second: str) -> list[dict[str, str]]:
    """Return the rows of a comparison; `first` and `second` name the runs."""
    return [
        {
            "num_workers": str(one.num_workers),
            first: throughput(one.first) if one.first else "not tried",
            second: throughput(one.second) if one.second else "not tried",
            f"{second} / {first}": _times(one),
        }
        for one in ratios
    ]


def _times(one: Ratio) -> str:
    if one.times is None:
        return "no ratio"
    if one.low is None or one.high is None:
        return f"{one.times:.2f} times (no interval: 2 trials or more on both sides are needed)"
    proven = "" if one.low > 1 or one.high < 1 else ", no difference proven"
    return f"{one.times:.2f} times (95 %: {one.low:.2f} to {one.high:.2f}{proven})"


def _row(cell: Cell, trials: Sequence[Trial]) -> dict[str, str]:
    good = [trial for trial in trials if not trial.error]
    return {
        "num_workers": str(cell.num_workers),
        "Throughput": throughput(cell),
        "GPU stalled": _spread([trial.stall_share for trial in good], fmt.share),
        "First batch": _spread([trial.first_batch_s for trial in good], fmt.seconds),
        "Peak memory": fmt.size(cell.peak_memory_bytes) if good else "",
        NOTES: _notes(cell, trials),
    }


def _spread(values: Sequence[float], write: Callable[[float], str]) -> str:
    return fmt.span(min(values), max(values), write) if values else ""


def _notes(cell: Cell, trials: Sequence[Trial]) -> str:
    said = []
    if cell.skipped_pictures:
        pictures = "1 picture" if cell.skipped_pictures == 1 else f"{cell.skipped_pictures} pictures"
        said.append(f"{pictures} could not be decoded and were skipped.")
    if cell.failed:
        failed = "1 trial failed" if len(cell.failed) == 1 else f"{len(cell.failed)} trials failed"
        said.append(f"{failed}: {fmt.sentence(cell.failed[0])}")
    said += sorted({note for trial in trials for note in trial.notes})
    return " ".join(said)
