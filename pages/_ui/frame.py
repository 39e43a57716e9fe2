"""Frame every page alike: settings, title, verdict, errors in one sentence."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dataloader_sim import Sweep, Verdict, judge
from dataloader_sim.bounds import KNEE_TOLERANCE
from pages._ui import compiling
from pages._ui import format as written

ASSETS = Path(__file__).parents[2] / "assets"
LOOK_EVERY_S = 1.0
_running: set[int] = set()
_LOG = logging.getLogger(__name__)


def set_up() -> None:
    """Set what the browser shows around every page, and the style that all pages share."""
    st.set_page_config(page_title="DataLoader Lab", page_icon=str(ASSETS / "icon.png"), layout="wide")
    st.html(ASSETS / "frame.css")
    compiling.start()


def run(page: Any) -> None:
    """Run a page; an error is one sentence for the visitor and a traceback in the server's log."""
    came = st.session_state.get("page") != page.url_path
    st.session_state.update({"page": page.url_path, "entered": came or went_back()})
    _running.add(threading.get_ident())
    try:
        page.run()
    except ValueError as error:
        _LOG.exception("a page refused its input")
        st.error(written.sentence(error))
    finally:
        _running.discard(threading.get_ident())
        compiling.page_sent()


def entered() -> bool:
    """Return whether the visitor has just come to this page, or to this link of it: its settings are to be read."""
    return bool(st.session_state.get("entered"))


def went_back() -> bool:
    """Return whether the visitor has just gone back or forward in the browser's history."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


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
    reached = f"{_reached(run, at)} at {label} = {shown[at]:g}"
    of_workers = run.knee if run.axis == "loader.num_workers" else None
    verdict(
        judge(run.timelines[at], of_workers),
        f"{reached}, the first value within {written.share(KNEE_TOLERANCE)} of the best.",
    )


def _reached(run: Sweep, at: int) -> str:
    """Write a throughput, with what its seeds span where they differ."""
    if run.band is None:
        return written.rate(run.metrics[at].samples_per_s)
    band = run.band[at]
    low, median, high = (written.rate(one) for one in (band.low, band.median, band.high))
    return median if low == high else f"{median} ({low.partition(' ')[0]} to {high}, depending on the seed)"


def while_compiling(said: str) -> str:
    """Return `said` while the simulator is being compiled, which is once for an installation, else nothing."""
    return said if compiling.under_way() else ""


@contextmanager
def waiting_for_simulator() -> Iterator[None]:
    """Say why the block takes seconds, when it does."""
    with st.spinner("The simulator compiles, once for this installation.") if compiling.under_way() else nullcontext():
        yield


def run_again_when(improved: Callable[[], bool] | None) -> None:
    """Run the page once more as soon as what it shows can be improved; None: it cannot.

    `improved` is asked now and then every second, and may do the work that it reports.
    """
    if improved is not None:
        _look_again(improved)


@st.fragment(run_every=LOOK_EVERY_S)
def _look_again(improved: Callable[[], bool]) -> None:
    if improved():
        st.rerun()


def others_wait() -> bool:
    """Return whether the server runs a page for another visitor as well."""
    return len(_running) > 1


def dark() -> bool:
    """Return whether the visitor's theme is dark, for pictures that choose their own colours."""
    return st.context.theme.type == "dark"
