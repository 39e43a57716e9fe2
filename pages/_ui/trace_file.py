"""Read a trace file that may come from anybody: what no run can hold is refused before anything is drawn of it."""

from __future__ import annotations

import math

from dataloader_sim import Timeline
from dataloader_sim.rules import refuse
from dataloader_sim.timeline import GPU
from dataloader_sim.wire import timeline_from_bytes

# A scenario holds no more, and a picture has a place for each.
MOST_EPOCHS = 1_000


def read(data: bytes) -> Timeline:
    """Return the timeline of a trace file; raises ValueError for one that is none, damaged, newer or impossible."""
    return checked(timeline_from_bytes(data))


def checked(timeline: Timeline) -> Timeline:
    """Return the timeline; raises ValueError for spans that a stored form may hold and a picture has no place for."""
    known = {
        "lane": (GPU, timeline.scenario.loader.num_workers - 1),
        "epoch": (0, MOST_EPOCHS - 1),
        "start_s": (0.0, math.inf),
    }
    for name, (low, high) in known.items():
        values = timeline.spans[name]
        odd = values[(values < low) | (values > high)]
        if odd.size:
            raise refuse(f"a span's {name}", f"from {low} to {high}", odd[0].item(), "the file is damaged")
    return timeline
