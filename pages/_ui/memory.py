"""Say how much memory a run is forecast to take, where the sizes of samples or of the Dataset are given."""

from __future__ import annotations

import streamlit as st

from dataloader_sim import Scenario, Sweep
from dataloader_sim.memory import MemoryForecast, predict
from dataloader_sim.memory_warnings import size
from pages._ui import format as text


def warn(scenario: Scenario) -> None:
    """Say what would run out of memory."""
    for sentence in predict(scenario).warnings if _is_sized(scenario) else ():
        st.warning(text.sentence(sentence))


def line(scenario: Scenario) -> None:
    """Say in one quiet line what a run takes at most."""
    if _is_sized(scenario):
        seen, workers = predict(scenario), scenario.loader.num_workers
        parts = [f"training process {size(seen.main_bytes)}"]
        if seen.worker_bytes:
            parts.append(f"each worker {size(seen.worker_bytes)}")
        if seen.shm_bytes:
            parts.append(f"batches in shared memory {size(seen.shm_bytes)}")
        if seen.pinned_bytes:
            parts.append(f"in pinned memory {size(seen.pinned_bytes)}")
        st.caption(
            f"Memory with num_workers = {workers}, forecast: {size(seen.total_bytes)} at most; {', '.join(parts)}."
        )


def of_curve(run: Sweep) -> tuple[MemoryForecast, ...]:
    """Return a forecast for each run of a curve, none where no size is given."""
    scenarios = [timeline.scenario for timeline in run.timelines]
    return tuple(map(predict, scenarios)) if any(map(_is_sized, scenarios)) else ()


def _is_sized(scenario: Scenario) -> bool:
    return scenario.workload.sample_bytes > 0 or scenario.workload.dataset_bytes > 0
