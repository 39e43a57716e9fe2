"""List the changes of DataLoader arguments that are worth predicting, the smallest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataloader_sim.memory import predict as forecast_memory
from dataloader_sim.scenario import DEFAULT_PREFETCH_FACTOR, WORKER_OPTIONS, LoaderConfig, Scenario
from dataloader_sim.sweep import vary

WORKERS = (1, 2, 3, 4, 6, 8, 12, 16)
PREFETCH = (2, 4, 8, 16)
# A change may fill this share of /dev/shm, not more: others use it too, and batches differ in size.
FULL_SHARE = 0.9
Changes = Mapping[str, Any]


def candidates(scenario: Scenario) -> list[Changes]:
    """Return the changes that fit into memory, the smallest first.

    One argument before two; options that start no process before more workers; another order of batches last, as it
    changes what is trained on.
    """
    loader = scenario.loader
    counts = [count for count in WORKERS if count != loader.num_workers and count <= scenario.workload.batches // 2]
    ordered: list[Changes] = [*_options(scenario), *({"num_workers": count} for count in counts)]
    if loader.num_workers:
        ordered.insert(0, _none(loader))
    ordered += [{"num_workers": count, **more} for count in counts for more in _beside(scenario)]
    if loader.in_order and not scenario.workload.iterable:
        same_workers = [{"in_order": False}] if loader.num_workers else []
        ordered += [*same_workers, *({"num_workers": count, "in_order": False} for count in counts)]
    return [one for one in ordered if fits(at(scenario, one))]


def at(scenario: Scenario, changes: Changes) -> Scenario:
    """Return the scenario with DataLoader arguments changed; num_workers first, as the others need workers."""
    for name in sorted(changes, key=lambda name: name != "num_workers"):
        scenario = vary(scenario, f"loader.{name}", changes[name])
    return scenario


def fits(scenario: Scenario) -> bool:
    """Return whether a run fits into the machine's memory and into most of its /dev/shm."""
    forecast, machine = forecast_memory(scenario), scenario.machine
    within = not machine.shm_bytes or forecast.shm_bytes <= FULL_SHARE * machine.shm_bytes
    return within and not forecast.warnings


def _options(scenario: Scenario) -> list[Changes]:
    """Return the changes that need no more workers."""
    loader = scenario.loader
    if not loader.num_workers:
        return []
    found: list[Changes] = []
    if scenario.workload.epochs > 1 and not loader.persistent_workers:
        found.append({"persistent_workers": True})
    present = loader.prefetch_factor or DEFAULT_PREFETCH_FACTOR
    found += [{"prefetch_factor": ahead} for ahead in PREFETCH if ahead > present]
    if found and "persistent_workers" in found[0]:
        found += [{**one, **found[0]} for one in found[1:]]
    return found


def _beside(scenario: Scenario) -> list[Changes]:
    """Return what may be set beside another num_workers."""
    loader = scenario.loader
    found: list[Changes] = []
    if scenario.workload.epochs > 1 and not loader.persistent_workers:
        found.append({"persistent_workers": True})
    present = loader.prefetch_factor or DEFAULT_PREFETCH_FACTOR
    found += [{"prefetch_factor": ahead} for ahead in (2, 4, 8) if ahead != present]
    return found


def _none(loader: LoaderConfig) -> Changes:
    """Return num_workers=0 with the options unset that then must be."""
    unset = {name: value for name, value in WORKER_OPTIONS.items() if getattr(loader, name) != value}
    return {"num_workers": 0} | unset
