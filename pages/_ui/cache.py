"""Keep what was computed, for every visitor: scenarios are equal or not, timelines never change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

from dataloader_sim import Bounds, Scenario, Sweep, bounds, judge
from dataloader_sim import sweep as run_sweep
from dataloader_sim.rules import refuse
from dataloader_sim.sweep import vary
from pages._ui import compiling, frame, recorded, words
from pages._ui.knobs import Number
from pages._ui.offered.row import WORKERS_KNOB
from pages._ui.player_payload import PlayerRun

SEEDS = 16
# What a visitor waits for at most: about a second.
MOST_BATCHES = 4_000
MOST_SAMPLES = 500_000
MOST_SAMPLES_OF_A_BAND = 10_000_000
_MOST_BANDED = 1_000
_REST = 10.0
_banded: set[Scenario] = set()


@dataclass
class _Rest:
    at_work: threading.Lock = field(default_factory=threading.Lock)
    until_s: float = 0.0


_rest = _Rest()


@lru_cache(maxsize=64)
def sweep(scenario: Scenario, axis: str, values: tuple[Any, ...], seeds: int = 1) -> Sweep:
    """Simulate a scenario along an axis, once for each distinct request, as soon as the simulator is compiled."""
    compiling.wait()
    return run_sweep(scenario, axis, values, seeds=seeds)


def see_it(scenario: Scenario, seeds: int = 1) -> Sweep:
    """Simulate a scenario for every num_workers of the player; raises ValueError for one that takes too long."""
    _refuse_large(scenario)
    return sweep(scenario, WORKERS_KNOB.field, WORKERS_KNOB.stops, seeds)


def curve(scenario: Scenario, axis: Number) -> Sweep:
    """Simulate a scenario for every stop of a setting, without its fault: a curve is of steady throughput.

    Raises ValueError for a scenario that takes too long, and for a stop that does not go with its other settings.
    """
    steady = replace(scenario, fault=None)
    values = tuple(axis.field_value(stop) for stop in axis.stops)
    for value in values:
        _refuse_large(vary(steady, axis.field, value))
    return sweep(steady, axis.field, values, band_seeds(steady, len(values)))


def player_runs(scenario: Scenario) -> tuple[PlayerRun, ...]:
    """Return the runs of every num_workers, with the band of the seeds where `find_band` has found it.

    Those of the default settings are recorded, so that the first picture waits for nothing; while the simulator
    compiles they stand in for every scenario.
    """
    if compiling.under_way() or scenario == recorded.read().scenario:
        return _recorded_runs()
    return _player_runs(scenario, SEEDS if scenario in _banded else 1)


def better(scenario: Scenario) -> Callable[[], bool] | None:
    """Return what tells whether `player_runs` has more to show than now, None where it has all."""
    if compiling.under_way():
        return compiling.ready
    known = scenario in _banded or scenario == recorded.read().scenario
    return None if known or band_seeds(scenario, len(WORKERS_KNOB.stops)) == 1 else partial(find_band, scenario)


def find_band(scenario: Scenario) -> bool:
    """Simulate the other seeds, when nobody else needs the server; return whether that was done.

    It takes several times as long as the picture itself, so a class that moves its sliders gets pictures first:
    one band at a time, and after each a rest of ten times as long.
    """
    if frame.others_wait() or time.monotonic() < _rest.until_s or not _rest.at_work.acquire(blocking=False):
        return False
    try:
        began_s = time.monotonic()
        see_it(scenario, SEEDS)
        _rest.until_s = began_s + _REST * (time.monotonic() - began_s)
    finally:
        _rest.at_work.release()
    if len(_banded) >= _MOST_BANDED:
        _banded.clear()
    _banded.add(scenario)
    return True


def band_seeds(scenario: Scenario, values: int) -> int:
    """Return how many seeds to simulate: one where nothing is drawn, a run breaks off, or it takes too long."""
    drawn = scenario.workload.jitter > 0 and scenario.fault is None
    return SEEDS if drawn and _samples(scenario) * values * SEEDS <= MOST_SAMPLES_OF_A_BAND else 1


@lru_cache(maxsize=64)
def _player_runs(scenario: Scenario, seeds: int) -> tuple[PlayerRun, ...]:
    if seeds == 1:
        return _as_runs(see_it(scenario))
    plain, banded = see_it(scenario), see_it(scenario, seeds)
    # The runs are the same; so are the verdicts, unless the medians have another knee.
    return _with_band(_player_runs(scenario, 1) if banded.knee == plain.knee else _as_runs(banded), banded)


@lru_cache(maxsize=1)
def _recorded_runs() -> tuple[PlayerRun, ...]:
    return _with_band(_as_runs(recorded.read()), recorded.read())


def _as_runs(run: Sweep) -> tuple[PlayerRun, ...]:
    limits = [bounds(timeline.scenario) for timeline in run.timelines]
    return tuple(
        PlayerRun(
            value=value,
            timeline=timeline,
            metrics=metrics,
            verdict=judge(timeline, run.knee),
            bound=limit.without_loader,
            bound_name=_lowest(limit),
        )
        for value, timeline, metrics, limit in zip(run.values, run.timelines, run.metrics, limits, strict=True)
    )


def _with_band(runs: Sequence[PlayerRun], run: Sweep) -> tuple[PlayerRun, ...]:
    return tuple(
        replace(one, low=band.low, high=band.high, median=band.median)
        for one, band in zip(runs, run.band or (), strict=True)
    )


def _lowest(limit: Bounds) -> str:
    """Name the bound that more workers cannot lift."""
    return next(name for field, name in words.BOUNDS.items() if getattr(limit, field) == limit.without_loader)


def _samples(scenario: Scenario) -> int:
    return scenario.workload.samples * scenario.workload.epochs * scenario.machine.ranks


def _refuse_large(scenario: Scenario) -> None:
    batches = scenario.workload.batches * scenario.workload.epochs
    if batches > MOST_BATCHES:
        raise refuse("batches x epochs", f"{MOST_BATCHES:,} or less", batches, "fewer show the same rate")
    if _samples(scenario) > MOST_SAMPLES:
        way_out = "fewer batches show the same rate"
        raise refuse("batches x batch_size x epochs x ranks", f"{MOST_SAMPLES:,} or less", _samples(scenario), way_out)
