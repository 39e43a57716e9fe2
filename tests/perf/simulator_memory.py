"""Measure the peak memory of a process that simulates 10 million samples for their metrics, without spans.

`python tests/perf/simulator_memory.py`: a fresh process per case; prints peak resident memory in MB (10^6 bytes),
beside that of a process that only imports and of one that simulates one batch. Ends with 1 when a case takes 200 MB or
more. This process imports nothing large: Linux counts the memory of who starts a process into that process's peak.
"""

import subprocess
import sys
from pathlib import Path

GOAL_MB = 200
BATCHES, BATCH_SIZE = 312_500, 32
CASES = {
    "1 worker": "LoaderConfig(num_workers=1)",
    "4 workers": "LoaderConfig(num_workers=4)",
    "16 workers": "LoaderConfig(num_workers=16)",
    "16 workers, any order": "LoaderConfig(num_workers=16, in_order=False)",
}
IMPORTS = """
import resource, sys
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.simulate import summarize
"""
RUN = """
work = Workload(batches={batches}, batch_size={batch_size}, jitter=0.5, step_s=0.01)
seen = summarize(Scenario(workload=work, loader={loader}, machine=Machine(cores=4)))
assert seen.batches == {batches}
"""
PEAK = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak if sys.platform == "darwin" else 1024 * peak)
"""


def peak_mb(batches, loader):
    child = RUN.format(batches=batches, batch_size=BATCH_SIZE, loader=loader) if batches else ""
    command = [sys.executable, "-c", IMPORTS + child + PEAK]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, check=True)
    return int(run.stdout) / 1e6


def main():
    loader = next(iter(CASES.values()))
    peak_mb(1, loader)  # compiles, where the cache of compiled code is empty
    bare = peak_mb(1, loader)
    print(f"{'no run':24} {peak_mb(0, loader):7.1f} MB: the interpreter and its imports")
    print(f"{'one batch':24} {bare:7.1f} MB: and the compiled engine")
    peaks = {name: peak_mb(BATCHES, loader) for name, loader in CASES.items()}
    for name, peak in peaks.items():
        verdict = "within" if peak < GOAL_MB else "over"
        added = f"{BATCHES * BATCH_SIZE:,} samples add {peak - bare:.1f} MB"
        print(f"{name:24} {peak:7.1f} MB, {verdict} {GOAL_MB} MB: {added}")
    if max(peaks.values()) >= GOAL_MB:
        sys.exit(1)


if __name__ == "__main__":
    main()
