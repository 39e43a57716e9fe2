"""What the trials of a run show: intervals, the recommended num_workers, and how two runs compare."""
