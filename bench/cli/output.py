"""Print what a run found: as a table for people, as one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.report.cells import Cell, cells
from bench.report.recommendation import Recommendation, recommend
from bench.runs.records import Run, Trial
from dataloader_sim.scenario import Scenario

VERSION = 1
HEAD = ("num_workers", "samples/s", "95 % interval", "GPU stalled", "first batch", "memory", "trials")


def print_json(kind: str, content: dict[str, Any]) -> None:
    """Print one JSON document with its kind and version, and nothing else."""
    json.dump({"kind": kind, "version": VERSION, **content}, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out columns, right-aligned."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in (head, *rows)
    )


def measured(trials: Sequence[Trial], base: Scenario) -> str:
    """Return the table of a sweep, what failed or had no effect, and the recommended line."""
    rows = cells(trials)
    advice = recommend(rows, base)
    lines = [table(HEAD, [_row(cell) for cell in rows])]
    for cell in rows:
        counted = f"{len(cell.failed)} of {len(cell.failed) + cell.trials}"
        lines += [f"num_workers={cell.num_workers}: {counted} trials failed: {cell.failed[0]}"] if cell.failed else []
    skipped = max((cell.skipped_pictures for cell in rows), default=0)
    if skipped:
        counted = (
            "1 picture could not be decoded and was"
            if skipped == 1
            else f"{skipped} pictures could not be decoded and were"
        )
        lines.append(f"{counted} skipped.")
    lines += sorted({note for trial in trials for note in trial.notes})
    return "\n".join([*lines, "", advice.sentence, *([f"\n    {advice.line}"] if advice.line else [])])


def document(run: Run | None, trials: Sequence[Trial], base: Scenario) -> dict[str, Any]:
    """Return a sweep as JSON values; `run` is None when it is not kept."""
    rows = cells(trials)
    return {
        "run": None if run is None else run_values(run),
        "cells": [_cell_values(cell) for cell in rows],
        "recommendation": _advice_values(recommend(rows, base)),
        "trials": [_trial_values(trial) for trial in trials],
    }


def run_values(run: Run) -> dict[str, Any]:
    """Return a run's record as JSON values."""
    values = asdict(run)
    return values | {"spec": json.loads(values.pop("spec_json"))}


def _row(cell: Cell) -> tuple[str, ...]:
    if cell.rate is None:
        return (str(cell.num_workers), "failed", "", "", "", "", "0")
    seen = cell.samples_per_s
    return (
        str(cell.num_workers),
        f"{cell.rate:,.0f}",
        f"{seen.low:,.0f} to {seen.high:,.0f}" if seen else "one trial",
        f"{cell.stall_share * 100:.0f} %",
        f"{cell.first_batch_s:.2f} s",
        f"{cell.peak_memory_bytes / 2**20:,.0f} MiB" if cell.peak_memory_bytes else "",
        str(cell.trials),
    )


def _cell_values(cell: Cell) -> dict[str, Any]:
    values = asdict(cell) | {"failed": list(cell.failed)}
    # JSON's keys are strings; a list of pairs keeps the block a number.
    return values | {"rates": [{"block": block, "samples_per_s": rate} for block, rate in cell.rates.items()]}


def _advice_values(advice: Recommendation) -> dict[str, Any]:
    return asdict(advice)


def _trial_values(trial: Trial) -> dict[str, Any]:
    return asdict(trial) | {"notes": list(trial.notes)}
