"""Follow a run while it goes on: progress, and each cell as it arrives."""

from __future__ import annotations

import streamlit as st

from bench import jobs
from bench.jobs import RunView
from bench.runs import plan
from pages._ui import format as fmt
from pages.measure import _kept, _result, _wording
from pages.measure._sentence import told

EVERY_S = 0.5


@st.fragment(run_every=EVERY_S)
def progress(run_id: int) -> None:
    """Show how far a run is; when it ends the whole page runs once more and shows the result."""
    with told():
        view = _view(run_id)
        st.progress(view.share, text=said(view))


@st.fragment(run_every=EVERY_S)
def cells(run_id: int) -> None:
    """Show what a run has measured so far."""
    with told():
        view = _view(run_id)
        st.caption(f"{_wording.title(view.run)}, started by {view.run.who}")
        _result.picture(_kept.gather(view.run, view.trials))


def said(view: RunView) -> str:
    """Say what is running now, how much is done, and how long it will take."""
    left = "time left not known yet" if view.left_s is None else f"about {fmt.seconds(round(view.left_s))} left"
    clock = f"{fmt.share(view.share)} done, {fmt.seconds(round(view.elapsed_s))} elapsed, {left}"
    return f"{_now(view)}  \n{clock}"


def _view(run_id: int) -> RunView:
    view = jobs.current()
    if view is None or view.run.id != run_id:
        st.rerun()
    return view


def _now(view: RunView) -> str:
    if view.phase == "pictures":
        return f"Making the pictures, once: {view.done:,} of {view.total_of_phase:,}"
    planned = plan.trials(view.run.spec)[len(view.trials) :]
    if view.phase == "starting" or not planned:
        return "Starting" if view.phase == "starting" else "Finishing"
    batches = f", batch {view.done} of {view.total_of_phase}" if view.total_of_phase else ", its processes start"
    return f"Trial {len(view.trials) + 1} of {view.total}: num_workers {planned[0].num_workers}{batches}"
