"""Hold the words that more than one page says."""

SIMULATED = "simulated"
MEASURED = "measured"
RECORDED = "recorded run of the default settings, while the simulator compiles"
# Each field of Bounds by its name on screen.
BOUNDS = {
    "gpu": "GPU bound",
    "loader": "Loader bound",
    "cores": "Core bound",
    "storage": "Storage bound",
    "copy": "Copy bound",
    "host": "Host bound",
    "pin": "Pinning bound",
    "gil": "GIL bound",
}
