"""A page with timelines written by hand, for test_player_more.py; the query says which it shows."""

from __future__ import annotations

import streamlit as st
import written_runs as written

from pages._ui import player

st.set_page_config(layout="wide")
query = st.query_params
case = query.get("case", "everything")


def plumbed(workers: int, **more: object) -> written.Timeline:
    cost = float(query.get("cost", "1"))
    return written.plumbed(workers, int(query.get("batches", "14")), cost=cost, **more)


CASES = {
    "plain": lambda: [plumbed(workers) for workers in (1, 2, 3, 4, 6, 8)],
    "everything": lambda: [plumbed(workers, epochs=2, ranks=2, pin=True) for workers in (1, 2, 3, 4, 6, 8, 16)],
    "long": lambda: [plumbed(20)],
    "pinned": lambda: [plumbed(workers, pin=True) for workers in (1, 2)],
    "persistent": lambda: [plumbed(workers, epochs=3, persistent=True) for workers in (2, 4)],
    "ranks": lambda: [plumbed(workers, ranks=3) for workers in (2, 4)],
    "unordered": lambda: [written.unordered()],
    "iterable": lambda: [written.iterable()],
    "all broken": lambda: [written.broken("killed"), written.broken("hangs")],
}
timelines = CASES[case]() if case in CASES else [written.broken(case)]
shown = [
    player.PlayerRun(
        value=one.scenario.loader.num_workers,
        timeline=one,
        metrics=(seen := written.numbers(one)),
        verdict=written.verdict(),
        bound=640.0,
        bound_name="core bound",
        low=seen.samples_per_s * 0.9,
        high=seen.samples_per_s * 1.05,
    )
    for one in timelines
]
player.show(
    shown,
    selected=min(int(query.get("selected", "1")), len(shown) - 1),
    knob="num_workers",
    source=query.get("source", "simulated"),
    key="player",
)
