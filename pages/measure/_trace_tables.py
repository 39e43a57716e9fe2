"""Show the batches of a trace as a table, and the costs that were calibrated from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from bench.calibration.calibration import Calibration
from bench.calibration.quantity import Quantity
from dataloader_sim.timeline import Array
from pages._ui import format as fmt
from pages._ui import traced
from pages.measure._trace_chosen import Chosen, calibrated

MOST_ROWS = 20_000
_MS = 1e3
# Field of the table, name on screen, what one of the field is on screen.
_TIMES = (
    ("sent_s", "Sent, ms"),
    ("load_start_s", "Load starts, ms"),
    ("loaded_s", "Loaded, ms"),
    ("load_s", "Load, ms"),
    ("held_s", "Held, ms"),
    ("put_s", "Put, ms"),
    ("received_s", "Received, ms"),
    ("step_s", "Step, ms"),
)


def show(chosen: Chosen) -> None:
    """Show a row per batch, then a row per calibrated cost."""
    st.markdown("#### Batches, measured")
    facts = traced.batches(chosen.timeline)
    st.dataframe(columns(facts[:MOST_ROWS]), hide_index=True, key=f"batches-{chosen.key}", column_config=_formats())
    said = "In the order handed over; times since iter(loader). A click on a column's name sorts. Worker -1 is the "
    said += "training process. Load is fetch and collate; held: it was there and waited for its hand-over."
    if facts.size > MOST_ROWS:
        said = f"The first {MOST_ROWS:,} of {facts.size:,} batches; the CSV file has all. {said}"
    st.caption(said)
    calibration = calibrated(chosen.timeline)
    if isinstance(calibration, Calibration):
        st.markdown("#### Costs calibrated from the trace")
        st.table([_quantity(one) for one in calibration.quantities], border="horizontal", hide_index=True)


def columns(facts: Array) -> dict[str, Any]:
    """Return the table's columns by their names on screen; what was not seen is empty."""
    seen: dict[str, Any] = {"Epoch": facts["epoch"] + 1, "Batch": facts["batch"], "Worker": facts["worker"]}
    seen |= {label: facts[name] * _MS for name, label in _TIMES}
    seen |= {"Blocked, %": facts["blocked_share"] * 100, "CPU, %": facts["cpu_share"] * 100}
    for name, label in (("samples", "Samples"), ("tensor_bytes", "Tensors, bytes")):
        seen[label] = np.where(facts[name] < 0, np.nan, facts[name].astype(np.float64))
    return seen


def _formats() -> dict[str, Any]:
    times = {label: st.column_config.NumberColumn(format="%.3f") for _name, label in _TIMES}
    shares = {label: st.column_config.NumberColumn(format="%.1f") for label in ("Blocked, %", "CPU, %")}
    return times | shares | {label: st.column_config.NumberColumn(format="%.0f") for label in ("Samples",)}


def _quantity(one: Quantity) -> dict[str, str]:
    sure = one.low < one.high
    return {
        "Cost": fmt.literal(one.name.rpartition(".")[2]),
        "Value": _written(one.name, one.value),
        "95 %": fmt.span(one.low, one.high, lambda value: _written(one.name, value)) if sure else "no interval",
        "Observations": f"{one.count:,}" if one.count else "",
        "Known from": "this machine" if one.source == "machine" else one.source,
        "Note": fmt.literal(one.note),
    }


def _written(name: str, value: float) -> str:
    if name.endswith("bytes_per_s"):
        return "no limit" if np.isinf(value) else f"{fmt.size(value)}/s"
    if name.endswith("_bytes"):
        return fmt.size(value)
    return fmt.seconds(value) if name.endswith("_s") else f"{value:,.4g}"
