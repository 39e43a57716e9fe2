"""Compare accelerator utilization (AU) as DLIO measures it, as we measure it, and as we predict it.

`python tests/perf/au_against_dlio.py --dlio PYTHON [--repeats N] [--format npz|jpeg]`: PYTHON is an interpreter that
can import dlio_benchmark 2.x. DLIO generates the files (70 MB) in a temporary folder; both load them at 0, 1, 2 and 4
workers with the same batches, prefetching, sleep per sample and sleep per step, in fresh processes, in interleaved
repeats of random order. Ours is a plain DataLoader whose dataset does what DLIO's reader does, traced.

AU is DLIO's (compute_metrics_train in dlio_benchmark/utils/statscounter.py, which MLPerf Storage runs): of each epoch,
without its first step, the time that the steps took over the time that passed until the loop's end; the mean of the
epochs. Simulated: the scenario calibrated from the repeat's own trace at one worker. `busy`:
`Metrics.gpu_busy_share` of our trace, which also counts the time between epochs, and to which, where no GPU says how
long it computed, the whole body of the loop is a step, letting go of the last batch included.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from statistics import mean, median

import numpy as np
from au_work import EXCLUDED_STEPS, Dlio, Work, asked, is_installed

from bench.calibration.calibrate import calibrate
from bench.calibration.quiet import watch
from dataloader_sim.metrics import metrics
from dataloader_sim.simulate import simulate
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import timeline_from_bytes

WORKERS = (0, 1, 2, 4)
COLUMNS = ("DLIO", "ours", "simulated", "busy")
CHILD = Path(__file__).with_name("au_child.py")
WITHOUT = (
    "DLIO is not there: install argonne-lcf/dlio_benchmark 2.x with mpi4py, mpich and torch into an environment of its "
    "own, and give that environment's interpreter with --dlio"
)


@dataclass
class Ours:
    """Hold a run of our loop: its trace, and of each epoch what `au_child.train` noted."""

    timeline: Timeline
    epochs: list

    @property
    def utilization(self):
        """Return AU in DLIO's definition, the mean of the epochs, between 0 and 1."""
        return mean(self._of_epoch(one) for one in self.epochs)

    @property
    def compute_s(self):
        """Return how long a step computed, on average."""
        return mean(end_s - start_s for one in self.epochs for start_s, end_s in one["computed"])

    def _of_epoch(self, one):
        computed = one["computed"]
        busy_s = sum(end_s - start_s for start_s, end_s in computed[EXCLUDED_STEPS:])
        return busy_s / (one["ended_s"] - computed[EXCLUDED_STEPS - 1][1])


def ours(work, num_workers):
    """Run our loop in a fresh process."""
    kept = Path(work.folder, "run.trace")
    command = [sys.executable, "-W", "ignore", str(CHILD), asked(work, num_workers, kept)]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Ours(timeline_from_bytes(kept.read_bytes()), json.loads(ran.stdout))


def simulated(scenario, compute_s):
    """Return AU of a simulated run; of each step only `compute_s` counts, as DLIO counts no other part of the loop."""
    rows = simulate(scenario).batches()
    epochs = [rows["step_end_s"][rows["epoch"] == epoch] for epoch in np.unique(rows["epoch"])]
    return mean(
        compute_s * (ends.size - EXCLUDED_STEPS) / float(ends[-1] - ends[EXCLUDED_STEPS - 1]) for ends in epochs
    )


def repeat(work, dlio, rng):
    """Run everything once, DLIO and ours in turn; return AU and others' share by column and number of workers."""
    found, traced = {}, {}

    def run_dlio():
        return {"DLIO": mean(dlio.utilization(num_workers))}

    def run_ours():
        traced[num_workers] = ours(work, num_workers)
        busy = metrics(traced[num_workers].timeline).gpu_busy_share
        return {"ours": traced[num_workers].utilization, "busy": busy}

    for num_workers in rng.sample(WORKERS, len(WORKERS)):
        for run in rng.sample((run_dlio, run_ours), 2):
            seen = watch(run)
            found |= {(name, num_workers): (value, seen.others_share) for name, value in seen.values.items()}
    fit = calibrate(traced[1].timeline)
    for num_workers in WORKERS:
        scenario = fit.predict({"loader.num_workers": num_workers}).scenario
        found["simulated", num_workers] = (simulated(scenario, traced[1].compute_s), found["ours", 1][1])
    return found


def show(runs):
    """Print the median and range of the quieter repeats of each column, and how far the medians are from DLIO's."""
    kept = (len(runs) + 1) // 2
    print(
        f"AU in %, median (lowest to highest) of the {kept} of {len(runs)} repeats that other programs disturbed least;"
    )
    print("in brackets: points from DLIO's median; the share of the machine that others had")
    print(f"{'workers':8}" + "".join(f"{name:>38}" for name in COLUMNS))
    for num_workers in WORKERS:
        row, told = f"{num_workers:<8}", None
        for name in COLUMNS:
            quiet = sorted((one[name, num_workers] for one in runs), key=itemgetter(1))[:kept]
            seen = [100 * value for value, _ in quiet]
            told = median(seen) if told is None else told
            words = f"{median(seen):.1f} ({min(seen):.1f} to {max(seen):.1f}) [{median(seen) - told:+.1f}]"
            row += f"{words + f' {quiet[-1][1]:.0%}':>38}"
        print(row)


def main():
    """Run both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dlio", metavar="PYTHON", help="an interpreter that can import dlio_benchmark")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--format", choices=("npz", "jpeg"), default="npz")
    given = parser.parse_args()
    if not (given.dlio and is_installed(given.dlio)):
        parser.exit(2, f"{WITHOUT}\n")
    rng, runs = random.Random(0), []
    with tempfile.TemporaryDirectory() as folder:
        work = Work(folder=folder, format=given.format)
        dlio = Dlio(given.dlio, work)
        dlio.generate()
        for number in range(given.repeats):
            runs.append(repeat(work, dlio, rng))
            print(f"repeat {number + 1}/{given.repeats}", file=sys.stderr, flush=True)
    show(runs)


if __name__ == "__main__":
    main()
