"""Offer every other setting behind one button, in named groups, and show how many of them were changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages._ui import settings
from pages._ui.knobs import Choice, Knob, Number, Switch, plain
from pages._ui.offered import GROUPS, MORE
from pages._ui.offered.machine import MACHINE_KNOB


def show(without: str) -> None:
    """Show the button, the changed settings with one click to reset them, and the groups while it is open.

    Only the open group has widgets: all of them would make every slider of the page slower by a quarter.
    """
    with st.container(key="more", width="content", gap=None):
        opened = st.popover("More knobs", key="more_knobs", on_change="rerun", width="stretch")
        changed = [knob for knob in MORE if knob.key != without and settings.of(knob) != knob.default]
        if changed:
            _mark(changed)
    if opened.open:
        with opened:
            tabs = st.tabs(list(GROUPS), key="more_groups", on_change="rerun")
        for tab, knobs in zip(tabs, GROUPS.values(), strict=True):
            if tab.open:
                with tab:
                    _group([knob for knob in knobs if knob.key != without])


def _group(knobs: Sequence[Knob]) -> None:
    """Show numbers and choices above switches."""
    with st.container(key="numbers"):
        for knob in knobs:
            if not isinstance(knob, Switch):
                _widget(knob)
    with st.container(key="switches"):
        for knob in knobs:
            if isinstance(knob, Switch):
                _widget(knob)


def _mark(changed: Sequence[Knob]) -> None:
    """Show how many hidden settings differ from their defaults; a click resets them."""
    words = ", ".join(f"{knob.label} {_shown(knob)}" for knob in changed)
    st.button(
        f"{len(changed)} changed: reset",
        type="tertiary",
        key="reset",
        help=f"Changed: {words}. A click sets them back.",
        on_click=settings.reset,
        args=(changed,),
        width="stretch",
    )


def _shown(knob: Knob) -> str:
    value = settings.of(knob)
    if isinstance(knob, Choice):
        return knob.option(value).name
    return ("on" if value else "off") if isinstance(knob, Switch) else plain(value)


def _widget(knob: Knob) -> None:
    key, value = f"more_{knob.key}", settings.of(knob)
    settings.show_in(key, value)
    label = knob.label if value == knob.default else f"**{knob.label}**"
    how: dict[str, Any] = {"key": key, "help": knob.question, "on_change": _take, "args": (knob, key)}
    if isinstance(knob, Switch):
        st.toggle(label, value, **how)
    elif isinstance(knob, Choice):
        names = {one.word: one.name for one in knob.options}
        st.selectbox(label, list(names), list(names).index(value), format_func=names.__getitem__, **how)
    elif isinstance(knob, Number):
        kind = int if knob.whole else float
        how |= {"min_value": kind(knob.low), "max_value": kind(knob.high), "step": kind(knob.step)}
        st.number_input(label, value=kind(value), format="%d" if knob.whole else "%g", **how)


def _take(knob: Knob, widget: str) -> None:
    settings.take(knob, widget)
    if knob is MACHINE_KNOB:
        settings.fill("machine", MACHINE_KNOB.field_value(settings.of(knob)))
