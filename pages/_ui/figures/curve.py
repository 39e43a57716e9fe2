"""Draw throughput and stall along one axis, between the bounds that no steady run can exceed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dataloader_sim import Sweep
from dataloader_sim.memory import MemoryForecast
from pages._ui.figures import axis, limits
from pages._ui.figures.axis import Point
from pages._ui.figures.memory import traces as memory_traces
from pages._ui.figures.palette import DARK, LIGHT

MEMORY_ROW = 3
# By the number of rows.
HEIGHT_PX = {2: 430, MEMORY_ROW: 540}
# Values that span more than this are drawn at equal distances, each at its own tick.
WIDE = 30


def figure(
    sweep: Sweep,
    label: str,
    shown: Sequence[float],
    measured: Sequence[Point] = (),
    memory: Sequence[MemoryForecast] = (),
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw a sweep, throughput above stall above memory; `shown` are the axis values in the unit of the label.

    `measured` is drawn over it, each at one of the values shown. `memory` has a forecast for each value, or none.
    The simulated points carry their position in the sweep as customdata. `dark` chooses the colours for a dark ground.
    """
    heights = [0.56, 0.22, 0.22] if memory else [0.7, 0.3]
    picture = make_subplots(rows=len(heights), cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.06)
    drawing = _Drawing(picture, DARK if dark else LIGHT, dict(zip(shown, _positions(shown), strict=True)))
    throughput = axis.throughput(measured, _highest(sweep))
    _add_band(drawing, sweep)
    _add_bounds(drawing, sweep, edge=throughput[1])
    _add_simulated(drawing, sweep)
    _add_knee(drawing, sweep)
    if measured:
        _add_measured(drawing, measured)
    if memory:
        for trace in memory_traces(memory, sweep.scenario.machine, drawing.colors):
            drawing.add(MEMORY_ROW, x=list(drawing.at.values()), **trace)
    _lay_out(drawing, label, throughput, rows=len(heights))
    return picture


@dataclass(frozen=True)
class _Drawing:
    picture: go.Figure
    colors: dict[str, str]
    at: dict[float, float]

    def add(self, row: int, **trace: Any) -> None:
        self.picture.add_trace(go.Scatter(**trace), row=row, col=1)


def _rates(sweep: Sweep) -> list[float]:
    """Return the throughput that the curve shows: the median of the seeds where several were run."""
    return [one.median for one in sweep.band] if sweep.band else [one.samples_per_s for one in sweep.metrics]


def _highest(sweep: Sweep) -> list[float]:
    return [one.high for one in sweep.band] if sweep.band else _rates(sweep)


def _add_bounds(drawing: _Drawing, sweep: Sweep, edge: float) -> None:
    scenarios = [one.scenario for one in sweep.timelines]
    for trace in limits.traces(scenarios, edge, drawing.colors):
        drawing.add(1, x=list(drawing.at.values()), **trace)


def _add_band(drawing: _Drawing, sweep: Sweep) -> None:
    """Fill from the lowest to the highest throughput of the seeds, there and back."""
    if sweep.band:
        x = list(drawing.at.values())
        drawing.add(
            1,
            x=[*x, *reversed(x)],
            y=[*(one.high for one in sweep.band), *(one.low for one in reversed(sweep.band))],
            name="Seeds, lowest to highest",
            mode="lines",
            line={"width": 0, "color": drawing.colors["simulated"]},
            fill="toself",
            fillcolor=drawing.colors["band"],
            hoverinfo="skip",
        )


def _add_simulated(drawing: _Drawing, sweep: Sweep) -> None:
    stalls = [one.stall_share for one in sweep.metrics]
    rows = (
        (1, "Simulated, median" if sweep.band else "Simulated", "simulated", _rates(sweep), _rate_words(sweep)),
        (2, "GPU stalled", "stall", stalls, [f"GPU stalled {share:.0%}" for share in stalls]),
    )
    for row, name, color, values, words in rows:
        drawing.add(
            row,
            x=list(drawing.at.values()),
            y=values,
            name=name,
            mode="lines+markers",
            line={"color": drawing.colors[color], "width": 3},
            marker={"size": 9},
            text=[f"{value:g}: {said}" for value, said in zip(drawing.at, words, strict=True)],
            customdata=list(range(len(values))),
            hovertemplate="%{text}<extra>simulated</extra>",
        )


def _rate_words(sweep: Sweep) -> list[str]:
    if sweep.band:
        return [f"{one.median:,.0f} samples/s ({one.low:,.0f} to {one.high:,.0f})" for one in sweep.band]
    return [f"{rate:,.0f} samples/s" for rate in _rates(sweep)]


def _add_knee(drawing: _Drawing, sweep: Sweep) -> None:
    if sweep.axis == "loader.num_workers":
        index = sweep.values.index(sweep.knee)
        drawing.picture.add_annotation(
            x=list(drawing.at.values())[index],
            y=_rates(sweep)[index],
            text=f"knee: {sweep.knee:g}",
            showarrow=True,
            arrowhead=2,
            arrowcolor=drawing.colors["knee"],
            font={"color": drawing.colors["knee"]},
            ax=0,
            ay=34,
            row=1,
            col=1,
        )


def _add_measured(drawing: _Drawing, measured: Sequence[Point]) -> None:
    above = [0.0 if one.high is None else one.high - one.samples_per_s for one in measured]
    below = [0.0 if one.low is None else one.samples_per_s - one.low for one in measured]
    points: dict[str, Any] = {
        "x": [drawing.at[one.value] for one in measured],
        "text": [f"{one.value:g}" for one in measured],
        "mode": "markers",
        "marker": {"color": drawing.colors["measured"], "size": 11, "symbol": "diamond"},
    }
    drawing.add(
        1,
        y=[one.samples_per_s for one in measured],
        error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 2, "width": 6},
        name="Measured, 95 %" if any(one.low is not None for one in measured) else "Measured, one run",
        hovertemplate="%{text}: %{y:,.0f} samples/s<extra>measured</extra>",
        **points,
    )
    drawing.add(
        2,
        y=[one.stall_share for one in measured],
        name="Measured stall",
        showlegend=False,
        hovertemplate="%{text}: GPU stalled %{y:.0%}<extra>measured</extra>",
        **points,
    )


def _lay_out(drawing: _Drawing, label: str, throughput: list[float], *, rows: int) -> None:
    picture = drawing.picture
    picture.update_layout(
        height=HEIGHT_PX[rows],
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        clickmode="event+select",
    )
    picture.update_yaxes(title_text="samples/s", range=throughput, row=1, col=1)
    picture.update_yaxes(title_text="GPU stalled", tickformat=".0%", range=[0, 1.05], row=2, col=1)
    if rows == MEMORY_ROW:
        picture.update_yaxes(title_text="memory, GB", rangemode="tozero", row=MEMORY_ROW, col=1)
    picture.update_xaxes(tickvals=list(drawing.at.values()), ticktext=[f"{value:g}" for value in drawing.at])
    picture.update_xaxes(title_text=label, row=rows, col=1)


def _positions(shown: Sequence[float]) -> list[float]:
    """Return where each value stands: at its value, or at its place in the row when the values span too much."""
    least = min((value for value in shown if value > 0), default=1.0)
    return [float(place) for place in range(len(shown))] if max(shown) > WIDE * least else [float(one) for one in shown]
