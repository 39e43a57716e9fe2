"""Frame every page alike: settings, title, verdict, errors in one sentence."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dataloader_sim import Scenario, Sweep, Verdict, judge
from dataloader_sim.bounds import KNEE_TOLERANCE
from dataloader_sim.simulate import not_modelled
from pages._ui import format as written

ASSETS = Path(__file__).parents[2] / "assets"
_LOG = logging.getLogger(__name__)


def set_up() -> None:
    """Set what the browser shows around every page, and the style that all pages share."""
    st.set_page_config(page_title="DataLoader Lab", page_icon=str(ASSETS / "icon.png"), layout="wide")
    st.html(ASSETS / "frame.css")


def run(page: Any) -> None:
    """Run a page; an error is one sentence for the visitor and a traceback in the server's log."""
    st.session_state["entered"] = st.session_state.get("page") != page.url_path
    st.session_state["page"] = page.url_path
    try:
        page.run()
    except ValueError as error:
        _LOG.exception("a page refused its input")
        st.error(written.sentence(error))


def entered() -> bool:
    """Return whether the visitor has just come to this page, from another or from outside."""
    return bool(st.session_state.get("entered"))


def title(words: str, source: str = "") -> None:
    """Write a page's question, and beside it where its pictures come from."""
    badge = f" :gray-badge[{source}]" if source else ""
    st.markdown(f"## {words}{badge}")


def verdict(seen: Verdict, before: str = "") -> None:
    """Say what limits a run and what to try next, after an opening sentence."""
    st.markdown(f"{before} **{seen.finding}** {seen.advice}".strip())


def knee(run: Sweep, label: str, shown: Sequence[float]) -> None:
    """Say where a curve stops rising, and the verdict there; `shown` are its values in the label's unit."""
    at = run.values.index(run.knee)
    reached = f"{written.rate(run.metrics[at].samples_per_s)} at {label} = {shown[at]:g}"
    of_workers = run.knee if run.axis == "loader.num_workers" else None
    verdict(
        judge(run.timelines[at], of_workers),
        f"{reached}, the first value within {written.share(KNEE_TOLERANCE)} of the best.",
    )


def dark() -> bool:
    """Return whether the visitor's theme is dark, for pictures that choose their own colours."""
    return st.context.theme.type == "dark"


def limits_of_model(scenario: Scenario) -> None:
    """Name the settings that the simulator does not use yet, so that nothing is ignored in silence."""
    names = not_modelled(scenario)
    if names:
        st.info(f"Not simulated yet, shown as if left at the default: {', '.join(names)}.")
