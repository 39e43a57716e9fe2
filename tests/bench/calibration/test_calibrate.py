"""From the trace of one worker the scenario comes back, and with it what other settings would do."""

from dataclasses import replace

import numpy as np
import pytest
from as_traced import as_traced

from bench.calibration.calibrate import calibrate
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.observed import Observed
from dataloader_sim.simulate import summarize
from dataloader_sim.timeline import MAIN, Activity

PLUMBING = Machine(
    cores=8.0,
    worker_spawn_s=0.008,
    worker_boot_s=0.012,
    worker_exit_s=0.003,
    put_s=0.0006,
    get_s=0.0008,
    get_tensor_s=0.0001,
    shm_bytes_per_s=2e9,
    touch_bytes_per_s=3e9,
)
WORK = Workload(
    batches=120, batch_size=8, io_s=0.003, cpu_s=0.001, jitter=0.4, collate_s=0.002, sample_bytes=20_000, step_s=0.004
)
ONE = LoaderConfig(num_workers=1)


def truth(**changes):
    return Scenario(workload=replace(WORK, **changes), loader=ONE, machine=PLUMBING)


def value_of(calibration, name):
    return next(one.value for one in calibration.quantities if one.name == name)


def test_each_cost_comes_back():
    fit = calibrate(as_traced(truth()), PLUMBING)
    drawn = simulate(truth()).scenario.workload
    assert value_of(fit, "workload.io_s") == pytest.approx(drawn.io_s, rel=0.05)
    assert value_of(fit, "workload.cpu_s") == pytest.approx(drawn.cpu_s, rel=0.05)
    assert value_of(fit, "workload.collate_s") == pytest.approx(0.002, rel=0.02)
    assert value_of(fit, "machine.put_s") == pytest.approx(PLUMBING.put_s, rel=0.02)
    message_s = fit.scenario.machine.get_s + WORK.tensors * fit.scenario.machine.get_tensor_s
    assert message_s == pytest.approx(PLUMBING.get_s + WORK.tensors * PLUMBING.get_tensor_s, rel=0.02)
    assert value_of(fit, "machine.worker_spawn_s") == pytest.approx(0.008)
    assert value_of(fit, "machine.worker_boot_s") == pytest.approx(0.012)
    assert value_of(fit, "machine.worker_exit_s") == pytest.approx(0.003)
    assert fit.scenario.machine.cores == 8.0


@pytest.mark.parametrize(
    "changes",
    [
        {"loader.num_workers": 0},
        {"loader.num_workers": 2, "loader.prefetch_factor": 1},
        {"loader.num_workers": 4},
        {"loader.num_workers": 6, "loader.in_order": False},
        {"loader.num_workers": 4, "machine.cores": 1.0},
    ],
)
def test_other_settings_are_predicted_as_the_truth_has_them(changes):
    predicted = calibrate(as_traced(truth()), PLUMBING).predict(changes)
    from bench.calibration.prediction import scenario_at

    exact = summarize(scenario_at(truth(), changes)).samples_per_s
    assert predicted.samples_per_s == pytest.approx(exact, rel=0.03)
    assert predicted.low <= predicted.samples_per_s <= predicted.high


def test_a_periodic_slow_sample_keeps_its_place():
    """In order, slow samples that all fall to one worker cost more than the same ones spread over all."""
    uneven = truth(jitter=0.0, slow_every=16, slow_factor=30.0, step_s=0.0)
    predicted = calibrate(as_traced(uneven), PLUMBING).predict({"loader.num_workers": 2})
    exact = summarize(replace(uneven, loader=LoaderConfig(num_workers=2))).samples_per_s
    assert predicted.samples_per_s == pytest.approx(exact, rel=0.02)


def test_the_first_batch_of_a_worker_is_not_typical():
    trace = as_traced(truth(jitter=0.0))
    samples, loads = trace.observed.samples.copy(), trace.observed.loads.copy()
    samples["wall_s"][0] += 2.0
    loads["fetch_s"][0] += 2.0
    warm = replace(trace, observed=replace(trace.observed, samples=samples, loads=loads))
    assert value_of(calibrate(warm, PLUMBING), "workload.io_s") == pytest.approx(0.003, rel=0.001)
    assert max(calibrate(warm, PLUMBING).scenario.workload.io_factors) == pytest.approx(1.0, rel=0.001)


def test_waits_for_a_core_are_no_reads():
    trace = as_traced(truth(jitter=0.0))
    samples, loads = trace.observed.samples.copy(), trace.observed.loads.copy()
    samples["wall_s"] += 0.001
    loads["fetch_s"] += 0.008
    loads["queued_s"] = 0.008
    crowded = replace(trace, observed=replace(trace.observed, samples=samples, loads=loads))
    assert value_of(calibrate(crowded, PLUMBING), "workload.io_s") == pytest.approx(0.003, rel=0.001)


