"""Measure what a sample costs the simulator, from 10 thousand samples to 10 million.

`python tests/perf/simulator_speed.py`: 5 rounds over all sizes in turn, batches of 32 samples, jitter 0.5, costs drawn
anew in each round. Prints nanoseconds of CPU time per sample, medians and ranges, and the ratio to the smallest size's.
"""

import time
from itertools import count
from statistics import median

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.costs import costs
from dataloader_sim.simulate import summarize

ROUNDS = 5
BATCH_SIZE = 32
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
# Short runs are repeated within a round, or the clock's and the call's own costs would be what is measured.
SAMPLES_PER_ROUND = 200_000
MACHINES = {"4 workers, 64 cores": (4, 64.0), "4 workers, 2 cores": (4, 2.0), "16 workers, 4 cores": (16, 4.0)}
ACTIONS = {
    "drawing the costs": lambda scenario: costs(scenario.workload, scenario.seed),
    "metrics only": summarize,
    "with spans": simulate,
}


# No two runs draw the same costs, so that no cache answers.
SEEDS = count()


def scenario(samples, machine):
    workers, cores = machine
    work = Workload(batches=max(1, samples // BATCH_SIZE), batch_size=BATCH_SIZE, jitter=0.5)
    return Scenario(
        workload=work, loader=LoaderConfig(num_workers=workers), machine=Machine(cores=cores), seed=next(SEEDS)
    )


def ns_per_sample(action, samples, machine):
    repeats = max(1, SAMPLES_PER_ROUND // samples)
    asked = [scenario(samples, machine) for _ in range(repeats)]
    start = time.process_time()
    for one in asked:
        action(one)
    return 1e9 * (time.process_time() - start) / (repeats * asked[0].workload.samples)


def rounds(action, machine):
    """Return, for each size, the nanoseconds per sample of each round; the first round warms up and is left out."""
    took = {samples: [] for samples in SIZES}
    for _ in range(ROUNDS + 1):
        for samples in SIZES:
            took[samples].append(ns_per_sample(action, samples, machine))
    return {samples: all_ns[1:] for samples, all_ns in took.items()}


def main():
    for machine_name, machine in MACHINES.items():
        for action_name, action in ACTIONS.items():
            print(f"{machine_name}, {action_name}")
            took = rounds(action, machine)
            smallest = median(took[SIZES[0]])
            for samples, ns in took.items():
                ratio = median(ns) / smallest
                shown = f"{median(ns):7.1f} ns per sample ({min(ns):.1f} to {max(ns):.1f})"
                print(f"  {samples:10,} samples {shown}, x{ratio:.2f}")


if __name__ == "__main__":
    main()
