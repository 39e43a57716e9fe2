"""Show the animated timeline: a canvas player that lives in the page, with every run of one knob in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from pages._ui import player_assets
from pages._ui.player_payload import PlayerRun, pack, pack_pair

__all__ = ["PlayerRun", "show", "show_pair"]


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "dataloader_lab_player",
        html=player_assets.html(),
        css=player_assets.styles(),
        js=player_assets.script(),
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


def show_pair(upper: PlayerRun, lower: PlayerRun, *, key: str) -> None:
    """Show two runs one above the other, on one clock and one scale, the whole of them at first.

    Raises ValueError as `pack_pair` does.
    """
    _component()(key=key, data=pack_pair(upper, lower), on_selected_change=_nothing)


def _nothing() -> None:
    """Do nothing: Streamlit reports a state only when it has a callback."""
