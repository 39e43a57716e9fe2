"""Start and cancel a run: two buttons that stay where they are."""

from __future__ import annotations

import streamlit as st

from bench import jobs
from bench.jobs import RunView
from bench.runs.plan import SweepSpec
from pages._ui import format as fmt
from pages.measure import _live, _opened, _settings
from pages.measure._sentence import told

STATUS_PX = 78


@st.fragment
def panel(live: RunView | None) -> None:
    """Show the settings, how long they will take, and the buttons; a change of a setting runs nothing else."""
    spec = None
    with told():
        spec = _settings.choose()
    # One place of one height says how long it will take and then how far it is: the buttons stay where they are.
    with st.container(height=STATUS_PX, border=False, key="status"):
        if live is not None:
            _live.progress(live.run.id)
        elif spec is not None:
            st.caption(f"Takes about **{fmt.seconds(round(spec.estimate_s))}**: {_trials(spec)}.")
    with st.container(horizontal=True, key="buttons"):
        run = st.button("Run", type="primary", disabled=spec is None or live is not None, key="start", width=120)
        cancel = st.button("Cancel", disabled=live is None, key="cancel", width=120)
    with told():
        if run and spec is not None and live is None:
            _opened.remember(jobs.start(spec))
            st.rerun()
        if cancel and live is not None:
            jobs.cancel(live.run.id)
            _opened.remember(live.run.id)
            st.rerun()


def _trials(spec: SweepSpec) -> str:
    count = len(spec.num_workers) * spec.repeats
    trials = "1 trial" if count == 1 else f"{count} trials"
    return f"{trials}, each a real DataLoader in its own process"
