"""Show the animated timeline: a canvas player that lives in the page, with every run of one knob in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pages._ui.player_payload import PlayerRun, pack

__all__ = ["PlayerRun", "pack", "show"]

ASSETS = Path(__file__).parents[2] / "assets" / "player"
# A module stands after those that it imports from.
MODULES = (
    "format",
    "palette",
    "activities",
    "spans",
    "run",
    "decode",
    "moment",
    "caption",
    "layout",
    "lanes",
    "plumbing",
    "rows",
    "marks",
    "paint",
    "overlay",
    "clock",
    "bounds",
    "curve",
    "words",
    "legend",
    "tip",
    "pointer",
    "keys",
    "controls",
    "sizes",
    "player",
)
STYLES = ("frame", "stage", "words", "sliders", "transport", "side")
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n|^[ \t]+", re.MULTILINE)


def script() -> str:
    """Return the player as one ES module, joined from the files in assets/player.

    Streamlit takes a component's script as one text, so the files' `import` lines go (one line each) and the word
    `export` with them, except before `default`; names are therefore unique across files. Whole-line comments and
    indents go too: the text is sent again at every rerun.
    """
    parts = [(ASSETS / f"{name}.mjs").read_text(encoding="utf-8") for name in MODULES]
    return "\n".join(_COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", part))) for part in parts)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "dataloader_lab_player",
        html=(ASSETS / "player.html").read_text(encoding="utf-8"),
        css="\n".join((ASSETS / f"{name}.css").read_text(encoding="utf-8") for name in STYLES),
        js=script(),
    )


def show(
    runs: Sequence[PlayerRun],
    *,
    selected: int,
    knob: str | None,
    source: str,
    key: str,
    autoplay: bool = True,
    on_select: Callable[[], None] | None = None,
) -> int | None:
    """Show the runs in one player and return the index that the visitor selected last, None before that.

    The knob's values are the runs'; moving it switches runs in the browser at once and reports the index on
    release. `on_select` runs at that report, before the page's script: `st.session_state[key]["selected"]` is the
    index then. `selected` moves the player only when it changes between two calls. One run, or no `knob`: no knob
    and no curve. `autoplay` starts one pass by itself, unless the visitor prefers reduced motion; without it
    the whole run is shown.
    Raises ValueError as `pack` does.
    """
    if runs and not any(run.timeline.end_s for run in runs):
        st.info("Nothing in these runs takes time, so there is nothing to show: give a sample or a step a cost.")
        return None
    data = pack(runs, selected=selected, knob=knob, source=source, autoplay=autoplay)
    state = _component()(key=key, data=data, on_selected_change=on_select or _nothing)
    chosen = state.get("selected")
    return chosen if isinstance(chosen, int) and 0 <= chosen < len(runs) else None


def _nothing() -> None:
    """Do nothing: Streamlit reports a state only when it has a callback."""
