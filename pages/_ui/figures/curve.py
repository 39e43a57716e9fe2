"""Draw throughput and stall along one axis, between the bounds that no steady run can exceed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dataloader_sim import Sweep, bounds
from pages._ui.figures import axis
from pages._ui.figures.axis import Point
from pages._ui.figures.palette import DARK, LIGHT

# Field of Bounds, name, dash: each line has a dash of its own beside its colour.
BOUNDS = (
    ("gpu", "GPU bound", "dash"),
    ("loader", "Loader bound", "dot"),
    ("cores", "Core bound", "dashdot"),
    ("storage", "Storage bound", "longdash"),
)
# Values that span more than this are drawn at equal distances, each at its own tick.
WIDE = 30


def figure(
    sweep: Sweep,
    label: str,
    shown: Sequence[float],
    measured: Sequence[Point] = (),
    *,
    dark: bool = False,
) -> go.Figure:
    """Draw a sweep, throughput above stall; `shown` are the axis values in the unit of the label.

    `measured` is drawn over it, each at one of the values shown. The simulated points carry their position
    in the sweep as customdata. `dark` chooses the colours for a dark ground.
    """
    picture = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    drawing = _Drawing(picture, DARK if dark else LIGHT, dict(zip(shown, _positions(shown), strict=True)))
    _add_bounds(drawing, sweep)
    _add_simulated(drawing, sweep)
    _add_knee(drawing, sweep)
    if measured:
        _add_measured(drawing, measured)
    _lay_out(drawing, label, axis.throughput(measured, [one.samples_per_s for one in sweep.metrics]))
    return picture


@dataclass(frozen=True)
class _Drawing:
    picture: go.Figure
    colors: dict[str, str]
    at: dict[float, float]

    def add(self, row: int, **trace: Any) -> None:
        self.picture.add_trace(go.Scatter(**trace), row=row, col=1)


def _add_simulated(drawing: _Drawing, sweep: Sweep) -> None:
    rows = (
        (1, "Simulated", "simulated", [one.samples_per_s for one in sweep.metrics], "%{y:,.0f} samples/s"),
        (2, "GPU stalled", "stall", [one.stall_share for one in sweep.metrics], "GPU stalled %{y:.0%}"),
    )
    for row, name, color, values, text in rows:
        drawing.add(
            row,
            x=list(drawing.at.values()),
            y=values,
            name=name,
            mode="lines+markers",
            line={"color": drawing.colors[color], "width": 3},
            marker={"size": 9},
            text=[f"{value:g}" for value in drawing.at],
            customdata=list(range(len(values))),
            hovertemplate=f"%{{text}}: {text}<extra>simulated</extra>",
        )


def _add_bounds(drawing: _Drawing, sweep: Sweep) -> None:
    limits = [bounds(one.scenario) for one in sweep.timelines]
    # A bound far above every run says nothing and would flatten the picture.
    most = 1.6 * max(one.samples_per_s for one in sweep.metrics)
    for field, name, dash in BOUNDS:
        values = [getattr(one, field) for one in limits]
        drawn = [value if value <= most else None for value in values]
        if any(value is not None for value in drawn):
            drawing.add(
                1,
                x=list(drawing.at.values()),
                y=drawn,
                name=name,
                mode="lines",
                line={"color": drawing.colors[field], "dash": dash, "width": 2},
                hoverinfo="skip",
            )


def _add_knee(drawing: _Drawing, sweep: Sweep) -> None:
    if sweep.axis == "loader.num_workers":
        index = sweep.values.index(sweep.knee)
        drawing.picture.add_annotation(
            x=list(drawing.at.values())[index],
            y=sweep.metrics[index].samples_per_s,
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
        name="Measured, 95 %",
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


def _lay_out(drawing: _Drawing, label: str, throughput: list[float]) -> None:
    picture = drawing.picture
    picture.update_layout(
        height=430,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hovermode="closest",
        clickmode="event+select",
    )
    picture.update_yaxes(title_text="samples/s", range=throughput, row=1, col=1)
    picture.update_yaxes(title_text="GPU stalled", tickformat=".0%", range=[0, 1.05], row=2, col=1)
    picture.update_xaxes(tickvals=list(drawing.at.values()), ticktext=[f"{value:g}" for value in drawing.at])
    picture.update_xaxes(title_text=label, row=2, col=1)


def _positions(shown: Sequence[float]) -> list[float]:
    """Return where each value stands: at its value, or at its place in the row when the values span too much."""
    least = min((value for value in shown if value > 0), default=1.0)
    return [float(place) for place in range(len(shown))] if max(shown) > WIDE * least else [float(one) for one in shown]
