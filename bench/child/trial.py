"""Put a trial's loader together, run it, and say what was seen or why it failed."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from bench.child import assembly
from bench.child.consumer import EmulatedAccelerator, TrainingLoop
from bench.child.datasets import Collate, Pictures
from bench.child.failure import explain
from bench.child.recording import Loads, Plan, Recorded, Sent
from bench.child.streaming import Stream, Tasks
from bench.machine import this_machine
from bench.pictures import SAMPLE_BYTES
from bench.trial import lifeline
from bench.trial.spec import TrialError, TrialResult, TrialSpec
from dataloader_sim.scenario import LoaderConfig, Scenario
from dataloader_sim.timeline import Timeline


class Trial:
    """Hold a real DataLoader and the loop that will iterate it; `run` does so once."""

    def __init__(self, spec: TrialSpec, dataset: Dataset[Any], report: Callable[[int], None]) -> None:
        """Build the loader; `report` is told how many batches are done."""
        self._spec, self._dataset = spec, dataset
        plan = Plan.of(spec.scenario)
        self._loads = Loads(plan)
        self._loop = TrainingLoop(plan, EmulatedAccelerator(spec.scenario.workload), report)
        collate = Collate(spec.scenario.workload) if spec.workload == "emulated" else default_collate
        recorded = (dataset, plan, self._loads, collate)
        build = _streaming_loader if spec.scenario.workload.iterable else _loader
        self._loader, self._sent = build(spec.scenario, plan, recorded)

    def run(self) -> TrialResult:
        """Run the trial; its peak memory is left to the caller, who sees all processes. Raises TrialError."""
        try:
            self._loop.run(self._loader)
            self._check()
        except Exception as error:
            raise TrialError(explain(error, self._loop.workers)) from error
        scenario = self._ran()
        noted = assembly.Noted(
            start_ns=self._loop.start_ns,
            loads=self._loads.table,
            sent_ns=self._sent.sent_ns,
            firsts=self._loop.firsts,
            log=self._loop.log,
        )
        return TrialResult(
            timeline=Timeline(scenario=scenario, source="measured", spans=assembly.spans(scenario, noted)),
            first_batch_s=(int(self._loop.log[0, assembly.RECEIVED]) - self._loop.start_ns) / 1e9,
            peak_memory_bytes=0,
            skipped_pictures=self._dataset.skipped if isinstance(self._dataset, Pictures) else 0,
            versions=_versions(),
            notes=self._notes(),
        )

    def _check(self) -> None:
        """Check that each batch that was loaded was handed over, once."""
        loads = self._loads.table
        loaded = loads[loads[:, assembly.LOADED] > 0, assembly.FIRST]
        if not np.array_equal(np.sort(self._loop.firsts), np.sort(loaded)):
            raise TrialError("the loader handed over a batch twice: look for a dataset that returns other samples")

    def _ran(self) -> Scenario:
        """Return the scenario that really ran: on this machine, and for pictures with the costs seen."""
        scenario = replace(self._spec.scenario, machine=this_machine())
        if isinstance(self._dataset, Pictures):
            return assembly.with_measured_costs(scenario, self._loads.table, SAMPLE_BYTES)
        return scenario

    def _notes(self) -> tuple[str, ...]:
        if self._spec.scenario.loader.pin_memory and not torch.accelerator.is_available():
            return ("pin_memory had no effect: torch sees no accelerator on this machine.",)
        return ()


def _loader(scenario: Scenario, plan: Plan, recorded: tuple[Any, ...]) -> tuple[DataLoader[Any], Sent | Tasks]:
    dataset, sent = Recorded(*recorded), Sent(plan)
    return DataLoader(dataset, batch_sampler=sent, collate_fn=dataset.collate, **_options(scenario.loader)), sent


def _streaming_loader(
    scenario: Scenario, plan: Plan, recorded: tuple[Any, ...]
) -> tuple[DataLoader[Any], Sent | Tasks]:
    dataset, sent = Stream(*recorded, workload=scenario.workload), Tasks(plan)
    loader: DataLoader[Any] = DataLoader(
        dataset,
        batch_size=plan.batch_size,
        drop_last=scenario.loader.drop_last,
        collate_fn=dataset.collate,
        **_options(scenario.loader),
    )
    # torch takes no sampler for an iterable dataset, and then locks its own, which hands out lists of as many None as
    # ours asks for samples.
    object.__setattr__(loader, "batch_sampler", sent)
    return loader, sent


def _options(loader: LoaderConfig) -> dict[str, Any]:
    names = ("num_workers", "prefetch_factor", "pin_memory", "persistent_workers", "in_order", "timeout")
    options = {name: getattr(loader, name) for name in (*names, "multiprocessing_context")}
    return options | {"worker_init_fn": lifeline.follow_in_worker}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in ("torch", "numpy", "pillow")}
