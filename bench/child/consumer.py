"""Iterate a real DataLoader as a training loop does, and note when each thing happened."""

from __future__ import annotations

import mmap
import multiprocessing
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader

from bench.child.burn import burn
from bench.child.recording import Plan, now_ns
from bench.trial.spec import TrialError
from dataloader_sim.scenario import Workload

_PAGE = mmap.PAGESIZE


class EmulatedAccelerator:
    """Take `step_s` for a step and use no core meanwhile, as a GPU would.

    The host uses a core for `launch_s` to launch the step. With `synchronize` it then sleeps until the step's
    end; without, it goes on, and the steps queue up behind each other. It launches none while two are unfinished, as
    the simulator has it: CUDA's queue has an end too.
    """

    def __init__(self, workload: Workload) -> None:
        """Take the step from the workload."""
        self._launch_s, self._synchronize = workload.launch_s, workload.synchronize
        self._step_ns = round(workload.step_s * 1e9)
        # When the step before the last one ends, and the last one.
        self._before_ns = self._free_ns = 0

    def step(self) -> tuple[int, int]:
        """Run one step; return when it starts and ends on the accelerator, in ns."""
        _sleep_until(self._before_ns)
        burn(self._launch_s)
        start_ns = max(now_ns(), self._free_ns)
        self._before_ns, self._free_ns = self._free_ns, start_ns + self._step_ns
        if self._synchronize:
            self.wait()
            self._free_ns = max(now_ns(), self._free_ns)
        return start_ns, self._free_ns

    def wait(self) -> None:
        """Sleep until the last step's end."""
        _sleep_until(self._free_ns)


class TrainingLoop:
    """Run the loader through all epochs of the plan, once.

    start_ns: when the first `iter(loader)` was called.
    workers: the worker processes of the current epoch.
    log: one row per batch in the order handed over, of ns: `next` entered, `next` returned, step's start, end.
    firsts: the run-wide number of the first sample of each row's batch.
    """

    def __init__(self, plan: Plan, accelerator: EmulatedAccelerator, report: Callable[[int], None]) -> None:
        """Take the plan, what to train on, and whom to tell how many batches are done."""
        self._plan, self._accelerator, self._report = plan, accelerator, report
        self.start_ns = 0
        self.workers: list[multiprocessing.process.BaseProcess] = []
        self.log = np.zeros((plan.total, 4), np.int64)
        self.firsts = np.zeros(plan.total, np.int64)
        self._done = 0

    def run(self, loader: DataLoader[Any]) -> None:
        """Train; raise TrialError when the loader hands over other batches than planned."""
        self.start_ns = now_ns()
        for epoch in range(1, self._plan.epochs + 1):
            batches = iter(loader)
            self.workers = multiprocessing.active_children()
            while self._train_on_next(batches):
                self._report(self._done)
            if self._done != epoch * self._plan.batches:
                got = self._done - (epoch - 1) * self._plan.batches
                raise TrialError(
                    f"the loader handed over {got} of {self._plan.batches} batches and ended the epoch: "
                    "look for a StopIteration in the dataset, which torch takes for its end",
                )
        self._accelerator.wait()

    def _train_on_next(self, batches: Any) -> bool:
        entered_ns = now_ns()
        batch = next(batches, None)
        received_ns = now_ns()
        if batch is None or self._done == self._plan.total:
            return False
        _read(batch)
        # The last tensor starts with the number of the batch's first sample (datasets.py).
        self.firsts[self._done] = int(batch[-1].view(-1)[0])
        self.log[self._done] = (entered_ns, received_ns, *self._accelerator.step())
        self._done += 1
        return True


def _sleep_until(time_ns: int) -> None:
    time.sleep(max(0, time_ns - now_ns()) / 1e9)


def _read(batch: Sequence[Tensor]) -> None:
    """Read a number of each page, as the copy to an accelerator reads them all: that maps the shared memory here."""
    for tensor in batch:
        tensor.view(-1)[:: max(1, _PAGE // tensor.element_size())].sum()
