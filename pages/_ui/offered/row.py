"""Offer the settings of the first view, and num_workers, which the player or an axis shows."""

from __future__ import annotations

from pages._ui.knobs import Number

WORKERS = tuple(range(17))
DEFAULT_WORKERS = 2
MILLISECONDS = (
    *(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    *(10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 75.0, 100.0, 150.0, 200.0),
)
STEPS = (
    *(0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
    *(100.0, 120.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0),
)

WORKERS_KNOB = Number(
    key="num_workers",
    label="num_workers",
    question="How many processes load batches?",
    field="loader.num_workers",
    default=DEFAULT_WORKERS,
    low=WORKERS[0],
    high=WORKERS[-1],
    stops=WORKERS,
)
# A step that two workers cannot feed and four can: the lesson is one drag away.
ROW = (
    Number(
        key="io_ms",
        label="Sample I/O, ms",
        question="How long does one sample wait for storage or network? Waiting uses no core.",
        field="workload.io_s",
        default=4.0,
        low=0.0,
        high=10_000.0,
        scale=0.001,
        stops=MILLISECONDS,
    ),
    Number(
        key="cpu_ms",
        label="Sample CPU, ms",
        question="How long does one sample need a core, to decode and transform?",
        field="workload.cpu_s",
        default=2.0,
        low=0.0,
        high=10_000.0,
        scale=0.001,
        stops=MILLISECONDS,
    ),
    Number(
        key="jitter",
        label="Jitter",
        question="How uneven are the samples? The coefficient of variation of a sample's cost, log-normal.",
        field="workload.jitter",
        default=0.5,
        low=0.0,
        high=10.0,
        stops=(0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
    ),
    Number(
        key="step_ms",
        label="Step time, ms",
        question="How long does the GPU train on one batch?",
        field="workload.step_s",
        default=50.0,
        low=0.0,
        high=100_000.0,
        scale=0.001,
        stops=STEPS,
    ),
    Number(
        key="cores",
        label="Cores",
        question="How many cores do the workers share? Half a core is a container's quota.",
        field="machine.cores",
        default=8.0,
        low=0.1,
        high=1024.0,
        stops=(0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0),
    ),
)
