"""Compare two kept runs: both curves in one picture, and a ratio for every num_workers."""

from __future__ import annotations

import streamlit as st

from bench.report import comparison
from bench.runs.records import Run
from bench.runs.store import Store
from pages._ui import format as fmt
from pages._ui import frame
from pages._ui.figures import compare
from pages.measure import _kept, _table, _wording

TWO = 2


def show(store: Store, first: int, second: int) -> None:
    """Show two runs beside each other, the second in terms of the first."""
    one, other = _kept.load(store, first), _kept.load(store, second)
    names = (f"Run {first}", f"Run {second}")
    st.subheader(f"{names[1]} against {names[0]}")
    _say_machines(one.run, other.run)
    _say_settings(one.run, other.run)
    if not one.measured and not other.measured:
        st.info("Neither run has a trial that succeeded: tick two that have.")
        return
    curves = [compare.Curve(name=name, points=kept.points) for name, kept in zip(names, (one, other), strict=True)]
    st.plotly_chart(compare.figure(curves, dark=frame.dark()), key="compare", config={"displayModeBar": False})
    st.caption("Both runs are measured; bars are 95 % intervals.")
    st.table(_table.compared(comparison.compare(one.cells, other.cells), *names), border="horizontal", hide_index=True)
    st.caption("The trials of two runs are not paired: the interval of a ratio is Welch's t interval on logs.")


def _say_machines(first: Run, second: Run) -> None:
    differ = comparison.machine_differences(first, second)
    if differ:
        st.warning(
            "These runs were not made under the same conditions, so a difference may come from there and not from "
            f"the settings: {fmt.sentence('; '.join(differ))}"
        )


def _say_settings(first: Run, second: Run) -> None:
    try:
        one, other = _wording.settings(first.spec), _wording.settings(second.spec)
    except ValueError:
        st.info("One of these runs was written by another release: its settings cannot be compared.")
        return
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    differ = [f"{name} {one.get(name, 'unset')} and {other.get(name, 'unset')}" for name in names]
    st.markdown(f"Settings that differ: {'; '.join(differ)}." if differ else "Both runs have the same settings.")