def test_a_wait_for_the_workers_lock_is_no_work_of_the_receiver():
    slow_to_answer = replace(truth(), machine=replace(PLUMBING, get_s=0.025))
    assert value_of(calibrate(as_traced(slow_to_answer), PLUMBING), "machine.get_s") == PLUMBING.get_s


def test_a_second_run_shows_the_storage_streams():
    limited = replace(truth(), machine=replace(PLUMBING, storage_streams=2), loader=LoaderConfig(num_workers=6))
    several = simulate(limited)
    fit = calibrate([as_traced(truth()), replace(several, source="measured")], PLUMBING)
    assert fit.scenario.machine.storage_streams == 2
    unlimited = simulate(replace(limited, machine=PLUMBING))
    fit = calibrate([as_traced(truth()), replace(unlimited, source="measured")], PLUMBING)
    assert fit.scenario.machine.storage_streams == 0


def test_a_second_run_shows_that_cores_are_fewer():
    machine = replace(PLUMBING, cores=2.0)
    busy = truth(io_s=0.0, cpu_s=0.004, jitter=0.1)
    really = replace(busy, machine=replace(machine, cores=1.6), loader=LoaderConfig(num_workers=4))
    fit = calibrate([as_traced(replace(busy, machine=machine)), replace(simulate(really), source="measured")], machine)
    assert fit.scenario.machine.cores == pytest.approx(1.6, abs=0.11)


def test_a_dataset_that_fetches_whole_batches_is_said_so():
    fit = calibrate(as_traced(truth(), samples=False), PLUMBING)
    assert value_of(fit, "workload.io_s") == pytest.approx(0.003, rel=0.05)
    assert fit.scenario.workload.io_factors == ()
    assert any("whole batches" in note for note in fit.notes)


def test_without_workers_the_first_touch_is_no_part_of_a_step():
    fit = calibrate(as_traced(replace(truth(), loader=LoaderConfig())), PLUMBING)
    assert value_of(fit, "workload.step_s") == pytest.approx(0.004)
    assert fit.predict({"loader.num_workers": 4}).samples_per_s > 2.5 * fit.predict({}).samples_per_s


def test_what_is_no_trace_is_refused():
    with pytest.raises(ValueError, match="timeline must be a traced run, got 'simulated'"):
        calibrate(simulate(truth()))
    with pytest.raises(ValueError, match="at least one traced run"):
        calibrate([])
    empty = replace(simulate(truth()), source="measured", observed=Observed())
    with pytest.raises(ValueError, match="at least one loaded batch"):
        calibrate(empty)


def test_the_self_check_says_how_wrong_the_simulation_is():
    slower = as_traced(truth())
    spans = slower.spans.copy()
    spans["start_s"], spans["end_s"] = spans["start_s"] * 2, spans["end_s"] * 2
    check = calibrate(replace(slower, spans=spans), PLUMBING).self_check
    assert check.error == pytest.approx(1.0, abs=0.25)
    assert np.isfinite(check.predicted)


def on_a_gpu(trace, body_s):
    """Return the trace as CUDA's events would make it: the step is the GPU's, the loop body a launch."""
    steps = trace.of(Activity.STEP)
    launches = steps.copy()
    launches["lane"], launches["activity"] = MAIN, Activity.LAUNCH
    launches["end_s"] = launches["start_s"] + body_s
    return replace(trace, spans=np.concatenate([trace.spans, launches]))


def test_a_host_that_waits_for_each_step_launches_in_what_is_left():
    fit = calibrate(on_a_gpu(as_traced(truth()), 0.0045), PLUMBING)
    assert fit.scenario.workload.synchronize
    assert fit.scenario.workload.step_s == pytest.approx(0.004)
    assert fit.scenario.workload.launch_s == pytest.approx(0.0005)


def test_a_host_that_runs_ahead_does_not_wait():
    fit = calibrate(on_a_gpu(as_traced(truth()), 0.001), PLUMBING)
    assert not fit.scenario.workload.synchronize
    assert fit.scenario.workload.launch_s == pytest.approx(0.001)


def test_a_long_run_is_predicted_from_a_part_of_it():
    trace = as_traced(truth())
    work = replace(trace.scenario.workload, batches=2_000_000, epochs=900)
    fit = calibrate(replace(trace, scenario=replace(trace.scenario, workload=work)), PLUMBING)
    assert fit.scenario.workload.samples * fit.scenario.workload.epochs <= 300_000
    assert fit.predict({"loader.num_workers": 4}).samples_per_s > 0
