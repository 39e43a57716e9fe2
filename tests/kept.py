"""A small kept run, for the tests of what keeps runs."""

from pathlib import Path

from bench.runs.plan import SweepSpec
from bench.runs.records import Trial
from bench.runs.store import Store
from dataloader_sim.scenario import Scenario, Workload
from dataloader_sim.simulate import simulate

SPEC = SweepSpec(base=Scenario(workload=Workload(batches=6, batch_size=2)), num_workers=(0, 1), repeats=2)
TIMELINE = simulate(SPEC.base)
GOOD = Trial(
    block=1,
    num_workers=1,
    wall_s=2.5,
    samples_per_s=123.4,
    stall_share=0.25,
    first_batch_s=0.5,
    peak_memory_bytes=2**33,
    skipped_pictures=2,
    notes=("pin_memory had no effect",),
    versions={"torch": "2.13.0"},
)
BAD = Trial(block=0, num_workers=0, wall_s=1.0, error="worker 0 was killed", details="Traceback\n\x00\ud7ff")


def filled(folder: Path, trials: int = 1) -> tuple[Store, int]:
    store = Store(folder)
    run_id = store.create_run(SPEC, {"cpu": "one"}, who="a test")
    for _ in range(trials):
        store.add_trial(run_id, GOOD, TIMELINE)
    return store, run_id
