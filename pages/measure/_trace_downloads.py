"""Offer a trace to be taken away: as its own file, as tables, for other tools, as a report."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from bench.export import document, perfetto, tables
from dataloader_sim import Timeline
from dataloader_sim.wire import timeline_to_bytes
from pages._ui import report
from pages.measure._trace_chosen import Chosen, simulated, verdict


def show(chosen: Chosen) -> None:
    """Show a button for each form; a file is made when its button is pressed."""
    timeline, name = chosen.timeline, chosen.name
    offered: list[tuple[str, str, str, Callable[[], str | bytes]]] = [
        ("Report, HTML", "html", "text/html", lambda: _report(timeline, name)),
        ("Trace file", "trace", "application/octet-stream", lambda: timeline_to_bytes(timeline)),
        ("JSON", "json", "application/json", lambda: json.dumps(document.document(timeline))),
        ("Perfetto", "perfetto.json", "application/json", lambda: json.dumps(perfetto.perfetto(timeline))),
        ("Batches, CSV", "batches.csv", "text/csv", lambda: tables.batches_csv(timeline)),
    ]
    seen = timeline.observed
    if seen is not None and seen.samples.size:
        offered.append(("Samples, CSV", "samples.csv", "text/csv", lambda: tables.samples_csv(timeline)))
    if seen is not None and seen.transforms.size:
        offered.append(("Transforms, CSV", "transforms.csv", "text/csv", lambda: tables.transforms_csv(timeline)))
    st.markdown("#### Take it away")
    with st.container(horizontal=True, key="downloads"):
        for label, ending, kind, made in offered:
            st.download_button(label, made, f"{name}.{ending}", kind, key=f"{ending}-{chosen.key}", on_click="ignore")
    st.caption(
        "The report is one page for a colleague without the app; it loads nothing from anywhere. "
        "Open the Perfetto file at ui.perfetto.dev, which reads it in your browser."
    )


def _report(timeline: Timeline, name: str) -> str:
    """Return the report with the page's own advice; a trace without a step has none."""
    try:
        advice = verdict(timeline).advice
    except ValueError:
        advice = ""
    return report.page(timeline, name=name, simulated=simulated(timeline), advice=advice)
