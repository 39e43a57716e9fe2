"""Hold what a visitor has set, on whichever page: read from the link, written into it, reset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import streamlit as st

from dataloader_sim import Machine, Scenario, Workload
from pages._ui import format as text
from pages._ui import frame
from pages._ui.knobs import Knob, build, plain
from pages._ui.offered import ALL, AXIS

_PROBLEMS, _CAME_BARE = "problems of the link", "came by a bare link"


def of(knob: Knob) -> Any:
    """Return what a setting stands at."""
    return _kept().get(knob.key, knob.default)


def put(knob: Knob, value: Any) -> None:
    """Set a setting; what it does not accept becomes its default, as what a browser sends may be anything."""
    if knob.accepts(value) and value != knob.default:
        _kept()[knob.key] = value
    else:
        _kept().pop(knob.key, None)


def take(knob: Knob, widget: str) -> None:
    """Set a setting to what its widget was changed to, before the page is run."""
    put(knob, st.session_state[widget])
    st.session_state[_PROBLEMS] = []


def reset(knobs: Iterable[Knob]) -> None:
    """Set settings back to their defaults."""
    for knob in knobs:
        _kept().pop(knob.key, None)


def fill(part: str, owner: Machine | Workload) -> None:
    """Set every knob of a part of the scenario, 'machine' or 'workload', to what a preset holds."""
    for knob, value in _of_part(part, owner):
        put(knob, value)


def show_in(key: str, value: Any) -> None:
    """Have a widget show a value that a preset, a link or the reset set behind its back."""
    if st.session_state.get(key, value) != value:
        st.session_state[key] = value


def are(part: str, owner: Machine | Workload) -> bool:
    """Return whether the knobs of a part of the scenario stand where a preset would put them."""
    return all(of(knob) == value for knob, value in _of_part(part, owner))


def scenario(without: str = "") -> Scenario:
    """Return the scenario that the settings describe, one of them at its default.

    Raises ValueError for what does not go together.
    """
    return build(ALL, {key: value for key, value in _kept().items() if key != without})


def read_link() -> None:
    """Take over what the link says, and say which parts are not used rather than show something else in silence.

    It is said until the visitor changes a setting, which is when the page's own link takes over.
    """
    if frame.entered():
        read = () if _says_nothing() else (*ALL, AXIS)
        st.session_state[_PROBLEMS] = [problem for knob in read for problem in _read(knob)]
    for problem in st.session_state.get(_PROBLEMS, ()):
        st.warning(problem)


def _says_nothing() -> bool:
    """Return whether the link is that of a page's name on top: it opens the page and leaves the settings alone."""
    bare = not any(knob.key in st.query_params for knob in (*ALL, AXIS))
    if not frame.went_back():
        st.session_state[_CAME_BARE] = bare and bool(_kept())
    return bare and bool(st.session_state.get(_CAME_BARE))


def _read(knob: Knob) -> Iterator[str]:
    """Take over one setting from the link; yield what is wrong with it."""
    written = st.query_params.get(knob.key)
    if written is not None:
        try:
            put(knob, knob.read(written))
        except ValueError:
            put(knob, knob.default)
            problem = f"{knob.key} must be {knob.rule}, got {written[:40]!r} in the link"
            yield text.sentence(f"{problem}: its default is shown instead")
    elif frame.went_back():
        put(knob, knob.default)


def write_link() -> None:
    """Write the settings into the link, so that it reproduces the picture; defaults are left out.

    In one go, so that the browser's way back has one step for each change.
    """
    known = {knob.key: knob for knob in (*ALL, AXIS)}
    wanted = {key: value for key, value in st.query_params.items() if key not in known}
    wanted |= {key: plain(of(knob)) for key, knob in known.items() if of(knob) != knob.default}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def _of_part(part: str, owner: Machine | Workload) -> list[tuple[Knob, Any]]:
    fields = [(knob, *knob.field.rpartition(".")[::2]) for knob in ALL]
    return [(knob, knob.shown(getattr(owner, name))) for knob, of_part, name in fields if of_part == part]


def _kept() -> dict[str, Any]:
    """Return what differs from the defaults, by the link's names."""
    kept: dict[str, Any] = st.session_state.setdefault("settings", {})
    return kept
