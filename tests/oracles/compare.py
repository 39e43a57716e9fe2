"""Compare two timelines span by span."""

import math

import numpy as np
import pytest

from dataloader_sim.timeline import Activity

KEY = ("rank", "lane", "activity", "epoch", "batch")


def ordered(spans):
    """Return the spans in an order that does not depend on small differences of time."""
    return spans[np.lexsort([spans["start_s"], *(spans[name] for name in reversed(KEY))])]


def farthest_s(spans, others):
    """Return the largest difference of a start or an end; infinity when they are not the same spans."""
    spans, others = ordered(spans), ordered(others)
    if _names(spans) != _names(others):
        return math.inf
    return max(float(np.abs(spans[when] - others[when]).max()) for when in ("start_s", "end_s"))


def assert_same_run(seen, expected, *, within_s=1e-9):
    """Assert that both hold the same spans of every activity, each start and end within some seconds."""
    seen, expected = ordered(seen.spans), ordered(expected.spans)
    assert _names(seen) == _names(expected)
    for when in ("start_s", "end_s"):
        wrong = np.abs(seen[when] - expected[when]) > within_s + 1e-9 * np.abs(expected[when])
        assert not wrong.any(), f"{when}: {_names(seen[wrong])[:5]}, {seen[wrong][:5]} and not {expected[wrong][:5]}"


def assert_hand_overs(timeline, expected, *, rank=0, epoch=0):
    """Assert the batches of one rank's epoch in the order handed over, each as (batch, worker, received_s)."""
    rows = timeline.batches()
    rows = rows[(rows["rank"] == rank) & (rows["epoch"] == epoch)]
    seen = list(zip(rows["batch"].tolist(), rows["worker"].tolist(), strict=True))
    assert seen == [one[:2] for one in expected]
    assert rows["received_s"] == pytest.approx([one[2] for one in expected])


def _names(spans):
    return [(Activity(one["activity"]).name, *(int(one[name]) for name in KEY)) for one in spans]
