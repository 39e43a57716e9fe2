"""Measure what a real DataLoader takes, and print the forecast beside it with their ratio.

`python tests/perf/memory_facts.py [repeats]`: 5 interleaved repeats unless said otherwise, each in fresh processes;
medians with minimum and maximum. Linux only.
"""

import subprocess
import sys
from pathlib import Path
from statistics import mean, median

from memory_pickle import KINDS
from memory_watch import Case, watch

from dataloader_sim import memory_processes as constants
from dataloader_sim.memory import predict
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload

REPEATS = 5
D = 200_000_000
IMAGE = 3 * 224 * 224 * 4
SLOW = {"batches": 16, "step_s": 0.2}
JPEG = {"dataset_bytes": D, "batch_size": 32, "sample_bytes": IMAGE + 4, "tensors": 2, "sample_s": 0.0, "batches": 24}
JPEG |= {"step_s": 0.5}
BASES = {
    "fork": Case(),
    "fork, collected": Case(batch_size=512, sample_s=0.0, batches=200, step_s=0.0),
    "spawn": Case(method="spawn"),
    "forkserver": Case(method="forkserver"),
}
CASES = {
    "no workers, images": Case(workers=0, batch_size=32, sample_bytes=IMAGE, step_s=0.0, batches=60),
    "no workers, 8 MB batches": Case(workers=0, sample_bytes=1_000_000, step_s=0.0, batches=200),
    "no workers, one large sample": Case(workers=0, batch_size=1, sample_bytes=40_000_000),
    "fork, P=4, 8 MB batches": Case(prefetch=4, sample_bytes=1_000_000, **SLOW),
    "fork, 8 workers, 19 MB batches": Case(workers=8, batch_size=32, sample_bytes=IMAGE, batches=24, step_s=0.3),
    "fork, small batches of 10 tensors": Case(sample_bytes=2000, tensors=10, batch_size=4, **SLOW),
    "fork, list": Case(kind="objects", dataset_bytes=D, batches=40),
    "fork, list, 8 workers, 2 epochs": Case(kind="objects", dataset_bytes=D, workers=8, batches=64, epochs=2),
    "fork, list, iterable": Case(kind="objects", dataset_bytes=D, iterable=True, workers=4, batches=40),
    "fork, array": Case(dataset_bytes=D, workers=4, sample_bytes=1_000_000, **SLOW),
    "fork, tokens, batches of 256": Case(
        kind="tokens",
        dataset_bytes=D,
        workers=4,
        batch_size=256,
        sample_bytes=32_768,
        tensors=2,
        sample_s=0.0,
        batches=120,
        step_s=0.1,
    ),
    "fork, JPEG": Case(kind="jpeg", **JPEG),
    "spawn, list": Case(kind="objects", dataset_bytes=D, method="spawn"),
    "spawn, array": Case(dataset_bytes=D, method="spawn"),
    "spawn, tokens": Case(
        kind="tokens", dataset_bytes=D, method="spawn", batch_size=64, sample_bytes=32_768, tensors=2, **SLOW
    ),
    "spawn, JPEG": Case(kind="jpeg", method="spawn", **JPEG),
    "forkserver, list": Case(kind="objects", dataset_bytes=D, method="forkserver"),
    "forkserver, array, persistent": Case(dataset_bytes=D, method="forkserver", epochs=2, persistent=True),
    "pinning thread (numpy's copies)": Case(pin=True, prefetch=4, batch_size=1, sample_bytes=2**24, **SLOW),
    "fork, samples made by torch, 600 batches": Case(
        maker="torch", sample_bytes=1_000_000, batches=600, sample_s=0.001, step_s=0.0
    ),
}


