"""Hold measured traces against the prediction: each group of equal settings is one point with its error in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

import streamlit as st

from bench import traces
from bench.calibration.calibration import Calibration
from bench.calibration.prediction import Comparison, Prediction, compare
from dataloader_sim import LoaderConfig
from pages._ui import format as fmt
from pages._ui.figures.axis import Point
from pages.measure import _trace_choice
from pages.measure._trace_chosen import Chosen, seen

_SETTINGS = ("num_workers", "prefetch_factor", "in_order", "pin_memory", "persistent_workers")
_HELP = "Only traces of the same job on the same machine test a prediction. Several of equal settings give an interval."


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Hold traces of equal settings: their names, the settings in words, and what was predicted and measured."""

    names: Sequence[str]
    settings: str
    workers: int
    stall_share: float
    comparison: Comparison

    @property
    def point(self) -> Point:
        """Return the group as the curve draws it."""
        told, several = self.comparison, self.comparison.runs > 1
        return Point(
            value=self.workers,
            samples_per_s=told.measured,
            low=told.low if several else None,
            high=told.high if several else None,
            stall_share=self.stall_share,
        )

    @property
    def sentence(self) -> str:
        """Say what was predicted for these settings and how far that is from what was measured."""
        return f"{', '.join(self.names)} ({self.settings}): {self.comparison.sentence}."


def choose(chosen: Chosen, calibration: Calibration) -> list[Group]:
    """Let the visitor choose kept traces to be drawn over the curve; return them with this one, grouped."""
    others = [name for name in traces.names() if not (chosen.kept and name == chosen.name)]
    named: list[str] = []
    if others:
        named = st.multiselect("Kept traces to draw over it", others, key=f"beside-{chosen.key}", help=_HELP)
    beside = [Chosen(name=name, timeline=_trace_choice.kept(name), kept=True) for name in named if name in others]
    groups: dict[tuple[object, ...], list[Chosen]] = {}
    for one in (chosen, *_alike(chosen, beside)):
        loader = one.timeline.scenario.loader
        groups.setdefault(tuple(getattr(loader, name) for name in _SETTINGS), []).append(one)
    return [_group(members, calibration) for members in groups.values()]


def _group(members: Sequence[Chosen], calibration: Calibration) -> Group:
    loader = members[0].timeline.scenario.loader
    return Group(
        names=[one.name for one in members],
        settings=_settings(loader, calibration.scenario.loader),
        workers=loader.num_workers,
        stall_share=fmean(seen(one.timeline).stall_share for one in members),
        comparison=compare(_predicted(calibration, loader), [one.timeline for one in members]),
    )


@lru_cache(maxsize=64)
def _predicted(calibration: Calibration, loader: LoaderConfig) -> Prediction:
    return calibration.predict({f"loader.{name}": getattr(loader, name) for name in _SETTINGS})


def _settings(loader: LoaderConfig, usual: LoaderConfig) -> str:
    differ = [name for name in _SETTINGS[1:] if getattr(loader, name) != getattr(usual, name)]
    return ", ".join(f"{name} {getattr(loader, name)}" for name in ("num_workers", *differ))


def _alike(own: Chosen, others: Iterable[Chosen]) -> list[Chosen]:
    """Return the traces that test the prediction, and say of the others why they are left out."""
    alike = []
    for one in others:
        why = _unlike(own, one)
        if why:
            st.warning(fmt.sentence(f"{one.name} is left out: {why}"))
        else:
            alike.append(one)
    return alike


def _unlike(own: Chosen, other: Chosen) -> str:
    """Say why a trace says nothing about another one's prediction, nothing when it does."""
    if _machine(other) != _machine(own):
        return "it was traced on another machine"
    if other.timeline.scenario.workload.batch_size != own.timeline.scenario.workload.batch_size:
        return "its batches have another size"
    try:
        rate = seen(other.timeline).samples_per_s
    except ValueError as error:
        return str(error)
    return "" if rate > 0 and other.timeline.failure is None else "it broke off"


def _machine(one: Chosen) -> str:
    observed = one.timeline.observed
    return observed.origin.get("machine_id", "") if observed else ""
