"""A third oracle: the same protocol as a SimPy model, held to cases worked out by hand, and the engine held to it."""

from dataclasses import replace

import numpy as np
import pytest
import simpy_model

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate

TIMES = ("sent_s", "load_start_s", "loaded_s", "received_s", "step_end_s")
JITTERED = Workload(batches=24, batch_size=4, jitter=0.5, step_s=0.008)
PLUMBING = Machine(
    cores=64,
    worker_spawn_s=0.009,
    worker_boot_s=0.012,
    put_s=0.001,
    get_s=0.0005,
    get_tensor_s=0.0002,
    shm_bytes_per_s=1e9,
    touch_bytes_per_s=2e9,
)
BUSY = replace(JITTERED, collate_s=0.003, launch_s=0.002, sample_bytes=150_000)
SHARED = replace(PLUMBING, cores=1.5, storage_streams=2)
SCENARIOS = {
    "no workers": Scenario(workload=BUSY),
    "one worker": Scenario(workload=JITTERED, loader=LoaderConfig(num_workers=1)),
    "many workers": Scenario(workload=JITTERED, loader=LoaderConfig(num_workers=16)),
    "slow samples": Scenario(workload=replace(JITTERED, slow_every=7), loader=LoaderConfig(num_workers=4)),
    "plumbing": Scenario(workload=BUSY, loader=LoaderConfig(num_workers=3), machine=PLUMBING),
    "shared cores": Scenario(workload=JITTERED, loader=LoaderConfig(num_workers=4), machine=Machine(cores=2)),
    "shared storage": Scenario(
        workload=JITTERED, loader=LoaderConfig(num_workers=5), machine=Machine(storage_streams=2)
    ),
    "shared, plumbing": Scenario(workload=BUSY, loader=LoaderConfig(num_workers=4), machine=SHARED),
    "any order": Scenario(
        workload=replace(JITTERED, slow_every=5),
        loader=LoaderConfig(num_workers=4, in_order=False),
    ),
    "any order, shared, plumbing": Scenario(
        workload=replace(BUSY, slow_every=6),
        loader=LoaderConfig(num_workers=3, prefetch_factor=3, in_order=False),
        machine=SHARED,
    ),
    "running ahead": Scenario(
        workload=replace(BUSY, synchronize=False, step_s=0.02),
        loader=LoaderConfig(num_workers=2),
        machine=PLUMBING,
    ),
    "running ahead, shared": Scenario(
        workload=replace(BUSY, synchronize=False, step_s=0.02),
        loader=LoaderConfig(num_workers=6, prefetch_factor=1),
        machine=SHARED,
    ),
}


def by_hand(workload, loader, machine=Machine()):  # noqa: B008 a frozen value
    scenario = Scenario(workload=workload, loader=loader, machine=machine)
    return simpy_model.run(scenario, simpy_model.samples(scenario))


def test_any_order_feeds_whoever_has_just_finished():
    work = Workload(batches=6, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.0, slow_every=2, slow_factor=20.0)
    times = by_hand(work, LoaderConfig(num_workers=2, prefetch_factor=1, in_order=False))
    # Batches 1, 3, 5 are slow: 0.2 s. Each new batch goes to the worker whose batch was just handed over.
    assert times.worker == [0, 1, 0, 0, 1, 1]
    assert times.received_s == pytest.approx([0.01, 0.2, 0.02, 0.22, 0.21, 0.41])


def test_running_ahead_leaves_two_steps_unfinished():
    work = Workload(batches=5, batch_size=1, io_s=0.0, cpu_s=1.0, launch_s=1.0, step_s=5.0, synchronize=False)
    times = by_hand(work, LoaderConfig())
    # The host has the third batch at 5 and waits for the first step's end (7), the fourth at 9 and waits for 12.
    assert times.received_s == pytest.approx([1, 3, 5, 9, 14])
    assert times.step_end_s == pytest.approx([7, 12, 17, 22, 27])


def test_one_core_is_shared_by_loading_and_receiving():
    work = Workload(batches=3, batch_size=1, io_s=0.0, cpu_s=2.0, launch_s=1.0, step_s=0.0)
    times = by_hand(work, LoaderConfig(num_workers=1), Machine(cores=1, put_s=1.0, get_s=1.0))
    # From 3 on batch 1 loads at half speed beside get (3 to 5) and launch (5 to 7); then the put is alone (7 to 8).
    assert times.loaded_s == pytest.approx([2, 7, 12])
    assert times.received_s == pytest.approx([5, 10, 14])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_engine_gives_the_models_times_and_workers(name, seed):
    scenario = replace(SCENARIOS[name], seed=seed)
    rows = np.sort(simulate(scenario).batches(), order="batch")
    times = simpy_model.run(scenario, simpy_model.samples(scenario))
    assert rows["worker"].tolist() == times.worker
    # Runs are short: on shared cores a difference in the last bit doubles with every few batches.
    for event in TIMES:
        expected = np.array(getattr(times, event), np.float64)
        np.testing.assert_allclose(rows[event], expected, rtol=1e-9, atol=1e-12, err_msg=event)


def test_the_models_shortcuts_change_no_time():
    scenario = SCENARIOS["plumbing"]
    drawn = simpy_model.samples(scenario)
    full, *others = (simpy_model.run(scenario, drawn, shortcut) for shortcut in simpy_model.Shortcut)
    for times in others:
        for event in TIMES:
            np.testing.assert_allclose(getattr(times, event), getattr(full, event), rtol=1e-9)