def scenario_of(case, dataset_bytes):
    options = {}
    if case.workers:
        options = {"prefetch_factor": case.prefetch, "multiprocessing_context": case.method}
        options["persistent_workers"] = case.persistent
    workload = Workload(
        batches=case.batches,
        batch_size=case.batch_size,
        epochs=case.epochs,
        sample_bytes=case.sample_bytes,
        tensors=case.tensors,
        iterable=case.iterable,
        dataset_bytes=dataset_bytes,
        dataset_objects=case.kind in ("objects", "jpeg", "folder"),
    )
    return Scenario(workload=workload, loader=LoaderConfig(num_workers=case.workers, pin_memory=case.pin, **options))


def spread(values):
    return f"{median(values) / 1e6:8.1f} ({min(values) / 1e6:.1f} to {max(values) / 1e6:.1f})"


def show_bases(runs):
    print("\nMB                              constant  measured")
    forked, collected = runs["fork"], runs["fork, collected"]
    main_bytes = constants.LIBRARY_BYTES + constants.IMPORTED_BYTES
    rows = {
        "training process": (main_bytes, [one.main for case in runs.values() for one in case]),
        "forked worker": (constants.FORKED_BYTES, [one.worker for one in forked]),
        "forked worker, collected": (constants.COLLECTED_BYTES, [one.worker for one in collected]),
        "spawned worker": (constants.IMPORTED_BYTES, [one.worker for one in runs["spawn"]]),
        "fork server's worker": (constants.IMPORTED_BYTES, [one.worker for one in runs["forkserver"]]),
        "helpers of spawn": (constants.HELPER_BYTES["spawn"], [one.helpers for one in runs["spawn"]]),
        "helpers of forkserver": (constants.HELPER_BYTES["forkserver"], [one.helpers for one in runs["forkserver"]]),
    }
    for name, (constant, values) in rows.items():
        print(f"{name:30} {constant / 1e6:9.1f} {spread(values)}")


def show_pickles():
    program = Path(__file__).with_name("memory_pickle.py")
    print("\npickle relative to the objects         held  while written   (deterministic: one run each)")
    found = []
    for kind in KINDS:
        run = subprocess.run([sys.executable, str(program), kind], capture_output=True, text=True, check=True)
        found.append([float(word) for word in run.stdout.split()])
        print(f"{kind:36} {found[-1][0]:6.2f} {found[-1][1]:6.2f}")
    held, writing = (mean(one) for one in zip(*found, strict=True))
    print(f"{'mean':36} {held:6.2f} {writing:6.2f}")
    print(f"{'constant':36} {constants.OBJECT_PICKLE:6.2f} {constants.OBJECT_PICKLING:6.2f}")


def show_case(name, runs):
    forecast = predict(scenario_of(CASES[name], round(median(one.dataset for one in runs))))
    held = forecast.main_bytes + (forecast.pinned_bytes if CASES[name].pin else 0)
    rows = (
        ("main", held, [one.main for one in runs]),
        ("worker", forecast.worker_bytes, [one.worker for one in runs]),
        ("workers", forecast.workers_bytes, [one.workers for one in runs]),
        ("shared", forecast.shm_bytes, [one.shm for one in runs]),
        ("total", forecast.total_bytes, [one.total for one in runs]),
    )
    looks = median(one.looks for one in runs)
    print(f"\n{name}: n={len(runs)}, {looks:.0f} looks each, may grow by {forecast.growth_bytes / 1e6:.0f} MB")
    for part, said, seen in rows:
        if said:
            print(
                f"    {part:9} forecast {said / 1e6:8.1f}  measured {spread(seen):30} ratio {said / median(seen):.2f}"
            )


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    everything = BASES | CASES
    runs = {name: [] for name in everything}
    for number in range(repeats):
        for name, case in everything.items():
            runs[name].append(watch(case))
            print(f"repeat {number + 1}/{repeats}: {name}", file=sys.stderr, flush=True)
    show_bases({name: runs[name] for name in BASES})
    show_pickles()
    for name in CASES:
        show_case(name, runs[name])


if __name__ == "__main__":
    main()
