"""List the kept runs and let the visitor tick one to open or two to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from bench.runs.records import Run
from bench.runs.store import Store
from pages._ui import format as fmt
from pages.measure import _kept, _opened, _table, _wording

PARAMETER = "runs"
MOST_CHOSEN = 2
_ROW_PX = 35
_MOST_ROWS = 10


def choose(store: Store, runs: Sequence[Run]) -> tuple[int, ...]:
    """Show the runs as a table and return the numbers of the ticked ones; the link's are ticked at first."""
    if store.notice:
        st.warning(fmt.sentence(store.notice))
    if not runs:
        st.info("Nothing was measured on this machine yet. Open Measure and press Run, or use `dataloader-lab bench`.")
        st.page_link(_opened.PAGE, label="Open Measure")
        return ()
    numbers = [run.id for run in runs]
    ticked = [numbers.index(one) for one in _from_link(numbers)]
    state: Any = st.dataframe(
        [row(store, run) for run in runs],
        hide_index=True,
        height=(min(len(runs), _MOST_ROWS) + 1) * _ROW_PX + 3,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": ticked, "columns": [], "cells": []}},
        key=table_key(numbers),
    )
    chosen = tuple(numbers[at] for at in state.selection.rows if 0 <= at < len(numbers))
    _remember(chosen)
    return chosen


def table_key(numbers: Sequence[int]) -> str:
    """Name the table: ticked rows are remembered by their place, so another list of runs is another table."""
    return f"runs_table-{'-'.join(map(str, numbers))}"


def open_button(chosen: Sequence[int]) -> None:
    """Show the button that opens the one ticked run, and say what to tick."""
    one = len(chosen) == 1
    with st.container(horizontal=True, vertical_alignment="center", key="open"):
        if st.button("Open", disabled=not one, type="primary", key="open_run", width=120):
            st.switch_page(_opened.PAGE, query_params={_opened.PARAMETER: str(chosen[0])})
        hint = "Tick one run to open it, two to compare them."
        if len(chosen) > MOST_CHOSEN:
            hint = f"{len(chosen)} runs are ticked: leave two to compare them, or one to open it."
        st.caption(hint)


def row(store: Store, run: Run) -> dict[str, str | int]:
    """Return one run's row of the table."""
    kept = _kept.load(store, run.id)
    fastest = _kept.best(kept.cells)
    return {
        "Run": run.id,
        "Started": _wording.when(run),
        "Workload": _wording.workload(run),
        "State": run.state,
        "Best throughput": f"num_workers {fastest.num_workers}: {_table.throughput(fastest)}" if fastest else "none",
        "Machine": _wording.machine(run),
        "Settings": _wording.short_settings(run),
    }


def _from_link(numbers: Sequence[int]) -> list[int]:
    """Return the runs that the link names; say which part of it names none."""
    written = st.query_params.get(PARAMETER, "")
    names = {str(number): number for number in numbers}
    parts = [part for part in written.split(",") if part]
    unknown = [part for part in parts if part not in names]
    if unknown:
        st.warning(
            fmt.sentence(f"runs must be numbers of the runs below, got {unknown[0][:40]!r} in the link: tick the rows")
        )
    return [names[part] for part in dict.fromkeys(parts) if part in names]


def _remember(chosen: Sequence[int]) -> None:
    """Write the ticked runs into the URL, so that a link compares the same two."""
    if chosen:
        st.query_params[PARAMETER] = ",".join(map(str, chosen))
    else:
        st.query_params.pop(PARAMETER, None)
