"""Draw measured runs over each other: throughput with its intervals above stall, against num_workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pages._ui.figures import axis
from pages._ui.figures.axis import Point
from pages._ui.figures.palette import DARK, LIGHT

# Colour by its name in the palette, symbol, dash: the runs are told apart by all three.
STYLES = (("measured", "diamond", "solid"), ("gpu", "circle", "dash"))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Hold one run's measured points under the name that the legend shows."""

    name: str
    points: Sequence[Point]


def figure(curves: Sequence[Curve], *, dark: bool = False) -> go.Figure:
    """Draw two runs at most; a run without points is left out. `dark` chooses the colours for a dark ground.

    Raises ValueError for more than two, which colour, symbol and dash could not tell apart.
    """
    if len(curves) > len(STYLES):
        raise ValueError(f"a comparison must be of {len(STYLES)} runs or fewer, got {len(curves)}: choose two")
    picture = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    colors = DARK if dark else LIGHT
    for curve, (color, symbol, dash) in zip(curves, STYLES, strict=False):
        if curve.points:
            look = {
                "line": {"color": colors[color], "dash": dash, "width": 2},
                "marker": {"size": 10, "symbol": symbol},
            }
            _add(picture, curve, look)
    _lay_out(picture, curves)
    return picture


def _add(picture: go.Figure, curve: Curve, look: dict[str, Any]) -> None:
    x = [one.value for one in curve.points]
    rates = [one.samples_per_s for one in curve.points]
    spread = {
        "type": "data",
        "symmetric": False,
        "array": [0.0 if one.high is None else one.high - one.samples_per_s for one in curve.points],
        "arrayminus": [0.0 if one.low is None else one.samples_per_s - one.low for one in curve.points],
        "thickness": 2,
        "width": 6,
    }
    over = f"%{{x:g}} workers: %{{y:,.0f}} samples/s<extra>{curve.name}, measured</extra>"
    rate = go.Scatter(x=x, y=rates, error_y=spread, name=curve.name, mode="lines+markers", hovertemplate=over, **look)
    picture.add_trace(rate, row=1, col=1)
    over = f"%{{x:g}} workers: GPU stalled %{{y:.0%}}<extra>{curve.name}, measured</extra>"
    stalls = [one.stall_share for one in curve.points]
    stall = go.Scatter(x=x, y=stalls, name=curve.name, mode="lines+markers", hovertemplate=over, **look)
    picture.add_trace(stall.update(showlegend=False), row=2, col=1)


def _lay_out(picture: go.Figure, curves: Sequence[Curve]) -> None:
    points = [point for curve in curves for point in curve.points]
    shown = sorted({one.value for one in points})
    picture.update_layout(
        height=430,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.08, "x": 0},
        hovermode="closest",
    )
    picture.update_yaxes(title_text="samples/s", range=axis.throughput(points), row=1, col=1)
    picture.update_yaxes(title_text="GPU stalled", tickformat=".0%", range=[0, 1.02], row=2, col=1)
    picture.update_xaxes(tickvals=shown, ticktext=[f"{value:g}" for value in shown])
    picture.update_xaxes(title_text="num_workers", row=2, col=1)
