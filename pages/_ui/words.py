"""Hold the words that more than one page says."""

SIMULATED = "simulated"
MEASURED = "measured"
