"""Runs in a real store, written by hand: simulated timelines that stand where measured ones would."""

from dataclasses import replace

from bench.runs.plan import SweepSpec, trials
from bench.runs.records import DONE, Trial
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, metrics, simulate
from dataloader_sim.sweep import vary

HERE = {
    "machine_id": "aaaa1111",
    "cpu": "Example(R) CPU 9000 @ 3.00GHz",
    "cores": "2",
    "platform": "Linux",
    "python": "3.12.1",
    "torch": "2.13.0",
}
ELSEWHERE = HERE | {"machine_id": "bbbb2222", "cores": "8"}
BASE = Scenario(
    workload=Workload(batches=12, batch_size=8, io_s=0.004, cpu_s=0.001, step_s=0.02),
    loader=LoaderConfig(num_workers=1),
    machine=Machine(cores=2),
)
# Each block is this much slower than the one before, so that intervals are neither zero nor wide.
DRIFT = 0.01


def spec(**changes):
    return replace(SweepSpec(base=BASE, num_workers=(0, 1, 2), repeats=3), **changes)


def measured(scenario, *, slower=1.0):
    seen = simulate(scenario)
    spans = seen.spans.copy()
    spans["start_s"] *= slower
    spans["end_s"] *= slower
    return replace(seen, source="measured", spans=spans, peak_memory_bytes=300 << 20)


def keep(store, asked=None, *, machine=HERE, state=DONE, message="", only=None, slower=1.0, failed=(), skipped=0):
    """Keep a run of the first `only` trials; the blocks named in `failed` failed at the largest num_workers."""
    asked = asked or spec()
    run_id = store.create_run(asked, machine, who="the app")
    for one in trials(asked)[:only]:
        trial = Trial(block=one.block, num_workers=one.num_workers, wall_s=2.0)
        if one.block in failed and one.num_workers == max(asked.num_workers):
            error = "a worker was killed: use fewer workers"
            store.add_trial(run_id, replace(trial, error=error, details="RuntimeError: worker 1 is gone"), None)
            continue
        scenario = vary(asked.base, "loader.num_workers", one.num_workers)
        timeline = measured(scenario, slower=slower * (1 + DRIFT * one.block))
        seen = metrics(timeline)
        trial = replace(
            trial,
            samples_per_s=seen.samples_per_s,
            stall_share=seen.stall_share,
            first_batch_s=seen.startup_s,
            peak_memory_bytes=timeline.peak_memory_bytes,
            skipped_pictures=skipped,
        )
        store.add_trial(run_id, trial, timeline)
    store.set_state(run_id, state, message)
    return run_id
