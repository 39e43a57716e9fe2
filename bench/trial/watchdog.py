"""Notice that a trial stands still: torch itself may wait for ever."""

from __future__ import annotations

import multiprocessing
import time

from bench.machine import this_machine
from bench.trial.messages import Kind, Message
from bench.trial.process import TICK_S
from bench.trial.spec import TrialError, TrialSpec
from dataloader_sim.shards import delivered

# Importing torch takes 1 to 2 s, and much longer from a cold network drive.
IMPORT_S = 120.0
# A worker that is not forked imports torch again, as many at once as there are cores.
BOOT_S = 10.0


class Watchdog:
    """Allow a trial so much time between two batches, and more while its processes start."""

    def __init__(self, spec: TrialSpec) -> None:
        """Take the limit from the spec."""
        self._spec = spec
        self._boot_s = _boot_s(spec)
        self._batches, _ = delivered(spec.scenario.workload, spec.scenario.loader)
        self._started, self._done = False, 0
        self._quiet_s = 0.0
        self._seen_s = time.monotonic()

    def see(self, message: Message | None) -> None:
        """Take the next message, or None when time passed; raise TrialError when the trial stands still."""
        now_s = time.monotonic()
        # A tick that took long means that this process was stopped too, as a laptop's sleep does it: that
        # time says nothing about the trial.
        self._quiet_s += min(now_s - self._seen_s, 2 * TICK_S)
        self._seen_s = now_s
        if message is not None:
            self._quiet_s = 0.0
            self._started = True
            if message.kind is Kind.PROGRESS:
                self._done = message.json()
        elif self._quiet_s > self._limit_s:
            raise TrialError(self._sentence())

    @property
    def _limit_s(self) -> float:
        if not self._started:
            return IMPORT_S
        # Every epoch may start its workers anew.
        starting = self._done % self._batches == 0
        return self._spec.stall_timeout_s + (self._boot_s if starting else 0.0)

    def _sentence(self) -> str:
        if not self._started:
            return f"the trial's process was not ready within {IMPORT_S:.0f} s: try `python -c 'import torch'` first"
        return (
            f"no batch arrived within {self._limit_s:g} s after batch {self._done}: "
            "raise the stall timeout, or look at dataset[0] first"
        )


def _boot_s(spec: TrialSpec) -> float:
    loader = spec.scenario.loader
    # The platform's default comes first.
    method = loader.multiprocessing_context or multiprocessing.get_all_start_methods()[0]
    if method == "fork" or not loader.num_workers:
        return 0.0
    return BOOT_S * max(1.0, loader.num_workers / this_machine().cores)
