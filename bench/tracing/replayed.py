"""Turn the steps on replayed batches into a measured Timeline. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.machine import this_machine
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity, Timeline


def timeline_of(settings: dict[str, Any], steps: Sequence[tuple[int, int, float, float]]) -> Timeline:
    """Return a timeline of hand-overs and steps.

    settings: of the loader, as `describe_loader` returns them. steps: epoch, batch, hand-over and next request. The
    scenario has no workers, as none ran.
    """
    start_s = steps[0][2]
    spans: list[tuple[int, int, Activity, int, int, float, float]] = []
    for epoch, batch, from_s, to_s in steps:
        spans.append((0, MAIN, Activity.RECEIVE, epoch, batch, from_s - start_s, from_s - start_s))
        spans.append((0, GPU, Activity.STEP, epoch, batch, from_s - start_s, to_s - start_s))
    size = settings.get("batch_size")
    lasted_s = [to_s - from_s for _, _, from_s, to_s in steps]
    workload = Workload(
        batches=max(1, *(batch + 1 for _, batch, _, _ in steps)),
        batch_size=size if isinstance(size, int) else 1,
        epochs=len({epoch for epoch, _, _, _ in steps}),
        io_s=0.0,
        cpu_s=0.0,
        step_s=float(np.median(lasted_s)),
    )
    scenario = Scenario(workload=workload, loader=LoaderConfig(), machine=this_machine())
    return Timeline(scenario=scenario, source="measured", spans=np.array(spans, SPAN))
