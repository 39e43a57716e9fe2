"""Print what the memory forecast says beside what a real DataLoader takes, and the error: list, array, JPEG, tokens.

`python tests/perf/memory_forecast.py [--repeats N] [--only WORD]`: 3 interleaved repeats unless said otherwise, each in
fresh processes; medians with minimum and maximum. RAM is what all processes take at once, the batches in /dev/shm
included. The error is that of the median. Where torch itself allocates the samples, and does so in equal blocks, heaps
may grow (`MemoryForecast.growth_bytes`): the highest is the forecast with that growth. Linux only.

The JPEG rows decode the files of a folder (generated once in a temporary folder); the mapped rows read tokens from a
file through numpy.memmap, opened in each worker. Of such a file only what the forecast counts is measured: its pages
are the kernel's cache, which gives them back when memory is short.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from memory_facts import scenario_of, spread
from memory_watch import Case, watch

from bench.pictures import generated
from dataloader_sim.memory import predict
from dataloader_sim.memory_warnings import SHARED

D, IMAGE, MB = 200_000_000, 3 * 224 * 224 * 4, 10**6
SLOW = {"workers": 4, "batches": 24, "step_s": 0.25}
LIST = SLOW | {"kind": "objects", "dataset_bytes": D, "batch_size": 16, "sample_bytes": IMAGE}
ARRAY = SLOW | {"kind": "array", "dataset_bytes": D, "batch_size": 16, "sample_bytes": IMAGE}
# Long enough that the heaps of the workers stop growing.
JPEG = {"kind": "folder", "dataset_bytes": D // 2, "batch_size": 16, "sample_bytes": IMAGE + 8, "tensors": 2}
JPEG |= {"batches": 128, "sample_s": 0.0, "step_s": 0.12}
TOKENS = SLOW | {"kind": "tokens", "dataset_bytes": D, "batch_size": 256, "sample_bytes": 32_768, "tensors": 2}
# Long enough that the collector of Python's objects has gone through the workers' heaps (COLLECTED_OBJECTS).
TOKENS |= {"sample_s": 0.0, "batches": 60, "step_s": 0.12}
MAPPED = TOKENS | {"kind": "mapped", "dataset_bytes": 0}
TORCH = {"maker": "torch", "sample_bytes": MB, "sample_s": 0.0, "step_s": 0.0}
PICTURES = 200


def cases(folder):
    """Return the cases by name; the folder gets the files that they load."""
    pictures = str(generated(folder / "pictures", count=PICTURES))
    tokens = folder / "tokens.bin"
    np.arange(D // 8).tofile(tokens)
    found = {}
    for method in ("fork", "spawn"):
        found |= {
            f"{method}, list": Case(**LIST, method=method),
            f"{method}, array": Case(**ARRAY, method=method),
            f"{method}, JPEG folder": Case(**JPEG, method=method, files=pictures),
            f"{method}, tokens": Case(**TOKENS, method=method),
            f"{method}, tokens, mapped": Case(**MAPPED, method=method, files=str(tokens)),
        }
    return found | {
        "fork, made by torch": Case(**TORCH, batches=600),
        "fork, made by torch, two": Case(**TORCH, tensors=2, batches=200),
        "spawn, made by torch": Case(**TORCH, batches=300, method="spawn"),
    }


def measure(everything, repeats):
    """Run every case once in each repeat; return the peaks of each."""
    runs = {name: [] for name in everything}
    for number in range(repeats):
        for name, case in everything.items():
            runs[name].append(watch(case))
            print(f"repeat {number + 1}/{repeats}: {name}", file=sys.stderr, flush=True)
    return runs


def show(everything, runs):
    """Print a row for each case, then the median and the worst error of the four workloads."""
    print(f"{'MB':28}{'forecast':>9} {'RAM measured':30}{'error':>7}{'highest':>9}{'error':>7}  {SHARED}", end="")
    print(f"{'measured':>30}{'error':>20}")
    errors, shared = [], []
    for name, case in everything.items():
        forecast = predict(scenario_of(case, round(median(one.dataset for one in runs[name]))))
        totals, shm = [one.total for one in runs[name]], [one.shm for one in runs[name]]
        highest = forecast.highest_bytes
        error, at_most = forecast.total_bytes / median(totals) - 1, highest / median(totals) - 1
        shm_error = forecast.shm_bytes / median(shm) - 1
        print(
            f"{name:28}{forecast.total_bytes / MB:9.1f} {spread(totals):30}{error:+7.1%}{highest / MB:9.1f}"
            f"{at_most:+7.1%}{forecast.shm_bytes / MB:10.1f} {spread(shm):30}{shm_error:+7.1%}"
        )
        if case.maker != "torch":
            errors.append(abs(error))
            shared.append(abs(shm_error))
    for what, found in (("RAM", errors), (SHARED, shared)):
        if found:
            print(f"{what}: median error {median(found):.1%}, worst {max(found):.1%}, {len(found)} cases")


def main():
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="a word in the names of the cases to run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        everything = {name: case for name, case in cases(Path(folder)).items() if asked.only in name}
        show(everything, measure(everything, asked.repeats))


if __name__ == "__main__":
    main()
