"""State in closed form what no steady run can exceed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dataloader_sim.costs import mean_factor
from dataloader_sim.rules import limits
from dataloader_sim.scenario import LoaderConfig, Scenario

# A simulated knee is the smallest num_workers within 2 % of the best (the glossary's definition).
KNEE_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Hold upper bounds on steady throughput in samples per second; `math.inf` where nothing limits.

    gpu: batch_size / step_s. One step after another.
    loader: with N workers N x batch_size / L, where L = batch_size x (io_s + cpu_s) + collate_s is the time to load
        a batch on a core of one's own, or on the part of one that the machine has; without workers
        batch_size / (L + step_s): load and step take turns.
    cores: cores x batch_size / C, where C = batch_size x cpu_s + collate_s is a batch's core time.
    storage: storage_streams / io_s: each stream serves one read at a time.
    knee: the smallest num_workers whose loader bound is within 2 % of the other bounds; None when
        nothing but the loader limits.
    Jitter has mean 1 and leaves the bounds as they are; slow samples raise io_s and cpu_s by their mean factor.
    """

    gpu: float
    loader: float
    cores: float
    storage: float
    knee: int | None

    @property
    def without_loader(self) -> float:
        """Return the lowest bound that more workers cannot lift."""
        return min(self.gpu, self.cores, self.storage)

    @property
    def ceiling(self) -> float:
        """Return the lowest of all bounds."""
        return min(self.without_loader, self.loader)


def bounds(scenario: Scenario) -> Bounds:
    """Compute the bounds of a scenario."""
    workload, machine, workers = scenario.workload, scenario.machine, scenario.loader.num_workers
    factor = mean_factor(workload)
    io_s, cpu_s = workload.io_s * factor, workload.cpu_s * factor
    core_s = workload.batch_size * cpu_s + workload.collate_s
    load_s = workload.batch_size * io_s + core_s / min(1.0, machine.cores)
    gpu = _rate(workload.batch_size, workload.step_s)
    cores = _rate(workload.batch_size * machine.cores, core_s)
    storage = _rate(machine.storage_streams, io_s) if machine.storage_streams else math.inf
    alone = _rate(workload.batch_size, load_s + workload.step_s)
    # Without a second process the whole load uses one core at most.
    loader = workers * _rate(workload.batch_size, load_s) if workers else alone
    knee = _knee(min(gpu, cores, storage), alone, _rate(workload.batch_size, load_s))
    return Bounds(gpu=gpu, loader=loader, cores=cores, storage=storage, knee=knee)


def _knee(target: float, alone: float, one_worker: float) -> int | None:
    enough = target * (1 - KNEE_TOLERANCE)
    if alone >= enough:
        return 0
    if math.isinf(target):
        return None
    return min(math.ceil(enough / one_worker), int(limits(LoaderConfig, "num_workers")[1]))


def _rate(amount: float, seconds: float) -> float:
    return amount / seconds if seconds > 0 else math.inf
