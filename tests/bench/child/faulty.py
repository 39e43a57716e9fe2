"""Run a trial whose dataset fails at sample 24 in the way that the first argument names."""

import ctypes
import os
import signal
import sys
import time

import torch
from torch.utils.data import Dataset

from bench.child.main import main
from bench.trial.spec import TrialSpec

AT = 24


class OddError(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__(first, second)


def throw(error: BaseException) -> None:
    raise error


def print_garbage() -> None:
    os.write(1, b"\0\xff\xfe not text \0" * 20_000)
    os.write(2, b"last words")


FAULTS = {
    "raise": lambda: throw(ValueError("sample 24 is broken")),
    "odd": lambda: throw(OddError(1, 2)),
    "end": lambda: throw(StopIteration()),
    "interrupt": lambda: throw(KeyboardInterrupt()),
    "exit": lambda: os._exit(3),
    "exit-0": lambda: os._exit(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
    "hang": lambda: time.sleep(3600),
    "hang-holding-the-gil": lambda: ctypes.PyDLL(None).sleep(3600),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "garbage": print_garbage,
    "daemon": lambda: os.fork() or (os.setpgid(0, 0), time.sleep(3600)),
}


class Faulty(Dataset):
    def __init__(self, fault: str) -> None:
        self.fault = fault

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, index: int) -> tuple[torch.Tensor]:
        if index == AT:
            if self.fault == "same":
                index = 0
            elif self.fault == "ragged":
                return (torch.zeros(3, dtype=torch.int64),)
            elif self.fault != "none":
                FAULTS[self.fault]()
        return (torch.tensor([index]),)


def build(_spec: TrialSpec) -> Faulty:
    return Faulty(sys.argv[1])


if __name__ == "__main__":
    main(build)
