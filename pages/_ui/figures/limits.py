"""Draw the bounds that no steady run can exceed, each with a dash of its own beside its colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataloader_sim import Scenario, bounds
from pages._ui.words import BOUNDS

DASHES = {
    "gpu": "dash",
    "loader": "dot",
    "cores": "dashdot",
    "storage": "longdash",
    "copy": "longdashdot",
    "host": "14px,4px",
    "pin": "3px,7px",
    "gil": "8px,3px,2px,3px,2px,3px",
}
# A line goes so far beyond the picture's upper edge, to be seen to leave it.
_BEYOND = 1.6
_DIGITS = 6


def traces(scenarios: Sequence[Scenario], edge: float, colors: dict[str, str]) -> list[dict[str, Any]]:
    """Return a line for each bound that comes below `edge` samples/s somewhere; far above it a line has gaps.

    Of bounds that are equal everywhere the first is drawn.
    """
    limits = [bounds(one) for one in scenarios]
    lines: dict[tuple[float, ...], dict[str, Any]] = {}
    for field, name in BOUNDS.items():
        values = tuple(round(getattr(one, field), _DIGITS) for one in limits)
        if min(values) <= edge and values not in lines:
            line = {"color": colors[field], "dash": DASHES[field], "width": 2}
            drawn = [value if value <= _BEYOND * edge else None for value in values]
            lines[values] = {"y": drawn, "name": name, "mode": "lines", "line": line, "hoverinfo": "skip"}
    return list(lines.values())
