"""State in closed form what no steady run can exceed."""

from dataloader_sim.bounds.closed_forms import KNEE_TOLERANCE, Bounds, bounds

__all__ = ["KNEE_TOLERANCE", "Bounds", "bounds"]
