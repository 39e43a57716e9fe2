"""Run a trial as the product does, and write down what torch's own iterator knows at every hand-over.

Usage: python watched.py FILE FAULT BATCH DESCRIPTOR; FAULT is one of `scenario.FAULTS`, or `none`.
torch's counters have private names; they are only read, and only here.
"""

import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter

from bench.child.datasets import Emulated
from bench.child.main import main
from bench.trial.spec import TrialSpec
from dataloader_sim.shards import cuts

# A task's entry holds its worker, and its data too once they came early.
CACHED = 2
NO_WORKERS = {"sent": 0, "outstanding": 0}


def watch(kind, counters):
    """Let an iterator of this kind write down its counters whenever it returns a batch."""
    next_data = kind._next_data

    def next_data_and_note(iterator):
        data = next_data(iterator)
        place = {"number": int(data[-1].view(-1)[0]), "samples": len(data[-1]), "handed": iterator._num_yielded + 1}
        with Path(sys.argv[1]).open("a") as notes:
            notes.write(json.dumps(place | counters(iterator)) + "\n")
        return data

    kind._next_data = next_data_and_note


def counters_of(iterator):
    return {
        "sent": iterator._send_idx,
        "awaited": iterator._rcvd_idx,
        "outstanding": iterator._tasks_outstanding,
        "given": sum(iterator._workers_num_tasks),
        "cached": sum(len(info) == CACHED for info in iterator._task_info.values()),
    }


class Unpicklable(str):
    __slots__ = ()

    def __reduce__(self):
        raise TypeError("this text stays where it is")


class Together(Dataset):
    """Let all workers begin their first load at the same time, however long each took to start; go wrong at a batch."""

    def __init__(self, spec: TrialSpec) -> None:
        workload, workers = spec.scenario.workload, spec.scenario.loader.num_workers
        self.emulated, self.size = Emulated(spec.scenario), workload.batch_size
        self.fault, self.batch = sys.argv[2], int(sys.argv[3])
        # A worker without a sample of its own has nothing to begin.
        parts = np.diff(cuts(workload, workers)) if workload.iterable else np.ones(max(workers, 1))
        self.all_up, self.is_up = multiprocessing.Barrier(np.count_nonzero(parts)), False

    def __getitem__(self, index):
        if not self.is_up:
            self.is_up = self.all_up.wait() >= 0
        if index == self.batch * self.size:
            self.go_wrong()
        sample = self.emulated[index]
        lost = self.fault == "lost" and index // self.size == self.batch
        return (Unpicklable(), *sample[1:]) if lost else sample

    def go_wrong(self):
        if self.fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "hangs":
            time.sleep(3600)
        if self.fault == "raises":
            raise ValueError("this batch is broken")


if __name__ == "__main__":
    watch(_MultiProcessingDataLoaderIter, counters_of)
    watch(_SingleProcessDataLoaderIter, lambda _: NO_WORKERS)
    main(Together)
