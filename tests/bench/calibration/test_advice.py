"""The advice on a traced run helps the loop that it was simulated from, is the smallest such, and never harms."""

from dataclasses import replace

import numpy as np
import pytest
from as_traced import as_traced
from kept_traces import traced as kept_traced
from traced_by_hand import traced

from bench.calibration.adjusted import as_seen, in_turn
from bench.calibration.advice import Diagnosis, advise, diagnose
from bench.calibration.calibrate import calibrate
from bench.calibration.changes import at, candidates, fits
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.simulate import summarize

MACHINE = Machine(cores=8.0, put_s=0.0003, get_s=0.0003, worker_spawn_s=0.005, worker_boot_s=0.01)


def truth(workers, *, machine=MACHINE, options=None, **work):
    work = {"batches": 96, "batch_size": 8, "io_s": 0.004, "cpu_s": 0.0002, "step_s": 0.008} | work
    return Scenario(
        workload=Workload(**work), loader=LoaderConfig(num_workers=workers, **(options or {})), machine=machine
    )


def advised(scenario):
    run = as_traced(scenario)
    return advise(calibrate(run, scenario.machine), run)


def gained(scenario, advice):
    return summarize(at(scenario, advice.changes)).samples_per_s / summarize(scenario).samples_per_s - 1


@pytest.mark.parametrize("workers", [1, 2])
def test_too_few_workers_get_as_many_as_about_suffice(workers):
    scenario = truth(workers)
    advice = advised(scenario)
    # 34 ms of loading against 8 ms of step and some plumbing: four do about all of what six would.
    assert advice.changes == {"num_workers": 4}
    assert advice.low <= advice.gain <= advice.high
    assert gained(scenario, advice) == pytest.approx(advice.gain, abs=0.1)
    assert advice.line == "DataLoader(..., num_workers=4)"
    assert advice.sentence.startswith(f"Set num_workers=4: predicted {advice.gain * 100:+.0f} % samples/s")


def test_a_busy_accelerator_leaves_nothing_to_gain():
    advice = advised(truth(2, step_s=0.04))
    assert advice.changes == {}
    assert advice.line == ""
    assert advice.sentence.startswith("Nothing to gain: the most that any loader setting gains is 0.")


def test_tiny_samples_need_no_workers():
    machine = replace(MACHINE, put_s=0.001, get_s=0.001)
    scenario = truth(2, machine=machine, io_s=0.0, cpu_s=0.00001, step_s=0.0001, options={"prefetch_factor": 4})
    advice = advised(scenario)
    assert advice.changes == {"num_workers": 0, "prefetch_factor": None}
    assert gained(scenario, advice) > 0.05


def test_workers_that_start_in_each_epoch_are_kept():
    machine = replace(MACHINE, worker_boot_s=0.2)
    run = kept_traced(truth(2, machine=machine, io_s=0.001, batches=16, epochs=4))
    assert advise(calibrate(run, machine), run).changes["persistent_workers"] is True


def test_uneven_samples_get_a_fuller_queue_before_another_order():
    scenario = truth(4, io_s=0.002, cpu_s=0.0, slow_every=64, slow_factor=60, step_s=0.008, batches=256)
    advice = advised(scenario)
    assert gained(scenario, advice) >= 0.05
    assert "in_order" not in advice.changes


@pytest.mark.parametrize("shm_bytes", [0, 40_000_000])
def test_no_change_is_offered_that_fills_shared_memory(shm_bytes):
    scenario = truth(2, machine=replace(MACHINE, shm_bytes=shm_bytes), sample_bytes=1_000_000)
    most = max(at(scenario, one).loader.capacity for one in candidates(scenario))
    assert most > 100 if not shm_bytes else most <= 4
    assert all(fits(at(scenario, one)) for one in candidates(scenario))


def test_settings_that_fill_shared_memory_are_made_smaller_though_nothing_is_gained():
    machine = replace(MACHINE, shm_bytes=70_000_000)
    scenario = truth(2, machine=machine, sample_bytes=1_000_000, options={"prefetch_factor": 4}, step_s=0.04)
    advice = advised(scenario)
    assert fits(at(scenario, advice.changes))
    assert not fits(scenario)
    assert "fits into memory" in advice.sentence


def test_a_gain_below_the_predictions_own_error_is_not_advised():
    run = as_traced(truth(1))
    fit = calibrate(run, MACHINE)
    wrong = replace(fit, self_check=replace(fit.self_check, predicted=10 * fit.self_check.measured))
    advice = advise(wrong, run)
    assert advice.changes == {}
    assert "the prediction of the traced run itself is off by +900 %" in advice.sentence
    assert advice.most > 1


def test_what_lies_in_the_code_is_not_advised_away_by_settings():
    threads = traced(loads={"fetch_cpu_s": 0.01, "process_cpu_s": 0.04})
    said = diagnose(threads, MACHINE)
    assert said.verdict.limit == "threads"
    assert said.advice.changes == {}
    assert said.advised.advice == said.verdict.advice


def test_the_verdict_shown_has_the_predicted_advice():
    scenario = truth(1)
    said = diagnose(as_traced(scenario), MACHINE)
    assert isinstance(said, Diagnosis)
    assert said.advised.advice == said.advice.sentence
    assert said.advised.change.axis == "loader.num_workers"
    assert said.advised.finding == said.verdict.finding


def test_a_start_that_waits_in_worker_init_fn_is_in_the_prediction():
    run = kept_traced(truth(2, epochs=2))
    boots = run.observed.boots.copy()
    boots["init_s"] = boots["cpu_s"] + 0.5
    fit = calibrate(run, MACHINE)
    seen = as_seen(fit, replace(run, observed=replace(run.observed, boots=boots)))
    boot_s = {
        kind: one.value
        for kind, fitted in (("as", fit), ("seen", seen))
        for one in fitted.quantities
        if one.name == "machine.worker_boot_s"
    }
    assert boot_s["seen"] == pytest.approx(boot_s["as"] + 0.5)


def test_messages_that_fill_the_pipe_cost_what_they_did():
    run = as_traced(truth(2))
    loads = run.observed.loads.copy()
    loads["message_bytes"], loads["put_s"] = 1_000_000, 0.02
    fit = calibrate(run, MACHINE)
    seen = as_seen(fit, replace(run, observed=replace(run.observed, loads=loads)))
    assert next(one.value for one in seen.quantities if one.name == "machine.put_s") == 0.02
    assert as_seen(fit, run).quantities == fit.quantities


def test_loading_and_training_in_turn_take_the_sum_of_both():
    assert in_turn(traced(load_s=0.04, step_s=0.01)) == pytest.approx(4 / 0.05)
    assert in_turn(None) == np.inf
