"""Measure what torch's DataLoader itself costs here: the process that `bench.calibration.host` starts.

Usage: python -m bench.calibration.probes DESCRIPTOR, with the request on standard input (bench/trial/messages.py).
Start-up in children is their processor time; what the training process waits for is time on the clock.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from bench.calibration.busy import cores_under_load
from bench.calibration.quiet import quietest
from bench.trial import lifeline
from bench.trial.messages import Kind, Parser, send_json

Values = Mapping[str, float]
# Batches left out at both ends of a run, in which the queues fill and drain: 2 are outstanding.
EDGE = 3
BATCHES = 14
SAMPLES = 32
# What a picture of 3 x 224 x 224 float32 takes, and a page of memory.
BIG_FLOATS, PAGE_FLOATS = 3 * 224 * 224, 1024
# So long computes the training process between two batches, so that the next one is certainly ready.
SMALL_PAUSE_S, BIG_PAUSE_S = 0.01, 0.04


class Noted(Dataset[Any]):
    """Return `tensors` tensors of `floats` numbers a sample; note in shared memory when each thing happened."""

    def __init__(self, *, batches: int, samples: int = 1, tensors: int = 1, floats: int = 1) -> None:
        """Make room for the notes."""
        self.batches, self.samples, self.tensors, self.floats = batches, samples, tensors, floats
        self.batch = 0
        self.booted_s = _shared(64)
        # Processor time of the process at the start and end of each batch's load; time on the clock to collate it.
        self.loads_s = _shared(batches, 3)

    def __len__(self) -> int:
        """Return the samples of all batches."""
        return self.batches * self.samples

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Make one sample and return it for each index."""
        self.batch = indices[0] // self.samples
        self.loads_s[self.batch, 0] = time.process_time()
        # Read before they are collated, as samples are that were just made.
        sample = tuple(torch.ones(self.floats) for _ in range(self.tensors))
        return [sample] * len(indices)

    def collate(self, samples: list[Any]) -> Any:
        """Collate as torch does: in a worker straight into shared memory."""
        return self._noted(default_collate, samples)

    def collate_privately(self, samples: list[Any]) -> Any:
        """Collate into ordinary memory, as a user's own function does: the put then copies it."""
        return self._noted(_stack, samples)

    def boot(self, worker: int) -> None:
        """Note the processor time that this worker took to come up."""
        self.booted_s[worker] = time.process_time()

    def _noted(self, collate: Callable[[list[Any]], Any], samples: list[Any]) -> Any:
        start_s = time.perf_counter()
        batch = collate(samples)
        self.loads_s[self.batch, 2] = time.perf_counter() - start_s
        self.loads_s[self.batch, 1] = time.process_time()
        return batch


def _shared(*shape: int) -> torch.Tensor:
    room = torch.zeros(shape, dtype=torch.float64)
    room.share_memory_()  # type: ignore[no-untyped-call]
    return room


def _stack(samples: list[Any]) -> list[torch.Tensor]:
    return [torch.stack(column) for column in zip(*samples, strict=True)]


def start_and_stop(method: str, num_workers: int) -> Values:
    """Start workers and stop them: seconds per worker."""
    dataset = Noted(batches=2 * num_workers)
    options: dict[str, Any] = {"worker_init_fn": dataset.boot, "multiprocessing_context": method}
    before_s = time.perf_counter()
    batches = iter(DataLoader(dataset, num_workers=num_workers, collate_fn=dataset.collate, **options))
    started_s = time.perf_counter()
    for _ in range(dataset.batches):
        next(batches)
    time.sleep(0.02)
    all_handed_over_s = time.perf_counter()
    next(batches, None)
    stopped_s = time.perf_counter()
    return {
        "start_s": (started_s - before_s) / num_workers,
        "boot_cpu_s": float(dataset.booted_s[:num_workers].mean()),
        "stop_s": (stopped_s - all_handed_over_s) / num_workers,
    }


