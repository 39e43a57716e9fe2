"""Hold the colours of the pictures, one set for each theme."""

# The picture language's palette, at least 3:1 on the ground of its theme; vermillion is reserved for stall.
LIGHT = {
    "gpu": "#0b79bd",
    "loader": "#257f76",
    "cores": "#8c5a12",
    "storage": "#7a5ab5",
    "copy": "#9a4a1c",
    "host": "#55616e",
    "pin": "#a8326e",
    "gil": "#5d7411",
    "simulated": "#15418d",
    "band": "rgba(21, 65, 141, 0.18)",
    "measured": "#a1136f",
    "stall": "#f85c05",
    "knee": "#3d3d46",
    "memory": "#3d3d46",
    "shm": "#6d6d78",
}
DARK = {
    "gpu": "#59b6f2",
    "loader": "#2fbfa9",
    "cores": "#ece078",
    "storage": "#b7a4e8",
    "copy": "#e0a375",
    "host": "#a9b4c0",
    "pin": "#ef8fc0",
    "gil": "#b5cf5e",
    "simulated": "#7f9df0",
    "band": "rgba(127, 157, 240, 0.25)",
    "measured": "#f2a8dc",
    "stall": "#f2633a",
    "knee": "#d9d9de",
    "memory": "#d9d9de",
    "shm": "#9d9da8",
}
