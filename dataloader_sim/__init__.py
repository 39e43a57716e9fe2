"""Simulate PyTorch's DataLoader: one scenario in, one timeline out.

Example: `judge(simulate(Scenario(loader=LoaderConfig(num_workers=2)))).finding`.
"""

from dataloader_sim.bounds import Bounds, bounds
from dataloader_sim.metrics import Metrics, metrics
from dataloader_sim.scenario import Fault, LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.simulate import simulate
from dataloader_sim.sweep import Band, Sweep, sweep
from dataloader_sim.timeline import Failure, Timeline
from dataloader_sim.verdict import Change, Verdict, judge

__all__ = [
    "Band",
    "Bounds",
    "Change",
    "Failure",
    "Fault",
    "LoaderConfig",
    "Machine",
    "Metrics",
    "Scenario",
    "Sweep",
    "Timeline",
    "Verdict",
    "Workload",
    "bounds",
    "judge",
    "metrics",
    "simulate",
    "sweep",
]
