"""Repeat a measurement and keep the repeats in which other programs left the machine alone."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

# The lowest to the highest of 5 values holds their median with 94 % confidence.
KEPT = 5
MOST_REPEATS = 25
QUIET_SHARE = 0.10
LOOK_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """Hold what the kept repeats gave, the values by name, and the largest share that others used during one."""

    values: Mapping[str, list[float]]
    others_share: float


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Hold what one action returned and which share of the machine other programs used meanwhile."""

    values: Mapping[str, float]
    others_share: float


def quietest(
    action: Callable[[], Mapping[str, float]], *, patience_s: float, most: int = MOST_REPEATS, warm_up: bool = True
) -> Repeats:
    """Repeat an action and return its `KEPT` quietest repeats.

    patience_s: how long to wait and repeat for quieter ones; `KEPT` repeats are made in any case, `most` at most.
    warm_up: run it once before, uncounted.
    """
    if warm_up:
        action()
    seen: list[Watched] = []
    deadline_s = time.monotonic() + patience_s
    while len(seen) < KEPT or (
        seen[KEPT - 1].others_share > QUIET_SHARE and len(seen) < most and time.monotonic() < deadline_s
    ):
        while time.monotonic() < deadline_s and watch(_look).others_share > QUIET_SHARE:
            time.sleep(LOOK_S)
        seen.append(watch(action))
        seen.sort(key=lambda one: one.others_share)
    kept = seen[:KEPT]
    values = {name: [one.values[name] for one in kept] for name in kept[0].values}
    return Repeats(values=values, others_share=kept[-1].others_share)


def watch(action: Callable[[], Mapping[str, float]]) -> Watched:
    """Run an action and see which share of the usable cores other programs used meanwhile."""
    start_s, machine_s, own_s = time.perf_counter(), _machine_s(), _own_s()
    values = action()
    used_s = _machine_s() - machine_s - (_own_s() - own_s)
    share = used_s / (time.perf_counter() - start_s) / _cores()
    return Watched(values=values, others_share=min(1.0, max(0.0, share)))


def _look() -> Mapping[str, float]:
    time.sleep(LOOK_S)
    return {}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _machine_s() -> float:
    """Return the core time that anybody used on this machine so far, what the host took for others included."""
    times = psutil.cpu_times()
    left_out = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(value for name, value in times._asdict().items() if name not in left_out))


def _own_s() -> float:
    """Return the core time of this process and those it started, of which a fork server starts some of its own."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    ended = sum(one.ru_utime + one.ru_stime for one in both)
    return float(ended + sum(_used_s(child) for child in psutil.Process().children()))


def _used_s(child: psutil.Process) -> float:
    try:
        times = child.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
