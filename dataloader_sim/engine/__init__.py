"""Run torch's DataLoader protocol as a discrete-event simulation, compiled by numba."""
