"""The JSON document holds all of a trace: it can be put together again from it."""

import json

import numpy as np
from traced_run import timeline

from bench.export.document import KIND, document
from dataloader_sim import Scenario, simulate
from dataloader_sim.observed import TABLES
from dataloader_sim.timeline import SPAN, Activity
from dataloader_sim.wire import VERSION, scenario_from_dict, timeline_from_bytes, timeline_to_bytes


def written(run):
    return json.loads(json.dumps(document(run), allow_nan=False))


def rebuilt(rows, dtype):
    values = [tuple(np.nan if row[name] is None else row[name] for name in dtype.names) for row in rows]
    return np.array(values, dtype)


def test_a_trace_can_be_put_together_again():
    run = timeline()
    whole = written(run)
    assert (whole["kind"], whole["version"], whole["source"]) == (KIND, VERSION, "measured")
    assert scenario_from_dict(whole["scenario"]) == run.scenario
    spans = [{**span, "activity": Activity[span["activity"].upper()]} for span in whole["spans"]]
    assert rebuilt(spans, SPAN).tobytes() == run.spans.tobytes()
    seen = whole["observed"]
    for name, dtype in TABLES.items():
        again, expected = rebuilt(seen[name], dtype), getattr(run.observed, name)
        for column in dtype.names:
            assert np.array_equal(again[column], expected[column], equal_nan=expected[column].dtype.kind == "f")
    assert tuple(seen["steps"]) == run.observed.steps
    assert tuple(seen["notes"]) == run.observed.notes
    assert (seen["partial"], seen["origin"]) == (True, {"torch": "2.13.0"})


def test_a_stored_trace_gives_the_same_document():
    run = timeline()
    assert written(timeline_from_bytes(timeline_to_bytes(run))) == written(run)


def test_a_run_that_was_not_traced_has_nothing_observed():
    assert written(simulate(Scenario()))["observed"] is None
