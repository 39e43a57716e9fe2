"""Say in one sentence what would run out, with the sizes, what happens then, and the way out."""

from __future__ import annotations

from dataloader_sim.memory_batches import Waiting
from dataloader_sim.memory_processes import Workers
from dataloader_sim.scenario import Scenario

SHARED = "/dev/shm"  # noqa: S108 - the place that torch uses
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def shm_runs_out(scenario: Scenario, waiting: Waiting, needed_bytes: int) -> str:
    """Warn of a full /dev/shm (torch's behaviour: read and tried in 2.13; the older in its binaries and PR 161910)."""
    machine, loader = scenario.machine, scenario.loader
    each = f"up to {waiting.plain} waiting batch{'es' if waiting.plain > 1 else ''} of {size(waiting.plain_bytes)}"
    if machine.ranks > 1:
        each += f" for each of {machine.ranks} ranks"
    return (
        f"{SHARED} would run out: {each} take {size(needed_bytes)}, and it holds {size(machine.shm_bytes)}; torch 2.10 "
        "and later then raise RuntimeError, or wait for ever without a word when a collate_fn of your own made the "
        f"batch{_until(loader.timeout)}, and earlier ones die of a bus error: enlarge {SHARED} "
        f"(docker run --shm-size), or use {_less(scenario)}"
    )


def ram_runs_out(scenario: Scenario, crew: Workers, needed_bytes: int, main_bytes: int, worker_bytes: int) -> str:
    """Warn of more memory than the machine has."""
    machine = scenario.machine
    parts = f"training process {size(main_bytes)}"
    if crew.count:
        parts += f", {crew.count} worker{'s' if crew.count > 1 else ''} of {size(worker_bytes)}"
    if machine.ranks > 1:
        parts += f", in each of {machine.ranks} ranks"
    return (
        f"memory would run out: the run takes up to {size(needed_bytes)} ({parts}), and the machine has "
        f"{size(machine.ram_bytes)}; the kernel then kills one of the processes: {_leaner(scenario, crew)}"
    )


def heaps_run_out(scenario: Scenario, needed_bytes: int, growth_bytes: int) -> str:
    """Warn of heaps that grow beyond what the machine has, though what is in use would fit."""
    return (
        f"memory may run out in a long run: up to {size(needed_bytes)} are in use, heaps may grow by "
        f"{size(growth_bytes)} of holes that glibc does not fill again, and the machine has "
        f"{size(scenario.machine.ram_bytes)}: set MALLOC_MMAP_THRESHOLD_=131072 in the environment, or use "
        f"{_less(scenario)}"
    )


def size(number: int) -> str:
    """Write a size with three digits: 64 MB, 1.28 GB."""
    for unit, name in _UNITS:
        # What rounds up to the next unit is written in that: 1 MB, not 1,000 kB.
        if number >= 0.9995 * unit:
            return f"{float(f'{number / unit:.3g}'):,g} {name}"
    return f"{number} bytes"


def _until(timeout_s: float) -> str:
    return f" (until the timeout of {timeout_s:g} s)" if timeout_s else ""


def _leaner(scenario: Scenario, crew: Workers) -> str:
    """Say how to use less memory: first of the Dataset, when it is copied."""
    if not crew.copies_bytes:
        return f"use {_less(scenario)}"
    if crew.inherit:
        return f"hold the dataset in numpy arrays, which forked workers share, or use {_less(scenario)}"
    return f"let each worker open the dataset as a numpy.memmap, which all share, or use {_less(scenario)}"


def _less(scenario: Scenario) -> str:
    """Name the settings that can still be made smaller."""
    loader, work = scenario.loader, scenario.workload
    ways = []
    if loader.num_workers and loader.capacity > loader.num_workers:
        ways.append("a smaller prefetch_factor")
    if loader.num_workers:
        ways.append("fewer workers" if loader.num_workers > 1 else "num_workers=0")
    if work.batch_size > 1:
        ways.append("a smaller batch_size")
    return " or ".join(ways) or "smaller samples"
