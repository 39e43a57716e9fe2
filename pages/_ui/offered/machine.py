"""Offer the machine: an ideal one or a measured one, and how much of everything it has."""

from __future__ import annotations

from dataloader_sim.presets import MACHINES
from pages._ui.format import titled
from pages._ui.knobs import Choice, Number, Option

MB, GB = 10**6, 10**9

MACHINE_KNOB = Choice(
    key="machine",
    label="Machine",
    question="What does it cost to start workers and to hand batches over? On the ideal machine nothing; the others "
    "were measured, with the cores that they have.",
    field="machine",
    default="ideal",
    options=tuple(Option(word=name, name=titled(name), value=one) for name, one in MACHINES.items()),
)
MACHINE = (
    MACHINE_KNOB,
    Number(
        key="storage_streams",
        label="Storage streams",
        question="How many reads does the storage serve at full speed at once? More share it; 0: no limit.",
        field="machine.storage_streams",
        default=0,
        low=0,
        high=10_000,
        stops=(0, 1, 2, 4, 8, 16, 32, 64),
    ),
    Number(
        key="ranks",
        label="Ranks",
        question="How many training processes, each with a GPU and workers of its own, share cores and storage?",
        field="machine.ranks",
        default=1,
        low=1,
        high=16,
        stops=(1, 2, 4, 8),
    ),
    Number(
        key="ram_gb",
        label="Memory, GB",
        question="How much memory has the machine? 0: not known.",
        field="machine.ram_bytes",
        default=0.0,
        low=0.0,
        high=100_000.0,
        step=8.0,
        scale=GB,
    ),
    Number(
        key="shm_mb",
        label="/dev/shm, MB",  # noqa: S108 (the name of it, on screen)
        question="How much shared memory has the machine? Docker gives 67 MB unless told otherwise; 0: not known.",
        field="machine.shm_bytes",
        default=0.0,
        low=0.0,
        high=10_000_000.0,
        step=64.0,
        scale=MB,
    ),
)
