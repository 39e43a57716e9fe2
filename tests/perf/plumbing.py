"""Measure what torch's DataLoader itself costs on this machine: the plumbing costs of a `Machine`.

`python tests/perf/plumbing.py` prints each cost as median (lowest to highest) of the 5 quietest of up to 25 repeats,
and which share of the machine other programs used meanwhile; then the fields for `dataloader_sim/presets.py`.
`python tests/perf/plumbing.py compare` runs emulated workloads for real, and simulates them on the measured preset.
A number behind that, in seconds, is how long each experiment waits for other programs to be quiet (30).

Start-up in children is their processor time; what the training process waits for is time on the clock. Nothing here
looks at a GPU: pinning and copies to one stay unmeasured.
"""

import os
import resource
import sys
import time
import warnings
from dataclasses import replace
from functools import partial
from statistics import median

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

KEPT, MOST_REPEATS = 5, 25
QUIET = 0.10
LOOK_S = 0.25
# Batches that are left out at both ends of a run, in which queues fill and drain.
EDGE = 6
SAMPLES = 32
BIG_FLOATS = 3 * 224 * 224
PAGE_FLOATS = 1024
PRESET = "2-core VM"


class Noted(Dataset):
    """Return `tensors` tensors of `floats` numbers a sample; note in shared memory when each thing happened."""

    def __init__(self, *, batches=2, samples=1, tensors=1, floats=1):
        self.batches, self.samples, self.tensors, self.floats = batches, samples, tensors, floats
        self.booted_s = torch.zeros(64, dtype=torch.float64).share_memory_()
        # Processor time of the process at the start and end of each batch's load; time on the clock to collate it.
        self.loads_s = torch.zeros((batches, 3), dtype=torch.float64).share_memory_()

    def __len__(self):
        return self.batches * self.samples

    def __getitems__(self, indices):
        self.batch = indices[0] // self.samples
        self.loads_s[self.batch, 0] = time.process_time()
        # Read before they are collated, as samples are that were just made.
        sample = tuple(torch.ones(self.floats) for _ in range(self.tensors))
        return [sample] * len(indices)

    def collate(self, samples):
        start_s = time.perf_counter()
        batch = default_collate(samples)
        self.loads_s[self.batch, 2] = time.perf_counter() - start_s
        self.loads_s[self.batch, 1] = time.process_time()
        return batch

    def boot(self, worker):
        self.booted_s[worker] = time.process_time()

    def loader(self, num_workers, **options):
        init = self.boot if num_workers else None
        options = {"batch_size": self.samples, "collate_fn": self.collate, "worker_init_fn": init, **options}
        return DataLoader(self, num_workers=num_workers, **options)


def start_and_stop(method, num_workers):
    """Start workers and stop them: per worker."""
    dataset = Noted(batches=2 * num_workers)
    before_s = time.perf_counter()
    batches = iter(dataset.loader(num_workers, multiprocessing_context=method))
    started_s = time.perf_counter()
    for _ in range(dataset.batches):
        next(batches)
    time.sleep(0.02)
    all_handed_over_s = time.perf_counter()
    next(batches, None)
    stopped_s = time.perf_counter()
    return {
        f"{method}: start, N={num_workers}": (started_s - before_s) / num_workers,
        f"{method}: child until its first task (CPU), N={num_workers}": float(dataset.booted_s[:num_workers].mean()),
        f"{method}: stop, N={num_workers}": (stopped_s - all_handed_over_s) / num_workers,
    }


def transport(tensors, floats):
    """Hand batches over that are certainly ready: the consumer computes in between."""
    dataset = Noted(batches=24, samples=SAMPLES, tensors=tensors, floats=floats)
    batches = iter(dataset.loader(1))
    get_s, read_s, drop_s = [], [], []
    for _ in range(dataset.batches):
        asked_s = time.perf_counter()
        batch = next(batches)
        got_s = time.perf_counter()
        for tensor in batch:
            tensor.view(-1)[::PAGE_FLOATS].sum()
        touched_s = time.perf_counter()
        del batch, tensor
        get_s.append(got_s - asked_s)
        read_s.append(touched_s - got_s)
        drop_s.append(time.perf_counter() - touched_s)
        compute(0.04 if floats > 1 else 0.01)
    loads_s = dataset.loads_s[EDGE:-EDGE]
    name = f"{tensors} x {floats * SAMPLES * 4 / 1e6:.3g} MB"
    return {
        f"get, {name}": median(get_s[EDGE:-EDGE]),
        f"put (CPU), {name}": float((loads_s[1:, 0] - loads_s[:-1, 1]).median()),
        f"collate, {name}": float(loads_s[:, 2].median()),
        f"touch, {name}": median(read_s[EDGE:-EDGE]),
        f"drop, {name}": median(drop_s[EDGE:-EDGE]),
    }


def compute(seconds):
    """Use a core: one that sleeps wakes up slowly in a virtual machine, and a training loop launches kernels."""
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        pass


