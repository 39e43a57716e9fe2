"""Say what one trial runs, what it returns, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from dataloader_sim.costs import MOST_SAMPLES
from dataloader_sim.rules import check, choice, number, refuse
from dataloader_sim.scenario import Scenario
from dataloader_sim.shards import delivered
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import scenario_from_dict, scenario_to_dict

WORKLOADS = ("emulated", "jpeg")
MOST_WORKERS = 64
MOST_BATCHES = 1_000_000


class TrialError(RuntimeError):
    """Say in one sentence why a trial gave no result, and the way out.

    details: what the trial's process printed or raised, possibly many lines, possibly empty.
    """

    def __init__(self, message: str, details: str = "") -> None:
        """Keep the sentence and the details apart, so that a page can fold the details."""
        super().__init__(message)
        self.details = details


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """Describe one trial: a scenario run once on a real DataLoader.

    scenario: the workload and the loader to run; its machine is not used, a trial runs on this one.
    workload: `emulated` costs what the scenario's Workload says; `jpeg` decodes the pictures in `images`
        and takes only batches, batch_size, epochs, the shards of an iterable dataset, the step and the launch from it.
    images: a folder of JPEG files, for `jpeg` only; empty: the generated pictures.
    stall_timeout_s: the trial is stopped when no batch arrived for that long, start-up not counted.
    Raises ValueError for a value out of range and for what no trial can run: several ranks, threads for workers, a
    fault, a Dataset that holds memory of its own, an epoch without a batch, more workers, batches or samples than one
    trial may take.
    """

    scenario: Scenario = field(default_factory=Scenario)
    workload: str = choice("emulated", choices=WORKLOADS)
    images: str = ""
    stall_timeout_s: float = number(30.0, above=True, high=86_400.0, hint="a slow dataset needs more, not 0")

    def __post_init__(self) -> None:
        """Check every value."""
        check(self)
        if not isinstance(self.scenario, Scenario):
            raise refuse("scenario", "a Scenario", self.scenario)
        if not isinstance(self.images, str) or "\0" in self.images:
            raise refuse("images", "the path of a folder", self.images)
        if self.images and self.workload != "jpeg":
            raise refuse("images", "empty for this workload", self.images, "only the workload jpeg reads pictures")
        _check_runnable(self.scenario)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as values that JSON can hold; `from_dict` takes them back."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return plain | {"scenario": scenario_to_dict(self.scenario)}

    @classmethod
    def from_dict(cls, data: object) -> TrialSpec:
        """Rebuild a spec from `to_dict`; raise ValueError for an unknown or a missing field."""
        names = {item.name for item in fields(cls)}
        if not isinstance(data, dict) or data.keys() != names:
            got = sorted(map(str, data)) if isinstance(data, dict) else data
            raise refuse("a trial", f"an object with the fields {', '.join(sorted(names))}", got)
        return cls(**(data | {"scenario": scenario_from_dict(data["scenario"])}))


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """Hold what one trial saw.

    timeline: what happened, with source `measured`; its scenario says what ran and on which machine.
    first_batch_s: from `iter(loader)` to the first batch, the start of the workers included.
    peak_memory_bytes: the most memory that the trial's processes were seen to hold together; 0: not seen.
    skipped_pictures: files that could not be decoded and were replaced by the next good one.
    versions: of python, torch, numpy and pillow in the trial's process.
    notes: sentences about settings that had no effect on this machine.
    """

    timeline: Timeline
    first_batch_s: float
    peak_memory_bytes: int
    skipped_pictures: int
    versions: dict[str, str]
    notes: tuple[str, ...] = ()


def _check_runnable(scenario: Scenario) -> None:
    workload, loader = scenario.workload, scenario.loader
    if scenario.machine.ranks != 1:
        raise refuse("ranks", "1 in a trial", scenario.machine.ranks, "several ranks can only be simulated so far")
    if scenario.threads:
        raise refuse("threads", "False in a trial", scenario.threads, "torch's workers are processes; simulate threads")
    if scenario.fault is not None:
        hint = "nothing is broken on purpose on this machine; simulate the fault"
        raise refuse("fault", "None in a trial", scenario.fault.kind, hint)
    if not delivered(workload, loader)[0]:
        hint = "no worker's part of the samples fills a batch; use fewer workers, or no drop_last"
        raise refuse("batches", "at least one batch that drop_last leaves", 0, hint)
    if workload.dataset_bytes:
        hint = "the datasets of a trial hold no data of their own"
        raise refuse("dataset_bytes", "0 in a trial", workload.dataset_bytes, hint)
    if loader.num_workers > MOST_WORKERS:
        raise refuse("num_workers", f"{MOST_WORKERS} or less in a trial", loader.num_workers, "simulate more")
    for name, value, most in (
        ("batches x epochs", workload.batches * workload.epochs, MOST_BATCHES),
        ("batches x batch_size x epochs", workload.samples * workload.epochs, MOST_SAMPLES),
    ):
        if value > most:
            raise refuse(name, f"{most:,} or less in a trial", value, "a shorter run shows the same rate")
