"""Describe the settings that a visitor may change, and the scenario they start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dataloader_sim import LoaderConfig, Scenario, Workload
from dataloader_sim.sweep import vary

WORKERS = tuple(range(17))
DEFAULT_WORKERS = 2
# A step that two workers cannot feed and four can: the lesson is one drag away.
BASE = Scenario(
    workload=Workload(batches=48, step_s=0.05, jitter=0.5),
    loader=LoaderConfig(num_workers=DEFAULT_WORKERS),
)


@dataclass(frozen=True, kw_only=True)
class Knob:
    """Describe one setting: its key in the URL, its field, what it offers and how it is shown.

    scale: what one unit on screen is in the field's unit, e.g. 0.001 for milliseconds.
    """

    key: str
    label: str
    axis: str
    options: tuple[Any, ...]
    default: Any
    question: str
    scale: float | None = None

    def field_value(self, shown: Any) -> Any:
        """Turn the number on screen into the field's."""
        return shown if self.scale is None else shown * self.scale


MILLISECONDS = (
    *(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    *(10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 75.0, 100.0, 150.0, 200.0),
)
STEPS = (
    *(0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
    *(100.0, 120.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0),
)

KNOBS = (
    Knob(
        key="prefetch_factor",
        label="Prefetch factor",
        axis="loader.prefetch_factor",
        options=(1, 2, 3, 4, 6, 8, 12, 16),
        default=2,
        question="How many batches may each worker have outstanding, the one in progress included?",
    ),
    Knob(
        key="batch_size",
        label="Batch size",
        axis="workload.batch_size",
        options=(1, 2, 4, 8, 16, 32, 64, 128, 256),
        default=32,
        question="How many samples make one batch? One worker loads a whole batch.",
    ),
    Knob(
        key="io_ms",
        label="Sample I/O, ms",
        axis="workload.io_s",
        options=MILLISECONDS,
        default=4.0,
        question="How long does one sample wait for storage or network? Waiting uses no core.",
        scale=0.001,
    ),
    Knob(
        key="cpu_ms",
        label="Sample CPU, ms",
        axis="workload.cpu_s",
        options=MILLISECONDS,
        default=2.0,
        question="How long does one sample need a core, to decode and transform?",
        scale=0.001,
    ),
    Knob(
        key="jitter",
        label="Jitter",
        axis="workload.jitter",
        options=(0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
        default=0.5,
        question="How uneven are the samples? The coefficient of variation of a sample's cost, log-normal.",
    ),
    Knob(
        key="step_ms",
        label="Step time, ms",
        axis="workload.step_s",
        options=STEPS,
        default=50.0,
        question="How long does the GPU train on one batch?",
        scale=0.001,
    ),
    Knob(
        key="cores",
        label="Cores",
        axis="machine.cores",
        options=(0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0),
        default=8.0,
        question="How many cores do the workers share?",
    ),
    Knob(
        key="storage_streams",
        label="Storage streams",
        axis="machine.storage_streams",
        options=(0, 1, 2, 4, 8, 16, 32, 64),
        default=0,
        question="How many reads does the storage serve at full speed at once? More share it; 0: no limit.",
    ),
)

WORKERS_KNOB = Knob(
    key="num_workers",
    label="num_workers",
    axis="loader.num_workers",
    options=WORKERS,
    default=DEFAULT_WORKERS,
    question="How many processes load batches?",
)


def plain(value: float) -> str:
    """Write a setting's value as its slider and the URL do."""
    return f"{value:g}"


def put(scenario: Scenario, knob: Knob, shown: Any) -> Scenario:
    """Return the scenario with a knob's field set."""
    return vary(scenario, knob.axis, knob.field_value(shown))
