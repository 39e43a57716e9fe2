"""Offer workloads to start from, each of which fills the knobs of the workload."""

from __future__ import annotations

import streamlit as st

from dataloader_sim import Workload
from dataloader_sim.presets import SOURCES, WORKLOADS
from pages._ui import settings
from pages._ui.format import titled
from pages._ui.offered import BASE

KEY = "workload_preset"
PRESETS: dict[str, Workload] = {"First lesson": BASE.workload, **WORKLOADS}


def show() -> None:
    """Show which preset the workload is, if any, and fill the knobs from the one that is chosen."""
    current = next((name for name, one in PRESETS.items() if settings.are("workload", one)), None)
    settings.show_in(KEY, current)
    source = f" {titled(current)}: {SOURCES[current]}." if current in SOURCES else ""
    st.selectbox(
        "Workload",
        list(PRESETS),
        index=None if current is None else list(PRESETS).index(current),
        format_func=titled,
        placeholder="Your own",
        help=f"What does the run load and train on? A choice fills the knobs; each can then be changed.{source}",
        key=KEY,
        on_change=_fill,
    )


def _fill() -> None:
    chosen = st.session_state[KEY]
    settings.fill("workload", PRESETS.get(chosen, BASE.workload))
