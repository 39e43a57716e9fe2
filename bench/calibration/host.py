"""Measure once what torch's plumbing costs on this machine, keep it, and hand it to whoever simulates.

The measuring runs in a process of its own (`bench.calibration.probes`): torch never enters this one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import lock, machine
from bench.calibration import host_file, plumbing
from bench.calibration.host_file import Host, KeptHost
from bench.calibration.quiet import QUIET_SHARE
from bench.runs.schema import StoreError
from bench.runs.store import data_folder
from bench.trial.messages import Kind
from bench.trial.process import TrialProcess
from bench.trial.spec import TrialError
from dataloader_sim.scenario import Machine

__all__ = ["Host", "KeptHost", "calibrate_host", "host_machine", "kept_host"]

COMMAND = (sys.executable, "-P", "-m", "bench.calibration.probes")
WHO = "dataloader-lab host --calibrate"
# How long each of about ten experiments may wait for other programs to be quiet.
PATIENCE_S = 2.0
# No experiment takes this long, even on a slow machine; then something is stuck.
STUCK_S = 120.0
Report = Callable[[float, str], None]
_WHAT = {
    "cores": "cores under load",
    "fork": "workers by fork",
    "forkserver": "workers by forkserver",
    "spawn": "workers by spawn",
    "batch": "handing batches over",
    "private": "batches collated into ordinary memory",
    "gpu": "copies to the GPU",
}


def host_machine() -> Machine | None:
    """Return this machine with its measured plumbing costs; None when it was not calibrated or that is of no use."""
    kept = kept_host().host
    return kept.machine if kept else None


def kept_host(folder: Path | None = None) -> KeptHost:
    """Return what is kept of this machine in `folder`, by default the user's data folder; never raises."""
    return host_file.read(folder or data_folder())


def calibrate_host(
    report: Report | None = None,
    *,
    folder: Path | None = None,
    patience_s: float = PATIENCE_S,
    command: Sequence[str] = COMMAND,
) -> Host:
    """Measure the plumbing costs in a fresh process, about 40 s, and keep them in `folder`.

    report: called with the share that is done, 0 to 1, and what is measured next. patience_s: how long each experiment
    waits for other programs to be quiet. command: what to start instead of the probes.
    Raises Busy while a run uses this machine, StoreError when nothing can be kept, TrialError when measuring fails.
    """
    folder = folder or data_folder()
    with _taken(folder):
        result = _measured(report or _say_nothing, patience_s, command)
        host = _host(result)
        host_file.write(host, folder)
    return host


def _taken(folder: Path) -> lock.RunLock:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return lock.take(folder, who=WHO, pid=os.getpid())
    except OSError as error:
        way_out = "make it writable, or set XDG_DATA_HOME to another folder"
        raise StoreError(f"the calibration cannot be kept in {folder} ({error.strerror}): {way_out}") from None


def _measured(report: Report, patience_s: float, command: Sequence[str]) -> dict[str, Any]:
    request = {"usable": machine.this_machine().cores, "patience_s": patience_s}
    deadline_s = time.monotonic() + STUCK_S
    with TrialProcess(command, request) as process:
        for message in process.listen():
            if message is None:
                if time.monotonic() > deadline_s:
                    stuck = (
                        f"measuring the plumbing said nothing for {STUCK_S:.0f} s: try again when fewer programs run"
                    )
                    raise TrialError(stuck, process.output)
                continue
            deadline_s = time.monotonic() + STUCK_S
            if message.kind is Kind.RESULT:
                result: dict[str, Any] = message.json()
                return result
            if message.kind is Kind.PROGRESS:
                at = message.json()
                report(at["done"] / at["total"], _WHAT[at["name"].partition("_")[0]])
        last = process.output.strip().rpartition("\n")[2] or "it printed nothing"
        raise TrialError(f"the process that measures the plumbing ended without a result: {last}", process.output)


def _host(result: dict[str, Any]) -> Host:
    seen = result["seen"]
    found = plumbing.quantities(seen)
    others = max(values[0] for name, values in seen.items() if name.endswith(".others_share"))
    return Host(
        machine=plumbing.as_machine(found, machine.this_machine()),
        quantities=found,
        measured_utc=lock.utc_now(),
        others_share=others,
        origin=machine.describe() | {"start_method": result["method"]},
        notes=tuple(_notes(others, gpu="gpu.pin_bytes_per_s" in seen)),
    )


def _notes(others: float, *, gpu: bool) -> list[str]:
    notes = []
    if others > QUIET_SHARE:
        used = f"up to {others * 100:.0f} % of this machine"
        notes.append(f"Other programs used {used} meanwhile: calibrate again when it is idle.")
    if not gpu:
        notes.append("No GPU was found: pinning and copies to one are taken to cost nothing.")
    return notes


def _say_nothing(_share: float, _what: str) -> None:
    pass
