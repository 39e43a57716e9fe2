"""Hold the colours of the pictures, one set for each theme."""

# The picture language's palette, at least 3:1 on the ground of its theme; vermillion is reserved for stall.
LIGHT = {
    "gpu": "#0b79bd",
    "loader": "#257f76",
    "cores": "#8c5a12",
    "storage": "#7a5ab5",
    "simulated": "#15418d",
    "measured": "#a1136f",
    "stall": "#f85c05",
    "knee": "#3d3d46",
}
DARK = {
    "gpu": "#59b6f2",
    "loader": "#2fbfa9",
    "cores": "#ece078",
    "storage": "#b7a4e8",
    "simulated": "#7f9df0",
    "measured": "#f2a8dc",
    "stall": "#f2633a",
    "knee": "#d9d9de",
}
