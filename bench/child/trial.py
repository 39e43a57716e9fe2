"""Put a trial's loader together, run it, and say what was seen or why it failed."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from bench.child import assembly
from bench.child.consumer import EmulatedAccelerator, TrainingLoop
from bench.child.datasets import Collate, Pictures
from bench.child.failure import explain
from bench.child.recording import Loads, Plan, Recorded, Sent
from bench.machine import this_machine
from bench.pictures import SAMPLE_BYTES
from bench.trial import lifeline
from bench.trial.spec import TrialError, TrialResult, TrialSpec
from dataloader_sim.scenario import Scenario
from dataloader_sim.timeline import Timeline


class Trial:
    """Hold a real DataLoader and the loop that will iterate it; `run` does so once."""

    def __init__(self, spec: TrialSpec, dataset: Dataset[Any], report: Callable[[int], None]) -> None:
        """Build the loader; `report` is told how many batches are done."""
        self._spec, self._dataset = spec, dataset
        workload, loader = spec.scenario.workload, spec.scenario.loader
        plan = Plan.of(workload)
        self._loads, self._sent = Loads(plan.total), Sent(plan)
        self._loop = TrainingLoop(plan, EmulatedAccelerator(workload), report)
        collate = Collate(workload) if spec.workload == "emulated" else default_collate
        recorded = Recorded(dataset, plan, self._loads, collate)
        self._loader = DataLoader(
            recorded,
            batch_sampler=self._sent,
            collate_fn=recorded.collate,
            worker_init_fn=lifeline.follow_in_worker,
            num_workers=loader.num_workers,
            prefetch_factor=loader.prefetch_factor,
            pin_memory=loader.pin_memory,
            persistent_workers=loader.persistent_workers,
            in_order=loader.in_order,
            timeout=loader.timeout,
            multiprocessing_context=loader.multiprocessing_context,
        )

    def run(self) -> TrialResult:
        """Run the trial; its peak memory is left to the caller, who sees all processes. Raises TrialError."""
        try:
            self._loop.run(self._loader)
        except Exception as error:
            raise TrialError(explain(error, self._loop.workers)) from error
        scenario = self._ran()
        noted = assembly.Noted(
            start_ns=self._loop.start_ns,
            loads=self._loads.table,
            sent_ns=self._sent.sent_ns,
            order=self._loop.order,
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


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in ("torch", "numpy", "pillow")}
