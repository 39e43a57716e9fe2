"""Route the visitor to a page; `streamlit run app.py` and `dataloader-lab` both start here."""

import streamlit as st

from pages._ui import frame

frame.set_up()
SECTIONS = {
    "Explore": [
        st.Page("pages/explore/see_it.py", title="See it", default=True),
        st.Page("pages/explore/curve.py", title="Curve", url_path="curve"),
    ],
    "Measure": [
        st.Page("pages/measure/benchmark.py", title="Measure", url_path="measure"),
        st.Page("pages/measure/trace.py", title="Trace", url_path="trace"),
        st.Page("pages/measure/runs.py", title="Runs", url_path="runs"),
    ],
}
frame.run(st.navigation([page for pages in SECTIONS.values() for page in pages], position="top"))
