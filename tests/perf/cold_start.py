"""Measure a process's first simulation with an empty cache of compiled code, and in later processes with that cache.

`python tests/perf/cold_start.py`: a fresh Python process each time, the cache in a temporary folder; prints seconds,
how much numba compiled and wrote. Ends with 1 when a later start, or another kind of run than the first, compiled.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LATER_STARTS = 3
# Numba's own events say what was compiled: its dispatchers' statistics would miss functions that are inlined.
CHILD = """
import json, time
def clocks():
    return time.perf_counter(), time.process_time(), len(compiled.buffer) // 2
marks = [(time.perf_counter(), time.process_time(), 0)]
from numba.core import event
with event.install_recorder("numba:compile") as compiled:
    from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
    marks.append(clocks())
    simulate(Scenario(loader=LoaderConfig(num_workers=4)))
    marks.append(clocks())
    for work in (Workload(jitter=0.5), Workload(iterable=True)):
        for machine in (Machine(), Machine(ranks=2)):
            simulate(Scenario(workload=work, machine=machine, loader=LoaderConfig(num_workers=3)))
    marks.append(clocks())
print(json.dumps([[after - before for before, after in zip(*two)] for two in zip(marks, marks[1:])]))
"""
PHASES = ("import", "first simulate", "four other kinds of run")


def start(cache):
    """Run one process; return how many functions each phase compiled and how many files of the cache changed."""
    before = stamps(cache)
    run = subprocess.run(
        [sys.executable, "-c", CHILD],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    phases = json.loads(run.stdout)
    for name, (clock_s, cpu_s, functions) in zip(PHASES, phases, strict=True):
        print(f"  {name:24} {clock_s:6.2f} s, {cpu_s:6.2f} s of CPU time, {functions} functions compiled")
    after = stamps(cache)
    written = sum(before.get(path) != stamp for path, stamp in after.items())
    print(f"  files of the cache written: {written}")
    return [functions for _, _, functions in phases], written


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def main():
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        print("empty cache")
        (_, first, others), written = start(cache)
        if not first or not written:
            sys.exit("the first start compiled or kept nothing: this does not measure what it should")
        later = []
        for number in range(LATER_STARTS):
            print(f"kept cache, start {number + 1}")
            later.append(start(cache))
    if others:
        sys.exit("another kind of run compiled the engine again")
    if any(sum(functions) or written for functions, written in later):
        sys.exit("a later start compiled")


if __name__ == "__main__":
    main()
