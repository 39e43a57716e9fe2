"""Runs kept in files: a change of any picture must be meant, and named under Model in CHANGELOG.md.

`UPDATE_GOLDEN=1` writes the files anew.
"""

import json
import os
from pathlib import Path

import pytest

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, judge, metrics, simulate

GOLDEN = Path(__file__).parents[1] / "golden"

CASES = {
    "no_workers": Scenario(workload=Workload(batches=6, batch_size=4)),
    "two_workers_jitter": Scenario(
        workload=Workload(batches=12, batch_size=4, jitter=0.5),
        loader=LoaderConfig(num_workers=2),
        seed=3,
    ),
    "four_workers_two_cores_slow_samples": Scenario(
        workload=Workload(batches=16, batch_size=4, slow_every=9, collate_s=0.001),
        loader=LoaderConfig(num_workers=4, prefetch_factor=1),
        machine=Machine(cores=2.0),
    ),
}


def picture(scenario):
    timeline = simulate(scenario)
    rows = timeline.batches()
    seen, verdict = metrics(timeline), judge(timeline)
    return {
        "batches": [
            {
                name: round(value, 9) if isinstance(value, float) else value
                for name, value in zip(rows.dtype.names, row, strict=True)
            }
            for row in rows.tolist()
        ],
        "samples_per_s": round(seen.samples_per_s, 6),
        "stall_share": round(seen.stall_share, 9),
        "limit": verdict.limit,
        "finding": verdict.finding,
        "advice": verdict.advice,
    }


@pytest.mark.parametrize("name", CASES)
def test_the_picture_is_the_kept_one(name):
    path = GOLDEN / f"{name}.json"
    seen = json.loads(json.dumps(picture(CASES[name])))
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(seen, indent=1) + "\n")
    kept = json.loads(path.read_text())
    # NaN (no index is sent without workers) is unequal to itself: compare as text.
    assert json.dumps(seen, sort_keys=True) == json.dumps(kept, sort_keys=True)
