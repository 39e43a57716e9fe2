"""Read the player's payload back, as the browser does."""

from __future__ import annotations

import json

import numpy as np
from browser import written_runs as written

from dataloader_sim import Timeline
from pages._ui.player_payload import PlayerRun, pack
from pages._ui.player_spans import PACKED


def unpack(payload: bytes) -> tuple[dict, list[list[np.ndarray]]]:
    """Return the header and, for each run, the packed spans of each rank."""
    length = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + length])
    assert (4 + length) % 4 == 0
    runs, at = [], 4 + length
    for run in header["runs"]:
        runs.append([])
        for rank in run["ranks"]:
            runs[-1].append(np.frombuffer(payload, PACKED, rank["spans"], at))
            at += 12 * rank["spans"]
    assert at == len(payload)
    return header, runs


def unpack_one(timeline: Timeline) -> tuple[dict, np.ndarray]:
    """Return one run's facts and the packed spans of its rank 0."""
    run = PlayerRun(value=0, timeline=timeline, metrics=written.numbers(timeline), verdict=written.verdict(), bound=1.0)
    header, ((packed, *_),) = unpack(pack([run], selected=0, knob=None, source="simulated"))
    return header["runs"][0], packed


def of(packed: np.ndarray, activity: int) -> list[int]:
    return packed["batch"][packed["activity"] == activity].tolist()
