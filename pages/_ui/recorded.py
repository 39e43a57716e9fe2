"""Keep the runs of the default settings in a file, for a first picture that waits neither for numba nor for a run.

`python -m pages._ui.recorded` simulates them and writes the file again, after a change of the model or of the defaults.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from dataloader_sim import Sweep
from dataloader_sim.sweep import Band, vary
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import scenario_from_dict, scenario_to_dict

FILE = Path(__file__).parents[2] / "assets" / "recorded" / "see_it.npz"


def write(path: Path, run: Sweep) -> None:
    """Write a sweep: its scenario, values and band as JSON, the spans of all runs, how many each run has."""
    about = {
        "scenario": scenario_to_dict(run.scenario),
        "axis": run.axis,
        "values": run.values,
        "band": None if run.band is None else [asdict(one) for one in run.band],
    }
    np.savez_compressed(
        path,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        spans=np.concatenate([one.spans for one in run.timelines]),
        lengths=np.array([one.spans.size for one in run.timelines]),
    )


@cache
def read(path: Path = FILE) -> Sweep:
    """Return the sweep that `write` wrote; raises OSError and ValueError for a file that is missing or damaged."""
    with np.load(path) as kept:
        about = json.loads(kept["about"].tobytes())
        parts = np.split(kept["spans"], np.cumsum(kept["lengths"])[:-1])
    scenario, axis, values = scenario_from_dict(about["scenario"]), about["axis"], about["values"]
    return Sweep(
        scenario=scenario,
        axis=axis,
        values=tuple(values),
        timelines=tuple(
            Timeline(scenario=vary(scenario, axis, value), source="simulated", spans=part)
            for value, part in zip(values, parts, strict=True)
        ),
        band=None if about["band"] is None else tuple(Band(**one) for one in about["band"]),
    )


if __name__ == "__main__":
    from pages._ui import cache as computed
    from pages._ui.offered import BASE

    write(FILE, computed.see_it(BASE, seeds=computed.SEEDS))
