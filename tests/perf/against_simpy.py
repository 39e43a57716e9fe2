"""Measure the simulator beside a SimPy model of the same protocol, sample by sample.

`python tests/perf/against_simpy.py`: checks first that both give the same times, then runs both in turn, 7 rounds;
prints samples per second of CPU time and the ratios of each round, medians with minimum and maximum. Ends with 1 when
the times differ. The goal is a median ratio of at least 100 over 1, 4 and 16 workers. The engine takes what follows on
one resource as one stretch, so SimPy is run with the same shortcuts too: see `simpy_model.Shortcut`.
"""

import gc
import sys
import time
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np
from simpy_model import Shortcut, run, samples

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, jobs, simulate
from dataloader_sim.simulate import summarize

ROUNDS = 7
GOAL = 100
WORK = Workload(batches=1000, batch_size=32, jitter=0.5, collate_s=0.002, launch_s=0.001, step_s=0.02)
PLUMBING = Machine(put_s=0.001, get_s=0.0005, get_tensor_s=0.0002)


def scenario(workers, cores, work=WORK, machine=PLUMBING, **loader):
    arguments = LoaderConfig(num_workers=workers, **loader)
    return Scenario(workload=work, loader=arguments, machine=replace(machine, cores=cores))


PLENTIFUL = ((1, 64), (4, 64), (16, 64))
SHARED = ((4, 2), (16, 4))
CASES = {case: scenario(*case) for case in (*PLENTIFUL, *SHARED)}
# On shared cores a difference in the last bit doubles with every few batches: there only short runs agree to the digit.
SHORT = replace(WORK, batches=48, batch_size=4)
CHECKED = {
    "plentiful cores": [scenario(workers, 64) for workers in (1, 4, 16)],
    "any order": [scenario(workers, 64, in_order=False) for workers in (4, 16)],
    "running ahead": [scenario(workers, 64, replace(WORK, synchronize=False)) for workers in (0, 4)],
    "shared cores": [scenario(workers, cores, SHORT) for workers, cores in ((1, 1), (4, 2), (16, 4))],
    "shared cores, any order": [scenario(4, 2, SHORT, in_order=False)],
    "shared storage": [scenario(8, 2, SHORT, replace(PLUMBING, storage_streams=3))],
}


def difference(one):
    """Return the largest relative difference of a time; infinite when a batch went to another worker."""
    rows = np.sort(simulate(one).batches(), order="batch")
    times = run(one, samples(one))
    if rows["worker"].tolist() != times.worker:
        return float("inf")
    end_s = rows["step_end_s"].max()
    events = [name for name in times._fields if name != "worker" and (name != "sent_s" or one.loader.num_workers)]
    return max(np.abs(rows[name] - np.array(getattr(times, name))).max() for name in events) / end_s


def check():
    worst = {name: max(map(difference, scenarios)) for name, scenarios in CHECKED.items()}
    for name, one in worst.items():
        print(f"{name:24} times differ by {one:.1e} of the run at most")
    if max(worst.values()) > 1e-9:
        sys.exit("the two do not simulate the same protocol: their speeds cannot be compared")


def batch_times(one):
    return jobs.run(jobs.job(one, details=False), one, one.seed).log.times


def contestants(one):
    """Return what is timed; the costs are drawn for all, and the rounds' first compiles the engine."""
    drawn = samples(one)
    shares = one.machine.cores <= one.loader.num_workers  # then no shortcut leaves anything out
    shortcuts = [Shortcut.BOOKS] if shares else list(Shortcut)
    models = {shortcut: partial(run, one, drawn, shortcut) for shortcut in shortcuts}
    return models | {
        "engine: batch times": partial(batch_times, one),
        "summarize: metrics": partial(summarize, one),
        "simulate: all spans": partial(simulate, one),
    }


def rate(action):
    gc.collect()
    start = time.process_time()  # all are of one thread; what else the machine does counts less so
    action()
    return WORK.samples / (time.process_time() - start)


def measure():
    """Return samples per second of each round: by case, then by contestant."""
    actions = {case: contestants(one) for case, one in CASES.items()}
    rates = {case: {name: [] for name in named} for case, named in actions.items()}
    for number in range(ROUNDS + 1):  # the first warms up
        for case, named in actions.items():
            for name, action in named.items():
                one = rate(action)
                if number:
                    rates[case][name].append(one)
    return rates


def ratios(rates, ours, theirs):
    return [one / other for one, other in zip(rates[ours], rates[theirs], strict=True)]


def spread(values, form):
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def report(workers, cores, rates):
    print(f"\n{workers} workers, {cores} cores")
    for name, values in rates.items():
        shown = f"simpy, {name.value}" if isinstance(name, Shortcut) else name
        print(f"  {shown:54} {spread(values, ',.0f')} samples/s")
    models = [name for name in rates if isinstance(name, Shortcut)]
    for ours in (name for name in rates if name not in models):
        for shortcut in models:
            print(f"  {ours:20} / simpy, {shortcut.value:46} {spread(ratios(rates, ours, shortcut), '.1f')}")


def main():
    check()
    rates = measure()
    for (workers, cores), one in rates.items():
        report(workers, cores, one)
    print(f"\nMedian over 1, 4, 16 workers with a core for everyone; the goal, sample by sample, is {GOAL}")
    for ours in ("engine: batch times", "simulate: all spans"):
        for shortcut in Shortcut:
            figure = median(median(ratios(rates[case], ours, shortcut)) for case in PLENTIFUL)
            print(f"  {ours:20} / simpy, {shortcut.value:46} {figure:.1f}")


if __name__ == "__main__":
    main()
