"""Write a Timeline as one JSON document, all that a trace holds included."""

from __future__ import annotations

import math
from typing import Any

from bench.export.details import as_dicts
from dataloader_sim.observed import TABLES
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import timeline_to_dict

KIND = "dataloader-lab timeline"


def document(timeline: Timeline) -> dict[str, Any]:
    """Return a timeline as JSON values: `timeline_to_dict`'s, and `observed` with a list of rows per table.

    A time that was not seen is null; times are seconds. The version is that of the stored format.
    """
    return {"kind": KIND, **timeline_to_dict(timeline), "observed": _observed(timeline)}


def _observed(timeline: Timeline) -> dict[str, Any] | None:
    seen = timeline.observed
    if seen is None:
        return None
    tables = {name: [_plain(row) for row in as_dicts(getattr(seen, name))] for name in TABLES}
    texts = {"steps": list(seen.steps), "notes": list(seen.notes), "origin": dict(seen.origin)}
    return {**tables, **texts, "partial": seen.partial}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if math.isfinite(value) else None for name, value in row.items()}
