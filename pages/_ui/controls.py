"""Offer the settings of a scenario as widgets: a row for everybody, the rest on demand; the link holds them all."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dataloader_sim import Scenario
from pages._ui import more_knobs, settings, workload_presets
from pages._ui.knobs import Number, plain
from pages._ui.offered import AXIS
from pages._ui.offered.row import DEFAULT_WORKERS, ROW, WORKERS, WORKERS_KNOB

SEE_IT = "pages/explore/see_it.py"
PLAYER_KEY = "see"


def row() -> DeltaGenerator:
    """Take over what the link says and return the row for what the visitor may choose, to be filled in a `with`."""
    settings.read_link()
    return st.container(horizontal=True, key="knobs", gap="small")


def scenario(without: str) -> Scenario:
    """Show the settings and return the scenario that they describe, to be varied along `without`.

    `without` names the one that the page shows in another way, in its player or as its axis; it is at its default.
    Raises ValueError for settings that do not go together.
    """
    workload_presets.show()
    for knob in (WORKERS_KNOB, *ROW):
        if knob.key != without:
            _slider(knob)
    more_knobs.show(without)
    settings.write_link()
    return settings.scenario(without)


def axis() -> Number:
    """Let the visitor choose the setting to vary."""
    names, chosen = {one.word: one.name for one in AXIS.options}, settings.of(AXIS)
    settings.show_in(AXIS.key, chosen)
    st.selectbox(
        AXIS.label,
        list(names),
        list(names).index(chosen),
        format_func=names.__getitem__,
        help=AXIS.question,
        key=AXIS.key,
        on_change=settings.take,
        args=(AXIS, AXIS.key),
    )
    varied: Number = AXIS.field_value(chosen)
    return varied


def open_picked(picked: Any, knob: Number) -> None:
    """Open See it at the point that was clicked in a curve along `knob`."""
    points = picked.selection.points if picked else []
    at = points[0].get("customdata") if points else None
    # What arrives from a browser is checked again.
    if isinstance(at, int) and 0 <= at < len(knob.stops):
        settings.put(knob, knob.stops[at])
        st.switch_page(SEE_IT)


def workers() -> int:
    """Return the num_workers that the visitor chose."""
    return int(settings.of(WORKERS_KNOB))


def remember_workers() -> None:
    """Keep the num_workers that the player reports."""
    reported = st.session_state[PLAYER_KEY].get("selected")
    settings.put(WORKERS_KNOB, reported if reported in WORKERS else DEFAULT_WORKERS)


def _slider(knob: Number) -> None:
    chosen = settings.of(knob)
    settings.show_in(knob.key, chosen)
    st.select_slider(
        knob.label,
        _stops(knob, chosen),
        value=chosen,
        format_func=plain,
        help=knob.question,
        key=knob.key,
        on_change=settings.take,
        args=(knob, knob.key),
    )


def _stops(knob: Number, chosen: Any) -> list[Any]:
    """Return what a slider offers, with every value between its stops that came from a link or a preset."""
    own: set[Any] = st.session_state.setdefault("own stops", {}).setdefault(knob.key, set())
    if chosen not in knob.stops:
        own.add(chosen)
    return sorted({*knob.stops, *own})
