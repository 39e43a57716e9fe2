"""A trace file may come from anybody: a span that no run can hold is refused in one sentence."""

from dataclasses import replace

import numpy as np
import pytest
from kept_traces import changed, traced

from dataloader_sim import LoaderConfig
from dataloader_sim.wire import timeline_to_bytes
from pages._ui import trace_file

RUN = traced()


@pytest.mark.parametrize("run", [RUN, traced(changed(loader=LoaderConfig(num_workers=0))), traced(changed(epochs=3))])
def test_a_trace_is_read_as_it_was_written(run):
    np.testing.assert_array_equal(trace_file.read(timeline_to_bytes(run)).spans, run.spans)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activity", 99),
        ("activity", -1),
        ("lane", 2),
        ("lane", -4),
        ("rank", 1),
        ("rank", -1),
        ("epoch", -1),
        ("epoch", 2**31 - 1),
        ("batch", -5),
        ("start_s", -1.0),
    ],
)
def test_an_impossible_span_is_refused(name, value):
    spans = RUN.spans.copy()
    spans[name][7] = value
    with pytest.raises(ValueError, match="damaged") as refused:
        trace_file.read(timeline_to_bytes(replace(RUN, spans=spans)))
    assert "\n" not in str(refused.value)
