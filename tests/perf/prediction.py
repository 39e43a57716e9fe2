"""Predict the throughput of settings that were not measured, then measure them: how wrong is the simulator?

`python tests/perf/prediction.py` traces an epoch of each of `prediction_workloads.py` at one worker, calibrates,
predicts num_workers 0 to 8 x prefetch_factor 1, 2, 4 x order, and measures these untraced on the epoch's samples, in
blocks of random order; what other programs disturbed is repeated, and left out where another block was quiet. A second
prediction uses a trace at four workers beside that at one: only there can a limit of the storage, or cores that slow
each other down, be seen.
`--blocks N` (3), `--only WORKLOAD`, `--quick` (fewer settings), `--keep FILE` writes every cell as JSON lines.

An error is the predicted rate over the geometric mean of the measured ones; the noise floor is how far blocks of the
same cell lie from each other, and an error within its cell's floor counts as zero, in columns of their own. Beside it
stands `min(F, P, G)`, DS-Analyzer's predictor (Mohan et al., VLDB 2021), from the same trace. The plumbing costs are
those that `dataloader-lab host --calibrate` kept.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from prediction_report import Cell, Result, report
from prediction_workloads import BATCH, works

from bench.calibration.calibrate import calibrate
from bench.machine import this_machine
from dataloader_sim import LoaderConfig, Scenario
from dataloader_sim.metrics import Window, samples_per_s, steps_before_window
from dataloader_sim.simulate import summarize
from dataloader_sim.wire import timeline_from_bytes

WORKERS, PREFETCH, HERE = (0, 1, 2, 3, 4, 6, 8), (1, 2, 4), Path(__file__).parent
CELL_S, MOST_REPEATS, DISTURBED_CORES = 0.8, 2, 0.10
EPOCH, FEWEST = 200, 48


class Child:
    """A process that runs cells of one workload."""

    def __init__(self, name):
        command = [sys.executable, str(HERE / "prediction_child.py"), name]
        quiet = os.environ | {"PYTHONWARNINGS": "ignore"}  # torch's, about more workers than cores
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet)

    def run(self, options, batches):
        """Return when each step ended, and how many cores others used."""
        return self._quietest({"options": options, "batches": batches})

    def trace(self, workers):
        """Return the trace of an epoch."""
        with tempfile.TemporaryDirectory() as folder:
            asked = {"options": {"num_workers": workers}, "batches": EPOCH}
            seen = self._quietest(asked, lambda number: {"trace": str(Path(folder) / f"{number}.trace")})
            return timeline_from_bytes(Path(seen["trace"]).read_bytes())

    def _quietest(self, asked, more=lambda _number: {}):
        """Repeat what others disturbed, and keep the quietest."""
        tries = []
        for number in range(1 + MOST_REPEATS):
            asked = asked | more(number)
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
            tries.append(asked | json.loads(self.process.stdout.readline()))
            if tries[-1]["others"] <= DISTURBED_CORES:
                break
        return min(tries, key=lambda one: one["others"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def rate(steps, num_workers, batches):
    """Return samples per second as `metrics` counts them."""
    scenario = Scenario(loader=LoaderConfig(num_workers=num_workers))
    scenario = replace(scenario, workload=replace(scenario.workload, batches=batches, batch_size=BATCH))
    window = Window(np.array(steps), steps_before_window(len(steps), max(num_workers, 1)))
    return samples_per_s(scenario, window)


def block(name, cells, results, rng, keep):
    """Trace a workload, predict its cells, and measure them in random order."""
    child = Child(name)
    try:
        traces = [child.trace(1), child.trace(4)]
        fit, second = calibrate(traces[0]), calibrate(traces)
        _say(name, second)
        for cell in rng.sample(cells, len(cells)):
            scenario = _asked(fit, cell)
            result = results.setdefault(cell, Result())
            seen = child.run(cell.options, scenario.workload.batches)
            values = {
                "predicted": summarize(scenario).samples_per_s,
                "with_second": summarize(_asked(second, cell, scenario.workload.batches)).samples_per_s,
                "simple": simple(scenario),
                "measured": rate(seen["steps"], cell.num_workers, scenario.workload.batches),
                "others": seen["others"],
            }
            for column, value in values.items():
                getattr(result, column).append(value)
            if keep:
                print(json.dumps(vars(cell) | values), file=keep, flush=True)
    finally:
        child.close()


def _asked(fit, cell, batches=None):
    """Return the scenario of a cell, of so many batches that it takes about `CELL_S`, an epoch at most."""
    changes = {f"loader.{name}": value for name, value in cell.options.items()}
    scenario = fit.predict(changes).scenario
    if batches is None:
        batches = min(EPOCH, max(FEWEST, round(CELL_S * summarize(scenario).samples_per_s / BATCH)))
    return replace(scenario, workload=replace(scenario.workload, batches=batches))


def simple(scenario):
    """Return min(F, P, G): each stage at its own speed, workers and cores scaling it ideally."""
    work, workers, cores = scenario.workload, scenario.loader.num_workers, scenario.machine.cores
    cpu_s = work.cpu_s + work.collate_s / work.batch_size
    if not workers:
        return 1 / (work.io_s + cpu_s + (work.step_s + work.launch_s) / work.batch_size)
    streams = min(workers, scenario.machine.storage_streams or workers)
    fetch = streams / work.io_s if work.io_s else math.inf
    prepare = min(workers / (work.io_s + cpu_s), cores / cpu_s if cpu_s else math.inf)
    return min(fetch, prepare, work.batch_size / (work.step_s + work.launch_s))


def _say(name, fit):
    shown = ", ".join(f"{one.name.partition('.')[2]} {one.value:.4g}" for one in fit.quantities if one.value)
    print(f"{name}: {fit.self_check.sentence} | {shown}", flush=True)


def cells_of(name, *, quick):
    """Return the settings of a workload; in a quick run each number of workers once, and a few of the others."""
    every = [
        Cell(name, workers, prefetch if workers else None, ordered if workers else True)
        for workers in WORKERS
        for prefetch in PREFETCH
        for ordered in (True, False)
    ]
    every = list(dict.fromkeys(every))
    if not quick:
        return every
    return [cell for cell in every if cell.prefetch_factor in (None, 2) and (cell.in_order or cell.num_workers == 4)]


def main():
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--only", action="append")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", type=argparse.FileType("a"))
    parser.add_argument("--show", type=argparse.FileType(), help="print the tables of what --keep wrote, and end")
    asked = parser.parse_args()
    if asked.show:
        tell(read(asked.show))
        return
    rng, results = random.Random(0), {}
    names = [name for name in works() if not asked.only or name in asked.only]
    for _ in range(asked.blocks):
        for name in rng.sample(names, len(names)):
            block(name, cells_of(name, quick=asked.quick), results, rng, asked.keep)
    tell(results)


def read(lines):
    """Return the results that `--keep` wrote."""
    results = {}
    for line in lines:
        values = json.loads(line)
        cell = Cell(**{name: values.pop(name) for name in ("work", "num_workers", "prefetch_factor", "in_order")})
        for column, value in values.items():
            getattr(results.setdefault(cell, Result()), column).append(value)
    return results


def tell(results):
    """Print the tables."""
    names = list(works())
    kept = {cell: one.kept(DISTURBED_CORES) for cell, one in results.items()}
    report(dict(sorted(kept.items(), key=lambda item: names.index(item[0].work))), this_machine().cores)
    quiet = sum(min(one.others) <= DISTURBED_CORES for one in results.values())
    print(f"{quiet} of {len(results)} cells undisturbed in a block at least (others below {DISTURBED_CORES} cores)")


if __name__ == "__main__":
    main()
