"""Draw how the cost of a sample is distributed: the share of the samples that took so long or less."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages._ui.figures.palette import DARK, LIGHT

MS = 1e3
# Colour by its name in the palette, and dash: the costs are told apart by both.
STYLES = (("measured", "solid"), ("cores", "dash"), ("storage", "dot"))


def figure(costs_s: Mapping[str, NDArray[np.float64]], *, dark: bool = False) -> go.Figure:
    """Draw a line for each cost, by its name, over milliseconds on a logarithmic axis; at most three.

    costs_s: each cost's quantiles at equal distances, from its least to its greatest. `dark` chooses the colours for
    a dark ground.
    """
    colors = DARK if dark else LIGHT
    picture = go.Figure()
    for (name, values), (color, dash) in zip(costs_s.items(), STYLES, strict=False):
        picture.add_trace(
            go.Scatter(
                x=values * MS,
                y=np.linspace(0.0, 1.0, values.size),
                name=name,
                mode="lines",
                line={"color": colors[color], "dash": dash, "width": 2.5},
                hovertemplate=f"%{{y:.1%}} of the samples: {name} %{{x:.3g}} ms or less<extra>measured</extra>",
            )
        )
    picture.update_xaxes(title_text="one sample, ms", type="log")
    picture.update_yaxes(title_text="share of the samples", tickformat=".0%", range=[0, 1.02])
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    picture.update_layout(height=300, margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend=legend)
    return picture
