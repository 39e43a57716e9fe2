"""Offer other settings for the calibrated run: the predicted curve, with measured traces and their errors over it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

from bench.calibration.calibration import Calibration
from dataloader_sim import Scenario
from dataloader_sim.sweep import vary
from pages._ui import cache, frame, memory, words
from pages._ui import format as fmt
from pages._ui.figures import curve
from pages._ui.knobs import Knob, Number
from pages._ui.offered import ALL
from pages._ui.offered.row import WORKERS
from pages.measure import _trace_beside
from pages.measure._sentence import told
from pages.measure._trace_chosen import Chosen, calibrated

NUMBERS = ("io_ms", "cpu_ms", "step_ms", "cores", "prefetch_factor")
SWITCHES = ("in_order", "persistent_workers", "pin_memory")
# Enough for a steady rate at 16 workers, and a second for 17 runs.
MOST_BATCHES = 256
MOST_SAMPLES = 50_000


@st.fragment
def show(chosen: Chosen) -> None:
    """Show the settings, starting from those of the trace, the curve along num_workers, and what the errors are."""
    with told():
        _show(chosen)


def _show(chosen: Chosen) -> None:
    calibration = calibrated(chosen.timeline)
    if not isinstance(calibration, Calibration):
        return
    st.markdown(f"#### What would another setting do? :gray-badge[{words.SIMULATED}]")
    base = _short(calibration.scenario)
    scenario, changed = _ask(base, chosen.key)
    beside = _trace_beside.choose(chosen, calibration)
    values = tuple(sorted({*WORKERS, *(one.workers for one in beside)}))
    run = cache.sweep(scenario, "loader.num_workers", values)
    frame.knee(run, "num_workers", values)
    points = [one.point for one in beside]
    picture = curve.figure(run, "num_workers", values, points, memory=memory.of_curve(run), dark=frame.dark())
    st.plotly_chart(picture, key=f"what-if-{chosen.key}", config={"displayModeBar": False})
    st.caption(
        "Line: simulated with the costs calibrated from the trace"
        + (f", changed: {', '.join(changed)}. " if changed else ", at its other settings. ")
        + "Diamonds: measured, each trace at its own settings."
    )
    for one in beside:
        st.markdown(f"- {fmt.literal(one.sentence)}")
    memory.warn(scenario)
    memory.line(scenario)


@lru_cache(maxsize=16)
def _short(scenario: Scenario) -> Scenario:
    """Return one epoch with as many batches as a steady rate needs: more show the same rate."""
    workload = scenario.workload
    batches = min(workload.batches, MOST_BATCHES, max(1, MOST_SAMPLES // workload.batch_size))
    return replace(scenario, workload=replace(workload, batches=batches, epochs=1))


def _ask(base: Scenario, key: str) -> tuple[Scenario, list[str]]:
    """Show the knobs, each at the calibrated value; return the scenario and what of it was changed."""
    known = {knob.key: knob for knob in ALL}
    scenario, changed = base, []
    with st.container(horizontal=True, key="numbers_what_if", gap="small", vertical_alignment="bottom"):
        for name in (*NUMBERS, *SWITCHES):
            knob = known[name]
            default = _default(knob, base)
            value = _widget(knob, default, f"what_if-{name}-{key}")
            if value != default and knob.accepts(value):
                scenario = _set(scenario, knob, value)
                changed.append(f"{knob.label} {value}")
    return scenario, changed


def _default(knob: Knob, base: Scenario) -> Any:
    part, _, name = knob.field.partition(".")
    value = getattr(getattr(base, part), name)
    return knob.default if value is None else knob.shown(value)


def _widget(knob: Knob, default: Any, key: str) -> Any:
    if not isinstance(knob, Number):
        return st.toggle(knob.label, default, key=key, help=knob.question)
    kind = int if knob.whole else float
    # A tenth of what was calibrated, so that a press matters and does not jump.
    step = knob.step if knob.whole else float(f"{default / 10:.1g}") or knob.step
    limits: dict[str, Any] = {
        "min_value": min(kind(knob.low), kind(default)),
        "max_value": max(kind(knob.high), kind(default)),
        "step": kind(step),
    }
    limits["format"] = "%d" if knob.whole else "%.4g"
    return st.number_input(knob.label, value=kind(default), key=key, help=knob.question, width=130, **limits)


def _set(scenario: Scenario, knob: Knob, value: Any) -> Scenario:
    # Options of workers wait until the sweep gives it some.
    with_workers = scenario if scenario.loader.num_workers else vary(scenario, "loader.num_workers", 1)
    return vary(with_workers, knob.field, knob.field_value(value))