def quietest(action, patience_s, most=MOST_REPEATS):
    """Return the values of the quietest repeats, by name, and what other programs used of the machine at worst."""
    action()
    seen, deadline_s = [], time.monotonic() + patience_s
    while len(seen) < most and not (len(seen) >= KEPT and seen[KEPT - 1][0] < QUIET):
        while time.monotonic() < deadline_s and others_share(lambda: time.sleep(LOOK_S))[0] > QUIET:
            time.sleep(LOOK_S)
        seen.append(others_share(action))
        seen.sort(key=lambda one: one[0])
    kept = [values for _, values in seen[:KEPT]]
    return {name: [one[name] for one in kept] for name in kept[0]}, seen[KEPT - 1][0]


def others_share(action):
    """Return which share of the machine other programs used while the action ran, and what it returned."""
    start_s, machine_s, own_s = time.perf_counter(), _machine_s(), _own_s()
    values = action()
    used_s = _machine_s() - machine_s - (_own_s() - own_s)
    return used_s / (time.perf_counter() - start_s) / len(os.sched_getaffinity(0)), values


def _machine_s():
    """Return the core time that anybody used on this machine so far, what the host took for others included."""
    import psutil

    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice


def _own_s():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def measure_costs(patience_s):
    """Measure and print every cost; return the medians by name."""
    actions = [lambda m=m, n=n: start_and_stop(m, n) for m in ("fork", "forkserver", "spawn") for n in (1, 2)]
    actions += [lambda t=t, f=f: transport(t, f) for t, f in ((1, 1), (2, 1), (8, 1), (1, BIG_FLOATS))]
    medians = {}
    for action in actions:
        values, others = quietest(action, patience_s)
        print(f"  (others used {others * 100:.0f} % of the machine at worst)")
        for name, one in values.items():
            medians[name] = median(one)
            print(f"{name:48} {median(one) * 1e3:9.2f} ms ({min(one) * 1e3:.2f} to {max(one) * 1e3:.2f}, n={len(one)})")
    return medians


def as_machine(seen):
    """Turn the medians into the fields of a `Machine`, a rate being bytes by the time that they take more."""
    big = f"1 x {BIG_FLOATS * SAMPLES * 4 / 1e6:.3g} MB"
    small, tensors = "1 x 0.000128 MB", 7
    import_s = (
        seen["spawn: child until its first task (CPU), N=1"] - seen["fork: child until its first task (CPU), N=1"]
    )
    tensor_s = (seen["get, 8 x 0.000128 MB"] - seen[f"get, {small}"]) / tensors
    size = BIG_FLOATS * SAMPLES * 4
    received_s = seen[f"touch, {big}"] + seen[f"drop, {big}"] - seen[f"touch, {small}"] - seen[f"drop, {small}"]
    return {
        "worker_spawn_s": seen["fork: start, N=1"],
        "worker_boot_s": seen["fork: child until its first task (CPU), N=1"],
        "worker_import_s": import_s,
        "worker_exit_s": seen["fork: stop, N=2"],
        "put_s": seen["put (CPU), 2 x 0.000128 MB"],
        "get_s": seen[f"get, {small}"] - tensor_s,
        "get_tensor_s": tensor_s,
        "shm_bytes_per_s": size / (seen[f"collate, {big}"] - seen[f"collate, {small}"]),
        "touch_bytes_per_s": size / received_s,
    }


def compare(patience_s):
    """Run emulated workloads for real and simulate them on the measured preset; print both throughputs."""
    from bench import measure
    from dataloader_sim import LoaderConfig, Scenario, Workload, metrics, simulate
    from dataloader_sim.presets import MACHINES

    def run(scenario):
        return {"rate": metrics(measure(scenario)).samples_per_s}

    base = Workload(batches=48, batch_size=16, io_s=0.0, cpu_s=0.0, jitter=0.1, step_s=0.002)
    cases = {
        "reads, 16 x 4 ms": replace(base, io_s=0.004),
        "computes, 16 x 2 ms": replace(base, cpu_s=0.002),
        "reads and computes, 16 x (4 + 2) ms": replace(base, io_s=0.004, cpu_s=0.002),
        "19.3 MB a batch, 32 x 0.5 ms": replace(base, batch_size=32, cpu_s=0.0005, sample_bytes=602_112),
        "small and quick, 64 x 0.02 ms": replace(base, batch_size=64, cpu_s=0.00002),
        "as before, step of 30 ms": replace(base, batch_size=64, cpu_s=0.00002, step_s=0.030),
    }
    for name, workload in cases.items():
        for workers in (0, 1, 2, 4):
            loader = LoaderConfig(num_workers=workers)
            scenario = Scenario(workload=workload, loader=loader, machine=MACHINES[PRESET])
            rate = metrics(simulate(scenario)).samples_per_s
            values, others = quietest(partial(run, scenario), patience_s, most=KEPT)
            real = median(values["rate"])
            spread = f"{min(values['rate']):,.0f} to {max(values['rate']):,.0f}"
            off = f"{(rate / real - 1) * 100:+.0f} %"
            print(f"{name:38} N={workers} measured {real:8,.0f} ({spread:16}) simulated {rate:8,.0f} {off:>6}", end="")
            print(f"  (others {others * 100:.0f} %)")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "This DataLoader will create")
    torch.set_num_threads(1)
    what, patience = (*sys.argv[1:], *("costs", "30")[len(sys.argv) - 1 :])[:2]
    if what == "compare":
        compare(float(patience))
    else:
        for field, value in as_machine(measure_costs(float(patience))).items():
            print(f"{field}={value:.3g},")
