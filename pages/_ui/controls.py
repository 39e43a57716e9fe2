"""Offer the settings of a scenario as widgets whose state lives in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from dataloader_sim import LoaderConfig, Scenario, Workload
from dataloader_sim.sweep import vary
from pages._ui import format as text
from pages._ui import frame

SEE_IT = "pages/explore/see_it.py"
WORKERS = tuple(range(17))
WORKERS_KEY = "num_workers"
PLAYER_KEY = "see"
DEFAULT_WORKERS = 2
# A step that two workers cannot feed and four can: the lesson is one drag away.
BASE = Scenario(
    workload=Workload(batches=48, step_s=0.05, jitter=0.5),
    loader=LoaderConfig(num_workers=DEFAULT_WORKERS),
)


@dataclass(frozen=True, kw_only=True)
class Knob:
    """Describe one setting: its key in the URL, its field, what it offers and how it is shown.

    scale: what one unit on screen is in the field's unit, e.g. 0.001 for milliseconds.
    """

    key: str
    label: str
    axis: str
    options: tuple[Any, ...]
    default: Any
    question: str
    scale: float | None = None

    def field_value(self, shown: Any) -> Any:
        """Turn the number on screen into the field's."""
        return shown if self.scale is None else shown * self.scale


MILLISECONDS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
STEPS = (0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0)

KNOBS = (
    Knob(
        key="prefetch_factor",
        label="Prefetch factor",
        axis="loader.prefetch_factor",
        options=(1, 2, 3, 4, 6, 8, 12, 16),
        default=2,
        question="How many batches may each worker have outstanding, the one in progress included?",
    ),
    Knob(
        key="batch_size",
        label="Batch size",
        axis="workload.batch_size",
        options=(1, 2, 4, 8, 16, 32, 64, 128, 256),
        default=32,
        question="How many samples make one batch? One worker loads a whole batch.",
    ),
    Knob(
        key="io_ms",
        label="Sample I/O, ms",
        axis="workload.io_s",
        options=MILLISECONDS,
        default=4.0,
        question="How long does one sample wait for storage or network? Waiting uses no core.",
        scale=0.001,
    ),
    Knob(
        key="cpu_ms",
        label="Sample CPU, ms",
        axis="workload.cpu_s",
        options=MILLISECONDS,
        default=2.0,
        question="How long does one sample need a core, to decode and transform?",
        scale=0.001,
    ),
    Knob(
        key="jitter",
        label="Jitter",
        axis="workload.jitter",
        options=(0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
        default=0.5,
        question="How uneven are the samples? The coefficient of variation of a sample's cost, log-normal.",
    ),
    Knob(
        key="step_ms",
        label="Step time, ms",
        axis="workload.step_s",
        options=STEPS,
        default=50.0,
        question="How long does the GPU train on one batch?",
        scale=0.001,
    ),
    Knob(
        key="cores",
        label="Cores",
        axis="machine.cores",
        options=(0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0),
        default=8.0,
        question="How many cores do the workers share?",
    ),
)


WORKERS_KNOB = Knob(
    key=WORKERS_KEY,
    label="num_workers",
    axis="loader.num_workers",
    options=WORKERS,
    default=DEFAULT_WORKERS,
    question="How many processes load batches?",
)


def scenario(without: str) -> Scenario:
    """Show the knobs in a row and return the scenario that they and the URL describe.

    `without` names the knob that the page shows in another way, in its player or as its axis.
    """
    _warn_of_nonsense()
    knobs = [knob for knob in (WORKERS_KNOB, *KNOBS) if knob.key != without]
    shown_before = set() if frame.entered() else st.session_state.get("knobs shown", set())
    st.session_state["knobs shown"] = {knob.key for knob in knobs}
    built = vary(BASE, WORKERS_KNOB.axis, workers())
    with st.container(horizontal=True, key="knobs", gap="small"):
        for knob in knobs:
            built = _set(built, knob, _slider(knob, new=knob.key not in shown_before))
    return built


def axis() -> Knob:
    """Let the visitor choose the setting to vary."""
    knobs = {knob.key: knob for knob in (WORKERS_KNOB, *KNOBS)}
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
    if points and "customdata" in points[0]:
        _chosen()[knob.key] = knob.options[int(points[0]["customdata"])]
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
    reported = st.session_state[PLAYER_KEY]["selected"]
    # What arrives from a browser is checked again.
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


def _set(scenario: Scenario, knob: Knob, shown: Any) -> Scenario:
    """Set a knob's field; without workers there is nothing to prefetch, as torch has it."""
    if knob.axis == "loader.prefetch_factor" and scenario.loader.num_workers == 0:
        return scenario
    return vary(scenario, knob.axis, knob.field_value(shown))


def _slider(knob: Knob, *, new: bool) -> Any:
    # A slider that was not on the page before starts from its default, unless its value is written here again.
    known = _chosen().get(knob.key, knob.default)
    if new and known != knob.default and knob.key not in st.query_params:
        st.query_params[knob.key] = _plain(known)
        st.session_state[knob.key] = known
    chosen = st.select_slider(
        knob.label,
        knob.options,
        value=knob.default,
        format_func=_plain,
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


def _plain(value: float) -> str:
    return f"{value:g}"


def _warn_of_nonsense() -> None:
    """Say which parameters of the link are not used, rather than show something else in silence."""
    accepted = {knob.key: knob.options for knob in (WORKERS_KNOB, *KNOBS)}
    for key, options in accepted.items():
        written = st.query_params.get(key)
        if written is not None and written not in {_plain(option) for option in options}:
            wanted = f"a value from {_plain(min(options))} to {_plain(max(options))} that its slider offers"
            got = f"{key} must be {wanted}, got {written[:40]!r} in the link: its default is shown instead"
            st.warning(text.sentence(got))
