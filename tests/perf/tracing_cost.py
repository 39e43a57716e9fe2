"""Measure what tracing costs, beside other tools: CPU time of all processes, and bytes per sample.

`python tests/perf/tracing_cost.py [--blocks 5] [--samples 4000] [--peers PYTHON]`: each run is a fresh process with 2
workers and a fixed computation of about 0.5 ms per sample; every block runs each tool once, in a shuffled order.
Printed: median CPU seconds of the training loop and of the whole run (imports, putting the trace together), both ratios
to no tracing in the same block (median, and 95 % by Student's t on logs), microseconds per sample on top of the loop,
and bytes per sample of all files that the tool leaves (of this product the journals and the trace file).

PYTHON is an interpreter whose environment has torch, viztracer and traceml-ai; by default the running one. A tool that
it cannot import is left out, and that is said. What is traced differs: torch.profiler and traceml-ai see the training
process alone, VizTracer every Python call of all processes.
"""

import argparse
import hashlib
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev

from scipy.special import stdtrit

ROOT = Path(__file__).parents[2]
SAMPLE_S = 5e-4
BATCH = 32
WORKERS = 2
TOOLS = {"none": "torch", "dataloader-lab": "torch", "torch.profiler": "torch"}
PEERS = {"viztracer": "viztracer", "traceml-ai": "traceml_ai"}
SCRIPT = """
import contextlib, hashlib, resource, sys
from pathlib import Path
import torch
from torch.utils.data import DataLoader, Dataset

tool, samples, size, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])

class Computed(Dataset):
    data = bytes(size)
    def __len__(self):
        return samples
    def __getitem__(self, index):
        hashlib.sha256(self.data)
        return torch.full((8,), float(index))

def used():
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, kinds))

def train(batches, step):
    model = torch.nn.Linear(8, 1)
    model(torch.ones(8)).sum().backward()
    start_s = used()
    for batch in batches:
        with step(model):
            model(batch).sum().backward()
    (out.parent / "loop").write_text(str(used() - start_s))

def main():
    loader = DataLoader(Computed(), batch_size=32, num_workers=2)
    none = lambda _model: contextlib.nullcontext()
    if tool == "dataloader-lab":
        from bench.tracing.trace import trace
        with trace(loader) as traced:
            train(traced, none)
            journals = sum(path.stat().st_size for path in traced._folder.iterdir())
        assert traced.timeline.observed.samples.size == samples
        traced.save(out / "run.trace")
        (out / "journals").write_bytes(bytes(journals))
    elif tool == "torch.profiler":
        from torch.profiler import ProfilerActivity, profile
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            train(loader, none)
        profiler.export_chrome_trace(str(out / "run.json"))
    elif tool == "traceml-ai":
        import traceml_ai
        train(loader, traceml_ai.trace_step)
    else:
        train(loader, none)

if __name__ == "__main__":
    main()
"""


def main():
    """Run the blocks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--samples", type=int, default=4_000)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    asked = parser.parse_args()
    tools, size = available(asked.peers), hashed_bytes()
    print(f"{asked.samples} samples of {SAMPLE_S * 1e3} ms, {WORKERS} workers, {asked.blocks} blocks")
    seen = {tool: [] for tool in tools}
    for _ in range(asked.blocks):
        for tool in random.sample(list(tools), len(tools)):
            seen[tool].append(one_run(tool, tools[tool], asked.samples, size))
    for tool, runs in seen.items():
        print(row(tool, runs, seen["none"], asked.samples))


def available(peers):
    """Return the interpreter of each tool that can be imported."""
    found = {}
    for tool, module in (TOOLS | PEERS).items():
        python = peers if tool in PEERS else sys.executable
        run = subprocess.run([python, "-c", f"import {module}"], capture_output=True, text=True, check=False)
        if run.returncode:
            print(f"{tool} is left out: {run.stderr.strip().splitlines()[-1]}")
        else:
            found[tool] = python
    return found


def hashed_bytes():
    """Return how many bytes take SAMPLE_S to hash here, at best."""
    size = 200_000
    data, times = bytes(size), []
    for _ in range(200):
        start_s = time.thread_time()
        hashlib.sha256(data)
        times.append(time.thread_time() - start_s)
    return round(size * SAMPLE_S / min(times))


def one_run(tool, python, samples, size):
    """Return CPU seconds of the loop and of the whole run, all processes, and bytes of what it leaves."""
    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder) / "train.py", Path(folder) / "out"
        script.write_text(SCRIPT)
        out.mkdir()
        command = [python, script, tool, samples, size, out]
        if tool == "viztracer":
            command[1:1] = ["-m", "viztracer", "-o", out / "run.json", "--quiet", "--"]
        elif tool == "traceml-ai":
            arguments = ["--logs-dir", out, "--mode", "summary", script, "--args", tool, samples, size, out]
            command = [python, "-m", "traceml_ai.launcher.cli", "run", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        with (Path(folder) / "log").open("w+b") as log:
            words = [str(word) for word in command]
            process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder, env=environment)
            # Of the child and of all that it waited for: its workers.
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            assert process.returncode == 0, log.read().decode()[-2000:]
        loop_s = float((Path(folder) / "loop").read_text())
        left = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return loop_s, used.ru_utime + used.ru_stime, left


def row(tool, runs, plain, samples):
    """Return a tool's line of the table."""
    text = (
        f"{tool:16} {median(one[0] for one in runs):7.3f} s in the loop, {median(one[1] for one in runs):7.3f} s in all"
    )
    if runs is plain:
        return text
    extra_us = median((one[0] - other[0]) / samples * 1e6 for one, other in zip(runs, plain, strict=True))
    size = median(one[2] for one in runs) / samples
    ratios = ", ".join(ratio(runs, plain, column) for column in (0, 1))
    return f"{text}: {ratios}; {extra_us:+.1f} us and {size:,.0f} bytes per sample"


def ratio(runs, plain, column):
    """Return the median of the paired ratios with its interval."""
    logs = [math.log(one[column] / other[column]) for one, other in zip(runs, plain, strict=True)]
    half = stdtrit(len(logs) - 1, 0.975) * stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    low, high = math.exp(mean(logs) - half), math.exp(mean(logs) + half)
    return f"x {math.exp(median(logs)):.4f} ({low:.4f} to {high:.4f})"


if __name__ == "__main__":
    main()
