"""Show what a sample costs: its spread, the slow ones by their index, and the steps of the transform."""

from __future__ import annotations

import streamlit as st

from dataloader_sim import Timeline
from pages._ui import format as fmt
from pages._ui import frame, traced
from pages._ui.figures import spread
from pages.measure._trace_chosen import Chosen


def show(chosen: Chosen) -> None:
    """Show the distribution of a sample's cost and, where they were traced, the steps of the transform."""
    costs = traced.costs(chosen.timeline)
    if costs:
        st.markdown("#### What one sample costs, measured")
        st.table([_row(one) for one in costs], border="horizontal", hide_index=True)
        picture = spread.figure(traced.quantiles_s(chosen.timeline), dark=frame.dark())
        st.plotly_chart(picture, key=f"spread-{chosen.key}", config={"displayModeBar": False})
        st.markdown(slow(chosen.timeline))
    elif chosen.timeline.observed is not None:
        st.caption("Samples were not seen one by one: the dataset loads whole batches (__getitems__), or is a stream.")
    steps = traced.steps(chosen.timeline)
    if steps:
        st.markdown("#### Steps of the transform, measured")
        st.table([_step(one) for one in steps], border="horizontal", hide_index=True)


def slow(timeline: Timeline) -> str:
    """Say which samples took several times as long as the median one."""
    rows = traced.slow_samples(timeline)
    of = timeline.observed.samples.size if timeline.observed else 0
    if not rows.size:
        return f"None of {of:,} samples took more than {traced.SLOW_TIMES:g} times as long as the median one."
    named = [
        (f"index {one['index']}" if one["index"] >= 0 else f"one in batch {one['batch']}")
        + f" ({fmt.seconds(float(one['wall_s']))})"
        for one in rows[: traced.MOST_NAMED]
    ]
    more = f" and {rows.size - len(named):,} more" if rows.size > len(named) else ""
    return (
        f"{rows.size:,} of {of:,} samples took more than {traced.SLOW_TIMES:g} times as long as the median one: "
        f"{', '.join(named)}{more}."
    )


def _row(one: traced.Spread) -> dict[str, str]:
    quantiles = zip(traced.QUANTILES, one.quantiles_s, strict=True)
    return {"Time of a sample": one.name, "mean": fmt.seconds(one.mean_s)} | {
        name: fmt.seconds(value) for (name, _share), value in quantiles
    }


def _step(one: traced.Step) -> dict[str, str]:
    each = fmt.seconds(one.wall_s / one.calls) if one.calls else ""
    return {
        "Step": fmt.literal(one.name),
        "Share of the transform": fmt.share(one.share),
        "Each call": each,
        "In all": fmt.seconds(one.wall_s),
        "Calls": f"{one.calls:,}",
    }
