"""Draw how far a simulated run is from the measured one at each batch."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from pages._ui.figures.palette import DARK, LIGHT

MS = 1e3
_CROWDED = 60


def figure(
    places: NDArray[np.int64], hand_over_s: NDArray[np.float64], load_s: NDArray[np.float64], *, dark: bool = False
) -> go.Figure:
    """Draw simulated minus measured, in ms: the time of hand-over above the time a load takes, by hand-over.

    `dark` chooses the colours for a dark ground.
    """
    colors = DARK if dark else LIGHT
    picture = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    parts = (("Hand-over", "hand-over, ms", "simulated", hand_over_s), ("Load", "load, ms", "loader", load_s))
    for row, (name, label, color, values) in enumerate(parts, 1):
        trace = go.Scatter(
            x=places,
            y=values * MS,
            name=name,
            mode="lines+markers" if len(places) <= _CROWDED else "lines",
            line={"color": colors[color], "width": 2, "dash": "solid" if row == 1 else "dot"},
            marker={"size": 6},
            hovertemplate=f"hand-over %{{x}}: %{{y:+.3g}} ms<extra>{name}, simulated minus measured</extra>",
        )
        picture.add_trace(trace, row=row, col=1)
        picture.update_yaxes(title_text=label, row=row, col=1)
    picture.update_yaxes(rangemode="tozero", zeroline=True, zerolinewidth=2, zerolinecolor=colors["knee"])
    picture.update_xaxes(title_text="hand-over, in the order measured", row=2, col=1)
    picture.update_layout(height=300, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False)
    return picture
