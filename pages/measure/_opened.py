"""Find the run that the visitor wants to see, and show it: while it goes on, or its result."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench import jobs
from bench.jobs import RunView
from pages._ui import format as fmt
from pages.measure import _kept, _live, _result

OPENED = "opened_run"
PARAMETER = "run"
# SQLite's numbers have no more.
MOST_DIGITS = 18


def show(live: RunView | None, timelines: DeltaGenerator) -> None:
    """Show the opened run, its timelines in a container of their own; `live` is the run that goes on, if any."""
    store = jobs.default_store()
    if store.notice:
        st.warning(fmt.sentence(store.notice))
    chosen = _chosen(live)
    if live is not None and chosen == live.run.id:
        _live.cells(chosen)
    elif chosen is None:
        st.info("Nothing was measured here yet. Press Run: each cell appears here as soon as it is measured.")
    else:
        if live is not None:
            st.info(f"Run {live.run.id} is using this machine now. Below is run {chosen}.")
            # A link to the page that is open leaves the address as it is.
            if st.button(f"Watch run {live.run.id}", key="watch"):
                remember(live.run.id)
                st.rerun()
        kept = _kept.load(store, chosen)
        _result.show(kept)
        with timelines:
            _result.replay(kept)


def remember(run_id: int) -> None:
    """Show a run from now on, after a reload too."""
    st.session_state[OPENED] = run_id
    st.query_params[PARAMETER] = str(run_id)


PAGE = "pages/measure/benchmark.py"


def _chosen(live: RunView | None) -> int | None:
    """Return the run to show: the link's, else the one that goes on, else this session's or this machine's latest.

    Raises ValueError when the link names none, StoreError when the runs cannot be read.
    """
    written = st.query_params.get(PARAMETER)
    if written is not None:
        if not (written.isascii() and written.isdecimal()) or len(written) > MOST_DIGITS:
            raise ValueError(f"run must be the number of a run, got {written[:40]!r} in the link: choose one in Runs")
        return int(written)
    if live is not None:
        return live.run.id
    latest = next((run.id for run in jobs.default_store().runs()), None)
    mine: int | None = st.session_state.get(OPENED, latest)
    return mine
