"""Offer the settings of a scenario as widgets whose state lives in the URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dataloader_sim import Scenario
from pages._ui import format as text
from pages._ui import frame
from pages._ui.knobs import BASE, DEFAULT_WORKERS, KNOBS, WORKERS, WORKERS_KNOB, Knob, plain, put

SEE_IT = "pages/explore/see_it.py"
WORKERS_KEY = WORKERS_KNOB.key
PLAYER_KEY = "see"


def scenario(without: str) -> Scenario:
    """Show the knobs in a row and return the scenario that they and the URL describe.

    `without` names the knob that the page shows in another way, in its player or as its axis.
    """
    _warn_of_nonsense()
    knobs = [knob for knob in (WORKERS_KNOB, *KNOBS) if knob.key != without]
    shown_before = set() if frame.entered() else st.session_state.get("knobs shown", set())
    st.session_state["knobs shown"] = {knob.key for knob in knobs}
    built = BASE
    with st.container(horizontal=True, key="knobs", gap="small"):
        # num_workers stands first, and without workers nothing is prefetched, so it is put in last.
        for knob, shown in reversed([(knob, _slider(knob, new=knob.key not in shown_before)) for knob in knobs]):
            built = put(built, knob, shown)
    return built


def axis() -> Knob:
    """Let the visitor choose the setting to vary."""
    knobs = {knob.key: knob for knob in (WORKERS_KNOB, *KNOBS)}
    written, labels = st.query_params.get("axis"), [knob.label for knob in knobs.values()]
    if written is not None and written not in labels:
        _warn(f"axis must be one of {'; '.join(labels)}", written)
    chosen = st.segmented_control(
        "Vary",
        list(knobs),
        format_func=lambda key: knobs[key].label,
        default=WORKERS_KEY,
        key="axis",
        bind="query-params",
        required=True,
    )
    return knobs.get(str(chosen), WORKERS_KNOB)


def open_picked(picked: Any, knob: Knob) -> None:
    """Open See it at the point that was clicked in a curve along `knob`."""
    points = picked.selection.points if picked else []
    at = points[0].get("customdata") if points else None
    # What arrives from a browser is checked again.
    if isinstance(at, int) and 0 <= at < len(knob.options):
        _chosen()[knob.key] = knob.options[at]
        # The other settings cannot be handed over in the URL, which belongs to their widgets.
        st.switch_page(SEE_IT, query_params=_workers_in_url(workers()))


def workers() -> int:
    """Return the num_workers that the URL names, else the one last chosen, else the default."""
    written = st.query_params.get(WORKERS_KEY, "")
    if frame.entered() and written in map(str, WORKERS):
        _chosen()[WORKERS_KEY] = int(written)
    return int(_chosen().get(WORKERS_KEY, DEFAULT_WORKERS))


def remember_workers() -> None:
    """Keep the num_workers that the player reports."""
    reported = st.session_state[PLAYER_KEY].get("selected")
    _chosen()[WORKERS_KEY] = reported if isinstance(reported, int) and reported in WORKERS else DEFAULT_WORKERS


def write_workers() -> None:
    """Write num_workers into the URL, so that the link reproduces the picture; the default is left out."""
    wanted = _workers_in_url(workers()).get(WORKERS_KEY)
    if wanted is None:
        st.query_params.pop(WORKERS_KEY, None)
    elif st.query_params.get(WORKERS_KEY) != wanted:
        st.query_params[WORKERS_KEY] = wanted


def _workers_in_url(chosen: int) -> dict[str, str]:
    return {} if chosen == DEFAULT_WORKERS else {WORKERS_KEY: str(chosen)}


def _slider(knob: Knob, *, new: bool) -> Any:
    # A slider that was not on the page before starts from its default, unless its value is written here again.
    known = _chosen().get(knob.key, knob.default)
    if new and known != knob.default and knob.key not in st.query_params:
        st.query_params[knob.key] = plain(known)
        st.session_state[knob.key] = known
    chosen = st.select_slider(
        knob.label,
        knob.options,
        value=knob.default,
        format_func=plain,
        help=knob.question,
        key=knob.key,
        bind="query-params",
    )
    # Widgets check their bounds in the browser only: what arrives is checked again.
    _chosen()[knob.key] = chosen if chosen in knob.options else knob.default
    return _chosen()[knob.key]


def _chosen() -> dict[str, Any]:
    """Return what this visitor chose last, by the URL's names, on whichever page."""
    kept: dict[str, Any] = st.session_state.setdefault("chosen", {})
    return kept


def _warn_of_nonsense() -> None:
    """Say which parameters of the link are not used, rather than show something else in silence."""
    accepted = {knob.key: knob.options for knob in (WORKERS_KNOB, *KNOBS)}
    for key, options in accepted.items():
        written = st.query_params.get(key)
        if written is not None and written not in {plain(option) for option in options}:
            least, most = plain(min(options)), plain(max(options))
            _warn(f"{key} must be a value from {least} to {most} that its slider offers", written)


def _warn(rule: str, written: str) -> None:
    st.warning(text.sentence(f"{rule}, got {written[:40]!r} in the link: its default is shown instead"))
