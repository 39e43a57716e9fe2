"""A trace that is in the stored format but that no run writes is exported all the same."""

import json

import numpy as np
import pytest
from traced_run import timeline

from bench.export import document, tables
from bench.export.perfetto import perfetto
from dataloader_sim.timeline import Timeline

# What a stored timeline may hold (dataloader_sim/wire_checks.py).
BOUNDS = {"rank": (0, 1), "lane": (-3, 1024), "activity": (0, 13), "epoch": (0, 1 << 18), "batch": (0, 1 << 26)}


def odd(seed):
    """Return the hand-written trace with a few values of its spans and loads replaced at random."""
    chance, run = np.random.default_rng(seed), timeline()
    spans = run.spans.copy()
    for _ in range(chance.integers(1, 12)):
        row, name = chance.integers(spans.size), chance.choice([*BOUNDS, "start_s", "end_s"])
        if name in BOUNDS:
            low, high = BOUNDS[name]
            spans[name][row] = chance.choice([low, high - 1, chance.integers(low, high), 0, 1])
        else:
            spans[name][row] = chance.choice([-1e9, 1e9, 0.0, chance.random()])
    spans = spans[spans["end_s"] >= spans["start_s"]]
    if chance.random() < 0.3:
        spans = spans[chance.random(spans.size) < 0.5]
    return Timeline(scenario=run.scenario, source="measured", spans=spans, observed=run.observed)


@pytest.mark.parametrize("seed", range(200))
def test_an_odd_trace_is_exported(seed):
    run = odd(seed)
    for written in (perfetto, tables.tables, document.document):
        json.dumps(written(run), allow_nan=False)
