"""Refuse a trial that this machine cannot hold, before it is started."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from bench.pictures import SAMPLE_BYTES
from bench.trial.spec import TrialError, TrialSpec

_SHARED = Path("/dev/shm")  # noqa: S108
_WAY_OUT = "use fewer workers, a smaller batch_size or a smaller prefetch_factor"


def check_memory(spec: TrialSpec) -> None:
    """Raise TrialError when the batches on their way would not fit in memory or in shared memory.

    At most num_workers x prefetch_factor batches are outstanding, one is in the training step and one is being
    made.
    """
    workload, loader = spec.scenario.workload, spec.scenario.loader
    sample_bytes = SAMPLE_BYTES if spec.workload == "jpeg" else workload.sample_bytes
    needed = (loader.capacity + 2) * workload.batch_size * sample_bytes
    _expect_room("memory", needed, psutil.virtual_memory().available)
    if loader.num_workers and _SHARED.is_dir():
        held = os.statvfs(_SHARED)
        _expect_room("shared memory (/dev/shm)", needed, held.f_bavail * held.f_frsize)


def _expect_room(place: str, needed: int, free: int) -> None:
    if needed > free:
        raise TrialError(
            f"the batches on their way would take {needed / 1e6:,.0f} MB of {place}, {free / 1e6:,.0f} MB are free: "
            + _WAY_OUT,
        )
