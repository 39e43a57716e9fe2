"""Say what a trace shows: the verdict with its evidence, the rates, and what is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from bench.calibration.calibration import Calibration
from dataloader_sim import Timeline
from dataloader_sim.verdict import Evidence
from pages._ui import format as fmt
from pages._ui import frame
from pages.measure._trace_chosen import Chosen, calibrated, seen, verdict


def show(chosen: Chosen) -> None:
    """Show what broke off or is missing, then the verdict, the rates and the evidence."""
    timeline = chosen.timeline
    _say_what_is_missing(timeline)
    st.caption(_about(timeline))
    found = verdict(timeline)
    # How a run broke off is told in words of the trace's: they are shown as they are written.
    plain = replace(found, finding=fmt.literal(found.finding)) if timeline.failure else found
    frame.verdict(plain)
    _rates(timeline)
    shown = [_row(one) for one in found.evidence if math.isfinite(one.value)]
    with st.expander("Evidence of the verdict"):
        st.table(shown, border="horizontal", hide_index=True)


def _say_what_is_missing(timeline: Timeline) -> None:
    if timeline.failure is not None:
        broke = timeline.failure
        what = f"{broke.kind} after {fmt.seconds(broke.at_s)}"
        st.error(f"The run broke off: {what}. {fmt.literal(broke.message)}".strip())
    if timeline.observed is None:
        st.warning("This file is no trace: it holds spans only, so costs of samples and a calibration are not in it.")
        return
    notes = " ".join(map(fmt.sentence, timeline.observed.notes))
    if timeline.observed.partial:
        st.warning(f"This trace is partial: {notes or 'what is missing was not written down.'}")
    elif notes:
        st.info(notes)


def _rates(timeline: Timeline) -> None:
    metrics, calibration = seen(timeline), calibrated(timeline)
    with st.container(horizontal=True, key="rates", gap="large"):
        st.metric("Throughput, measured", fmt.rate(metrics.samples_per_s), width="content")
        st.metric("GPU stalled, measured", fmt.share(metrics.stall_share), width="content")
        if isinstance(calibration, Calibration):
            check = calibration.self_check
            st.metric("Throughput, simulated", fmt.rate(check.predicted), width="content")
            st.metric("Error of the simulation", f"{check.error:+.1%}".replace("%", " %"), width="content")
    if isinstance(calibration, Calibration):
        said = [f"At the settings of the trace: {calibration.self_check.sentence}.", *calibration.notes]
        st.caption(fmt.literal(" ".join(said)))
    else:
        st.warning(f"Nothing can be simulated from this trace. {fmt.sentence(calibration)}")


def _row(one: Evidence) -> dict[str, str]:
    return {"What": fmt.titled(one.name), "How much": fmt.literal(fmt.evidence(one))}


def _about(timeline: Timeline) -> str:
    """Say in one line what was traced, and where."""
    loader, workload = timeline.scenario.loader, timeline.scenario.workload
    settings = f"num_workers {loader.num_workers}, batch size {workload.batch_size}"
    if loader.num_workers:
        settings += f", prefetch_factor {loader.capacity // loader.num_workers}"
    switched = [name for name in ("pin_memory", "persistent_workers") if getattr(loader, name)]
    settings = ", ".join([settings, *switched, *([] if loader.in_order else ["in_order False"])])
    rows = timeline.batches()
    epochs = len(set(rows["epoch"].tolist()))
    amount = f"{rows.size:,} batches in {epochs} epochs" if epochs > 1 else f"{rows.size:,} batches"
    origin = timeline.observed.origin if timeline.observed else {}
    where = ", ".join(f"{name} {origin[name]}" for name in ("torch", "python") if name in origin)
    machine = origin.get("cpu", "")
    on = ", ".join(one for one in (machine, where) if one)
    return fmt.literal(
        f"Measured: {amount} in {fmt.seconds(timeline.end_s)}; {settings}" + (f"; on {on}" if on else "")
    )
