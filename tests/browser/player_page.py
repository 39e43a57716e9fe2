"""A page with nothing but the player, for test_player.py; the query says which runs it shows."""

from __future__ import annotations

import streamlit as st

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, bounds, judge, sweep
from pages._ui import player

st.set_page_config(layout="wide")
query = st.query_params
workers = [int(value) for value in query.get("workers", ",".join(map(str, range(17)))).split(",")]
st.button("Rerun")
step_ms = 60 if st.checkbox("Longer step") else 30
selected = 6 if st.checkbox("Six workers") else workers.index(int(query.get("selected", "2")))
scenario = Scenario(
    workload=Workload(batches=int(query.get("batches", "40")), step_s=step_ms / 1000, jitter=0.5),
    loader=LoaderConfig(num_workers=1, prefetch_factor=2),
    machine=Machine(cores=8),
)
runs = sweep(scenario, "loader.num_workers", workers)
shown = [
    player.PlayerRun(value=value, timeline=one, metrics=seen, verdict=judge(one), bound=bounds(one.scenario).gpu)
    for value, one, seen in zip(runs.values, runs.timelines, runs.metrics, strict=True)
]
chosen = player.show(
    shown, selected=selected, knob="num_workers", source=query.get("source", "simulated"), key="player"
)
st.session_state["reruns"] = st.session_state.get("reruns", 0) + 1
st.text(f"chosen {chosen}")
st.text(f"rerun {st.session_state['reruns']}")
st.html("<div style='height: 1500px'></div>")
