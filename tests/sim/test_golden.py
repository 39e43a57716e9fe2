"""Runs kept in files: a change of any picture must be meant, and named under Model in CHANGELOG.md.

`UPDATE_GOLDEN=1` writes the files anew.
"""

import json
import os
from pathlib import Path

import pytest
from features import FEATURES

from dataloader_sim import judge, metrics, simulate
from dataloader_sim.timeline import Activity

GOLDEN = Path(__file__).parents[1] / "golden"


def picture(scenario):
    timeline = simulate(scenario)
    seen, verdict = metrics(timeline), judge(timeline)
    return {
        "spans": [
            [rank, lane, Activity(activity).name, epoch, batch, round(start_s, 9), round(end_s, 9)]
            for rank, lane, activity, epoch, batch, start_s, end_s in timeline.spans.tolist()
        ],
        "failure": timeline.failure
        and [timeline.failure.kind, round(timeline.failure.at_s, 9), timeline.failure.message],
        "samples_per_s": round(seen.samples_per_s, 6),
        "stall_share": round(seen.stall_share, 9),
        "limit": verdict.limit,
        "finding": verdict.finding,
        "advice": verdict.advice,
    }


@pytest.mark.parametrize("name", FEATURES)
def test_the_picture_is_the_kept_one(name):
    path = GOLDEN / f"{name}.json"
    seen = json.loads(json.dumps(picture(FEATURES[name])))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(written(seen))
    assert seen == json.loads(path.read_text())


def test_no_kept_picture_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(FEATURES)


def written(seen):
    """Write a span a line, so that a change of one shows as one."""
    head = {name: value for name, value in seen.items() if name != "spans"}
    spans = ",\n".join(json.dumps(span) for span in seen["spans"])
    return f'{json.dumps(head, indent=1)[:-2]},\n "spans": [\n{spans}\n]}}\n'
