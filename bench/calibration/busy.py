"""Find out how many processes this machine really lets compute at once."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Mapping
from ctypes import Array, c_double

LASTS_S = 0.2
# Processes start one after another; all begin to count together, once the last of them is up.
SETTLE_S = 0.03
SETTLE_EACH_S = 0.004
LOOPS = 1000


def counts(usable: float) -> tuple[int, ...]:
    """Return how many processes to try: 1, 2, .. twice the usable cores; on large machines powers of two of them."""
    full, most = max(1, math.ceil(usable)), 2 * max(1, math.ceil(usable))
    steps = range(1, most + 1) if most <= 8 else (2**power for power in range(most.bit_length()))  # noqa: PLR2004
    return tuple(sorted({*(one for one in steps if one < most), full, most}))


def cores_under_load(usable: float) -> Mapping[str, float]:
    """Return how much more busy processes get done together than one alone.

    `busy_N`: for each of the numbers tried; `cores`: the mean of those that fill the usable cores. What counts is pure
    computing in Python: work that waits for memory may get less.
    """
    alone = done_by(1)
    seen = {count: done_by(count) / alone for count in counts(usable) if count > 1}
    full = [ratio for count, ratio in seen.items() if count >= usable]
    return {"cores": sum(full) / len(full)} | {f"busy_{count}": ratio for count, ratio in seen.items()}


def done_by(processes: int) -> float:
    """Return how many loops so many processes finish in the same stretch of time."""
    context = multiprocessing.get_context("fork")
    done: Array[c_double] = context.RawArray(c_double, processes)
    start_s = time.monotonic() + SETTLE_S + SETTLE_EACH_S * processes
    started = [context.Process(target=_count, args=(done, at, start_s), daemon=True) for at in range(processes)]
    for one in started:
        one.start()
    for one in started:
        one.join()
    return float(sum(done))


def _count(done: Array[c_double], at: int, start_s: float) -> None:
    time.sleep(max(0.0, start_s - time.monotonic()))
    rounds = 0
    while time.monotonic() < start_s + LASTS_S:
        for _ in range(LOOPS):
            pass
        rounds += 1
    done[at] = rounds