def transport(tensors: int, floats: int, *, private: bool = False) -> Values:
    """Hand batches over that are certainly ready, as the training process computes in between: seconds per batch."""
    dataset = Noted(batches=BATCHES, samples=SAMPLES, tensors=tensors, floats=floats)
    collate = dataset.collate_privately if private else dataset.collate
    batches = iter(DataLoader(dataset, batch_size=SAMPLES, num_workers=1, collate_fn=collate))
    rows = [_hand_over(batches, SMALL_PAUSE_S if floats == 1 else BIG_PAUSE_S) for _ in range(BATCHES)][EDGE:-EDGE]
    loads_s = dataset.loads_s[EDGE:-EDGE]
    return {name: median(row[name] for row in rows) for name in rows[0]} | {
        # In between the worker waits for its next index: what it computes then is the put.
        "put_cpu_s": float((loads_s[1:, 0] - loads_s[:-1, 1]).median()),
        "collate_s": float(loads_s[:, 2].median()),
    }


def _hand_over(batches: Any, pause_s: float) -> Values:
    asked_s = time.perf_counter()
    batch = next(batches)
    got_s = time.perf_counter()
    for tensor in batch:
        tensor.view(-1)[::PAGE_FLOATS].sum()
    touched_s = time.perf_counter()
    del batch, tensor
    dropped_s = time.perf_counter()
    # A core that sleeps wakes up slowly in a virtual machine, and a training loop launches kernels.
    while time.perf_counter() < dropped_s + pause_s:
        pass
    return {"get_s": got_s - asked_s, "touch_s": touched_s - got_s, "drop_s": dropped_s - touched_s}


def to_gpu() -> Values:
    """Copy a large batch into pinned memory, which torch keeps for the next one, and from there to the GPU."""
    batch = torch.ones((SAMPLES, BIG_FLOATS))
    start_s = time.perf_counter()
    pinned = batch.pin_memory()
    pinned_s = time.perf_counter()
    pinned.to("cuda", non_blocking=True)
    torch.cuda.synchronize()
    end_s = time.perf_counter()
    size = batch.numel() * batch.element_size()
    return {"pin_bytes_per_s": size / (pinned_s - start_s), "h2d_bytes_per_s": size / (end_s - pinned_s)}


def experiments(usable: float) -> dict[str, Callable[[], Values]]:
    """Return each experiment by name; the GPU comes last, as nothing may be forked after it was used."""
    found: dict[str, Callable[[], Values]] = {"cores": partial(cores_under_load, usable)}
    workers = (("fork", 1), ("fork", 2), ("forkserver", 1), ("spawn", 1))
    found |= {f"{method}_{count}": partial(start_and_stop, method, count) for method, count in workers}
    sizes = ((1, 1), (2, 1), (8, 1), (1, BIG_FLOATS))
    found |= {f"batch_{tensors}x{floats}": partial(transport, tensors, floats) for tensors, floats in sizes}
    found[f"private_1x{BIG_FLOATS}"] = partial(transport, 1, BIG_FLOATS, private=True)
    if torch.cuda.is_available():
        found["gpu"] = to_gpu
    return found


def main() -> None:
    """Run every experiment and send what it gave; the last message holds them all."""
    lifeline.follow_parent()
    channel = int(sys.argv[-1])
    os.set_inheritable(channel, False)
    request = next(message.json() for message in Parser().feed(os.read(0, 1 << 16)))
    lifeline.follow_stdin()
    lifeline.lead_children()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "This DataLoader will create")
    todo = experiments(request["usable"])
    found: dict[str, list[float]] = {}
    for number, (name, action) in enumerate(todo.items()):
        send_json(channel, Kind.PROGRESS, {"done": number, "total": len(todo), "name": name})
        # Of those that import torch anew the first is like the others: this process has read the files already.
        warm_up = not name.startswith(("forkserver", "spawn"))
        repeats = quietest(action, patience_s=request["patience_s"], warm_up=warm_up)
        found |= {f"{name}.{key}": values for key, values in repeats.values.items()}
        found[f"{name}.others_share"] = [repeats.others_share]
    send_json(channel, Kind.RESULT, {"seen": found, "method": _default_method()})


def _default_method() -> str:
    return multiprocessing.get_context().get_start_method()


if __name__ == "__main__":
    main()
