"""Hold the sentences that more than one page says."""

SIMULATED = "simulated"
MEASURED = "measured"
QUESTION = "How many workers does this job need?"
