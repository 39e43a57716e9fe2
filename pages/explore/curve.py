"""Draw throughput and stall against any one setting; a click on a point opens it in See it."""

import streamlit as st

from pages._ui import cache, controls, frame, words
from pages._ui.figures import curve

frame.title("What does one setting change?", words.SIMULATED)
axis = controls.axis()
scenario = controls.scenario(without=axis.key)
run = cache.sweep(scenario, axis.axis, tuple(axis.field_value(value) for value in axis.options))
frame.knee(run, axis.label, axis.options)
picked = st.plotly_chart(
    curve.figure(run, axis.label, axis.options, dark=frame.dark()),
    on_select="rerun",
    key=f"curve-{axis.key}",
    config={"displayModeBar": False},
)
st.caption("Click a point to see that run. Bounds are closed forms that no steady run can exceed.")
controls.open_picked(picked, axis)
