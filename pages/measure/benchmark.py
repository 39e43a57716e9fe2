"""Measure: run a real DataLoader on this machine, watch the cells arrive, see measured over simulated."""

import streamlit as st

from bench import jobs
from pages._ui import frame, words
from pages.measure import _control, _opened
from pages.measure._sentence import told

frame.title("How many workers does this machine need?", words.MEASURED)
with told():
    live = jobs.current()
    settings, result = st.columns([3, 8], gap="large")
    timelines = st.container()
    with settings:
        _control.panel(live)
    with result, told():
        _opened.show(live, timelines)
