"""Draw how much memory each run of a curve is forecast to take, and how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataloader_sim import Machine
from dataloader_sim.memory import MemoryForecast

GB = 10**9
# A limit far above every run says nothing and would flatten the picture.
_NEAR = 2.0


def traces(forecasts: Sequence[MemoryForecast], machine: Machine, colors: dict[str, str]) -> list[dict[str, Any]]:
    """Return lines in GB: all memory, the part in /dev/shm, and each one's limit where it is known and near."""
    parts = (
        ("Memory", "memory", "solid", [one.total_bytes for one in forecasts], machine.ram_bytes, "RAM"),
        ("in /dev/shm", "shm", "dot", [one.shm_bytes for one in forecasts], machine.shm_bytes, "/dev/shm"),  # noqa: S108 (its name, on screen)
    )
    lines: list[dict[str, Any]] = []
    for name, color, dash, values, limit, of in parts:
        shown = [value / GB for value in values]
        line = {"color": colors[color], "dash": dash, "width": 2}
        said = [f"{name} {value:.2f} GB" for value in shown]
        lines.append({"y": shown, "name": name, "mode": "lines", "line": line, "text": said})
        lines[-1]["hovertemplate"] = "%{text}<extra>forecast</extra>"
        if limit and limit <= _NEAR * max(values):
            line = {"color": colors[color], "dash": "dash", "width": 1}
            there = [limit / GB] * len(values)
            lines.append({"y": there, "name": f"{of} limit", "mode": "lines", "line": line, "hoverinfo": "skip"})
    return lines
