"""Turn traced runs into a scenario, predict other settings with it, and say how wrong the prediction was."""
