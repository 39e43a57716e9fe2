"""Say what a sweep found and which num_workers to choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report import statistics
from bench.report.cells import Cell, paired
from dataloader_sim.scenario import LoaderConfig, Scenario

# Below this difference a choice is as good as the best.
MARGIN = 0.05
# A one-sided bound at 95 % is the end of a two-sided interval at 90 %.
ONE_SIDED = 0.90
ENOUGH_TRIALS = 5
# Batches that each worker should load in a trial, so that start-up and prefetched batches do not make the rate.
ROUNDS = 6


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Hold which num_workers to choose: None when nothing was measured.

    sentence: the choice with its evidence and its doubts. line: the `DataLoader(...)` call to paste, '' for None.
    sure: True when every smaller value is proven slower and the choice is proven as good as the fastest.
    """

    num_workers: int | None
    sentence: str
    line: str
    sure: bool


def recommend(cells: Sequence[Cell], base: Scenario) -> Recommendation:
    """Choose the smallest num_workers within 5 % of the fastest, and say what of it is not proven.

    A value is proven slower when the one-sided 95 % upper bound of its rate over the fastest one's, paired by
    block on logs, is below 0.95; proven as good when the lower bound is 0.95 or more. The choice is the smallest value
    as good in its point estimate, and the sentence names the smaller ones that are not proven slower.
    base: the sweep's scenario, for the loader's other arguments in `line`.
    """
    measured = [cell for cell in cells if cell.rate is not None]
    if not measured:
        return Recommendation(
            num_workers=None, sentence="No trial succeeded, so nothing is known.", line="", sure=False
        )
    best = max(measured, key=_rate)
    chosen = next(cell for cell in measured if _rate(cell) >= (1 - MARGIN) * _rate(best))
    doubted = [cell for cell in measured if cell.num_workers < chosen.num_workers and not _is_slower(cell, best)]
    larger = [cell for cell in measured if cell.num_workers > chosen.num_workers]
    as_good = chosen is best or _is_as_good(chosen, best)
    parts = [
        _opening(chosen, measured),
        _doubts(doubted, best, as_good=as_good),
        _beyond(chosen, measured, as_good=as_good),
        _caution(measured),
        _short(measured, base),
    ]
    return Recommendation(
        num_workers=chosen.num_workers,
        sentence=" ".join(part for part in parts if part),
        line=loader_line(base, chosen.num_workers),
        sure=as_good
        and not doubted
        and chosen.trials >= ENOUGH_TRIALS
        and all(_is_no_faster(c, chosen) for c in larger),
    )


def loader_line(base: Scenario, num_workers: int) -> str:
    """Return the call to paste, naming only arguments that differ from torch's defaults."""
    loader, plain = base.loader, LoaderConfig()
    arguments: dict[str, object] = {"batch_size": base.workload.batch_size, "num_workers": num_workers}
    names = ["pin_memory", "in_order"]
    if num_workers:
        names = ["prefetch_factor", "persistent_workers", "timeout", "multiprocessing_context", *names]
    for name in names:
        if getattr(loader, name) != getattr(plain, name):
            arguments[name] = getattr(loader, name)
    return f"DataLoader(dataset, {', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def _rate(cell: Cell) -> float:
    return cell.rate or 0.0


def _is_slower(cell: Cell, best: Cell) -> bool:
    seen = paired(cell, best, ONE_SIDED)
    return seen is not None and seen.high < 1 - MARGIN


def _is_as_good(cell: Cell, best: Cell) -> bool:
    seen = paired(cell, best, ONE_SIDED)
    return seen is not None and seen.low >= 1 - MARGIN


def _is_no_faster(cell: Cell, than: Cell) -> bool:
    seen = paired(cell, than, ONE_SIDED)
    return seen is not None and seen.high < 1 + MARGIN


def _opening(chosen: Cell, measured: Sequence[Cell]) -> str:
    """State the choice, its rate and its gain over the smallest value tried."""
    rate = f"num_workers={chosen.num_workers}: {_rate(chosen):,.0f} samples/s"
    if chosen.samples_per_s is not None:
        seen = chosen.samples_per_s
        rate += f" (95 %: {seen.low:,.0f} to {seen.high:,.0f}, {seen.n} trials)"
    first = measured[0]
    if chosen is first:
        return f"{rate}."
    gain = _rate(chosen) / _rate(first) - 1
    pair = paired(chosen, first, statistics.LEVEL)
    spread = f" (95 %: {_percent(pair.low - 1, sign=True)} to {_percent(pair.high - 1, sign=True)})" if pair else ""
    return f"{rate}, {_percent(gain, sign=True)} over num_workers={first.num_workers}{spread}."


def _doubts(doubted: Sequence[Cell], best: Cell, *, as_good: bool) -> str:
    smaller = f"{_these(doubted)} cannot be ruled out." if doubted else ""
    faster = "" if as_good else f"That {best.num_workers} is more than {_percent(MARGIN)} faster cannot be ruled out."
    return f"{smaller} {faster}".strip()


def _beyond(chosen: Cell, measured: Sequence[Cell], *, as_good: bool) -> str:
    """Say whether more workers are worth it; nothing where `_doubts` has said that it is open."""
    larger = [cell for cell in measured if cell.num_workers > chosen.num_workers]
    if not larger and chosen.stall_share > MARGIN:
        waits = f"the GPU still waits {_percent(chosen.stall_share)} of the time"
        return f"It is the largest value tried and {waits}: try more workers, or make a sample cheaper to load."
    if not larger or not as_good:
        return ""
    open_ones = [cell for cell in larger if not _is_no_faster(cell, chosen)]
    if open_ones:
        return f"That {_these(open_ones)} would be more than {_percent(MARGIN)} faster cannot be ruled out."
    if chosen.num_workers == 0:
        return f"Nothing to gain: no number of workers tried is more than {_percent(MARGIN)} faster."
    why = f": the GPU waits only {_percent(chosen.stall_share)} of the time" if chosen.stall_share < MARGIN else ""
    return f"{_these(larger)} would not help{why}."


def _caution(measured: Sequence[Cell]) -> str:
    fewest = min(cell.trials for cell in measured)
    if fewest >= ENOUGH_TRIALS:
        return ""
    counted = "One trial per value says" if fewest == 1 else f"{fewest} trials per value say"
    return f"{counted} little: {ENOUGH_TRIALS} or more are needed to be sure."


def _short(measured: Sequence[Cell], base: Scenario) -> str:
    """Say when trials are too short to show a steady rate: each worker should load a few batches."""
    most, batches = measured[-1].num_workers, base.workload.batches * base.workload.epochs
    wanted = ROUNDS * most
    return (
        f"Trials of {batches} batches hardly show {most} workers at work: take {wanted} or more."
        if batches < wanted
        else ""
    )


def _these(some: Sequence[Cell]) -> str:
    names = [str(cell.num_workers) for cell in some]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _percent(share: float, *, sign: bool = False) -> str:
    return f"{share * 100:{'+' if sign else ''}.0f} %"
