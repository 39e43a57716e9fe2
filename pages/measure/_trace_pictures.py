"""Show the measured timeline above the simulated one, on one clock, and how far they are apart at each batch."""

from __future__ import annotations

import streamlit as st

from dataloader_sim import Timeline, bounds, judge, metrics
from pages._ui import format as fmt
from pages._ui import frame, player, words
from pages._ui.figures import difference
from pages._ui.window import Cut, Window, around, cut, same, whole, worst_stall
from pages.measure import _trace_difference
from pages.measure._sentence import told
from pages.measure._trace_chosen import Chosen, seen, simulated, verdict

# So many batches can be told apart, and are sent at once.
SHOWN = 120
MOST_SHOWN = 2_000
FIRST, MIDDLE, STALL, OWN = "First batches", "Middle", "Longest stall", "Choose"


@st.fragment
def show(chosen: Chosen) -> None:
    """Show both timelines over a window of batches, then their difference."""
    with told():
        _show(chosen)


def _show(chosen: Chosen) -> None:
    st.markdown("#### Measured above simulated, on one clock")
    measured = chosen.timeline
    window = _choose(measured, chosen.key)
    other = simulated(measured)
    place = same(window, measured, other) if other is not None else None
    upper = cut(measured, window)
    if other is None or place is None:
        if other is not None:
            st.info("The simulation of this long run does not reach these batches: they are shown as measured alone.")
        player.show([_run(upper, measured)], selected=0, knob=None, source=words.MEASURED, key=f"alone-{chosen.key}")
        return
    lower = cut(other, place)
    st.caption(_what_is_shown(measured, window, upper, lower))
    player.show_pair(_run(upper, measured), _run(lower, other), key=f"pair-{chosen.key}")
    _show_difference(_trace_difference.between((measured, upper), (other, lower), window), chosen.key)


def _choose(timeline: Timeline, key: str) -> Window:
    """Return all batches of a short run; of a long one those that the visitor wants to see."""
    every = whole(timeline)
    if every.batches <= SHOWN:
        return every
    how = st.segmented_control("Batches shown", [FIRST, MIDDLE, STALL, OWN], default=FIRST, key=f"shown-{key}")
    if how == OWN:
        ends = (every.first, every.last)
        chosen = st.slider("From batch, to batch, in the order handed over", *ends, (0, SHOWN - 1), key=f"range-{key}")
        low, high = (min(max(int(one), every.first), every.last) for one in chosen)
        if high - low >= MOST_SHOWN:
            st.caption(f"The first {MOST_SHOWN:,} of them are shown.")
        return Window(first=low, last=min(high, low + MOST_SHOWN - 1))
    middle = {MIDDLE: every.batches // 2, STALL: worst_stall(timeline)}.get(how or FIRST, 0)
    return around(timeline, middle, SHOWN)


def _run(part: Cut, of: Timeline) -> player.PlayerRun:
    """Return a part of a run as the player shows it, its numbers those of the part where it has any."""
    try:
        numbers, found = metrics(part.timeline), judge(part.timeline)
    except ValueError:
        numbers, found = seen(of), verdict(of)
    return player.PlayerRun(
        value=of.scenario.loader.num_workers,
        timeline=part.timeline,
        metrics=numbers,
        verdict=found,
        bound=bounds(of.scenario).gpu,
        until_s=part.until_s,
    )


def _what_is_shown(timeline: Timeline, window: Window, upper: Cut, lower: Cut) -> str:
    every = whole(timeline)
    ends = timeline.batches()[[window.first, window.last]]
    if window == every:
        return (
            f"All {every.batches:,} batches. Above: measured. Below: simulated with the costs calibrated from the "
            "trace, at the same settings. Both clocks start at iter(loader); point at a batch to see it in both."
        )
    several = every.batches and timeline.batches()["epoch"].max() > 0
    names = [f"batch {one['batch']}" + (f" of epoch {one['epoch'] + 1}" if several else "") for one in ends]
    return (
        f"{window.batches:,} of {every.batches:,} batches: {names[0]} to {names[1]}. Above: measured, from "
        f"{fmt.seconds(upper.at_s)}. Below: simulated at the same settings, from {fmt.seconds(lower.at_s)}. "
        "Both clocks start when the batch before was done; what had begun before is cut there."
    )


def _show_difference(found: _trace_difference.Difference, key: str) -> None:
    st.markdown(f"**{found.sentence}** {found.loads}")
    picture = difference.figure(found.places, found.hand_over_s, found.load_s, dark=frame.dark())
    st.plotly_chart(picture, key=f"difference-{key}", config={"displayModeBar": False})
    st.caption("Simulated minus measured: above 0 the simulation is late, or takes longer; below 0 it is early.")
