"""Draw throughput and stall against any one setting; a click on a point opens it in See it."""

import streamlit as st

from pages._ui import cache, controls, frame, memory, words
from pages._ui.figures import curve

frame.title("What does one setting change?", words.SIMULATED)
with controls.row():
    axis = controls.axis()
    scenario = controls.scenario(without=axis.key)
with frame.waiting_for_simulator():
    run = cache.curve(scenario, axis)
frame.knee(run, axis.label, axis.stops)
memory.warn(scenario)
picked = st.plotly_chart(
    curve.figure(run, axis.label, axis.stops, memory=memory.of_curve(run), dark=frame.dark()),
    on_select="rerun",
    key=f"curve-{axis.key}",
    config={"displayModeBar": False},
)
if scenario.fault:
    st.caption("A curve is of steady throughput: this one is drawn without its fault.")
st.caption("Click a point to see that run. Bounds are closed forms that no steady run can exceed.")
controls.open_picked(picked, axis)
