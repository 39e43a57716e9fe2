"""Hold the pages that explore the simulator."""
