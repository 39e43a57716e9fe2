"""Describe this machine: what a run may use of it, and which one it is."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import uuid
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from dataloader_sim.scenario import Machine

_CGROUPS = Path("/sys/fs/cgroup")
_SHARED = Path("/dev/shm")  # noqa: S108
# A cgroup v1 without a limit says a number near 2^63.
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, kw_only=True)
class CoreLimits:
    """Hold what bounds the cores of a run: those this process may run on, and the container's quota; None: no quota."""

    affinity: int
    quota: float | None


def core_limits() -> CoreLimits:
    """Return what bounds the cores of a run on this machine."""
    return CoreLimits(affinity=_usable_cores(), quota=min(_quotas(_cgroup_folders()), default=None))


def this_machine() -> Machine:
    """Return what a run on this machine may use.

    cores: those this process may run on, or the container's quota of processor time where that is less; torch
    and `os.cpu_count()` see no quota.
    ram_bytes, shm_bytes: the size of memory, or the container's limit, and of /dev/shm; 0: unknown.
    """
    folders = _cgroup_folders()
    return Machine(
        cores=min([float(_usable_cores()), *_quotas(folders)]),
        ram_bytes=min([psutil.virtual_memory().total, *_memory_limits(folders)]),
        shm_bytes=_shared_bytes(),
    )


def describe() -> dict[str, str]:
    """Return what to store beside a measurement: hardware, versions, and an id that tells machines apart.

    The id is a hash: it names neither the machine nor its user.
    """
    machine = this_machine()
    return {
        "machine_id": _machine_id(),
        "cpu": _cpu_model(),
        "cores": f"{machine.cores:g}",
        "ram_bytes": str(machine.ram_bytes),
        "shm_bytes": str(machine.shm_bytes),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": _version("torch"),
    }


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroup_folders(membership: Path = Path("/proc/self/cgroup"), root: Path = _CGROUPS) -> list[Path]:
    """Return the folders of this process's cgroups, v1 and v2, each with all its parents: any may set a limit."""
    folders: dict[Path, None] = {}
    for line in _text(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        # v2 has one tree and no controllers here; v1 has a tree per controller or pair of them.
        top = root / controllers if controllers else root
        inside = Path(path.lstrip("/"))
        # In a container the path may be the host's, which is not there: its top is the container's own group.
        for folder in (top / inside, *(top / parent for parent in inside.parents)):
            folders[folder] = None
    return list(folders)


def _quotas(folders: list[Path]) -> list[float]:
    found = []
    for folder in folders:
        quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
        if not quota:
            quota = _text(folder / "cpu.cfs_quota_us").strip()
            period = _text(folder / "cpu.cfs_period_us").strip()
        # "max" in v2 and -1 in v1 mean no quota.
        if quota.isdigit() and period.isdigit() and int(quota) and int(period):
            found.append(int(quota) / int(period))
    return found


def _memory_limits(folders: list[Path]) -> list[int]:
    names = ("memory.max", "memory.limit_in_bytes")
    texts = (_text(folder / name).strip() for folder in folders for name in names)
    return [int(text) for text in texts if text.isdigit() and 0 < int(text) < _NO_LIMIT]


def _shared_bytes() -> int:
    if not _SHARED.is_dir():
        return 0
    size = os.statvfs(_SHARED)
    return size.f_blocks * size.f_frsize


def _machine_id() -> str:
    name = _text(Path("/etc/machine-id")).strip() or f"{socket.gethostname()} {uuid.getnode()}"
    return hashlib.sha256(f"dataloader-lab {name}".encode()).hexdigest()[:16]


def _cpu_model() -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
