"""What is said of a run that broke off: what happened, what torch says, what to do."""

import numpy as np
import pytest

from dataloader_sim import LoaderConfig, Machine, Scenario, Timeline, Workload, judge, simulate
from dataloader_sim.scenario import Fault
from dataloader_sim.timeline import MAIN, SPAN, Activity, Failure

WORK = Workload(batches=20, batch_size=4, io_s=0.1, cpu_s=0.0, step_s=0.1)


def asked(kind, *, batch=5, workers=2, threads=False, work=WORK, **loader):
    config = LoaderConfig(num_workers=workers, **loader)
    fault = Fault(kind=kind, batch=batch) if kind else None
    return Scenario(workload=work, loader=config, machine=Machine(cores=64.0), threads=threads, fault=fault)


def verdict(kind, **settings):
    return judge(simulate(asked(kind, **settings)))


def test_a_killed_worker():
    seen = verdict("killed")
    assert seen.limit == "fault"
    # Two workers of 0.4 s a batch: the one with batch 5 begins it at 0.8 s, before batch 2 is handed over.
    assert seen.finding == (
        "The run broke off after 800 ms and 2 batches. "
        "RuntimeError: DataLoader worker (pid ...) is killed by signal: Killed."
    )
    assert seen.advice == (
        "Look for an out-of-memory kill in the kernel's log (dmesg); without one, load samples 20 to 23 (batch 5) "
        "with num_workers=0, where the crash shows its place."
    )
    assert {one.name: one.value for one in seen.evidence} == {"broke off": pytest.approx(0.8), "batches received": 2.0}


@pytest.mark.parametrize("settings", [{"workers": 0}, {"threads": True}])
def test_what_kills_the_training_process_itself(settings):
    seen = verdict("killed", **settings)
    assert "the training process itself" in seen.finding
    assert "num_workers=1" in seen.advice


def test_an_exception_of_the_dataset():
    seen = verdict("raises")
    # Batch 4 comes at 1.2 s, and the exception, long there, is taken after its step.
    assert seen.finding.startswith("The run broke off after 1.3 s and 5 batches. The dataset's own exception")
    assert seen.advice == (
        "Load samples 20 to 23 (batch 5) with num_workers=0 to see where it is raised; "
        "a loop that catches the exception goes on with the next batch."
    )
    stream = Workload(batches=20, batch_size=4, io_s=0.1, cpu_s=0.0, iterable=True)
    assert "the samples of batch 5" in verdict("raises", work=stream).advice


def test_a_hang_needs_a_timeout():
    seen = verdict("hangs")
    assert seen.finding.startswith("The run hangs after ")
    assert "next(iterator) waits for ever" in seen.finding
    assert seen.advice == (
        "Set timeout=30 (at least 10 times the slowest batch), so that torch raises; "
        "worker 1 has not finished samples 20 to 23 (batch 5) since 800 ms: load them with num_workers=0."
    )
    assert (seen.change.axis, seen.change.value) == ("loader.timeout", 30)


def test_a_batch_that_cannot_be_pickled():
    seen = verdict("lost")
    assert "worker 1 loaded batch 5 and it never arrived: look in its output for what cannot be pickled" in seen.advice
    assert verdict("lost", timeout=5.0).advice.startswith("Worker 1 loaded batch 5 and it never arrived")


def test_a_hang_without_workers_cannot_time_out():
    seen = verdict("hangs", workers=0)
    assert seen.advice == "Load in a worker process, with num_workers=1 and timeout=30: torch then raises."
    assert seen.change is None


def test_a_timeout_after_a_hang_names_the_samples():
    seen = verdict("hangs", timeout=5.0)
    assert "DataLoader timed out after 5 seconds" in seen.finding
    assert seen.advice.startswith("Worker 1 has not finished samples 20 to 23 (batch 5) since 800 ms")
    assert seen.change is None


def test_a_timeout_shorter_than_a_batch_is_too_short():
    seen = verdict(None, timeout=0.3)
    assert seen.finding.startswith("The run broke off after 300 ms and 0 batches")
    assert seen.advice == (
        "Raise timeout to 30: the load of the awaited batch had run for 300 ms; "
        "one usually takes 400 ms, and the start of the workers counts too."
    )
    assert (seen.change.axis, seen.change.value) == ("loader.timeout", 30)


@pytest.mark.parametrize("kind", ["killed", "hangs", "raises", "lost"])
@pytest.mark.parametrize("settings", [{}, {"timeout": 0.05}, {"pin_memory": True}, {"in_order": False}])
def test_a_fault_in_the_very_first_batch_is_judged_too(kind, settings):
    seen = verdict(kind, batch=0, **settings)
    assert seen.limit == "fault"
    assert seen.finding.endswith(".")
    assert seen.advice.endswith(".")


def broken(kind, spans, at_s, **settings):
    """Write down a run of a real loader, which knows no fault by name."""
    table = np.array([(0, lane, activity, 0, batch, start, end) for activity, lane, batch, start, end in spans], SPAN)
    failure = Failure(kind=kind, at_s=at_s, message="It broke.")
    return Timeline(scenario=asked(None, **settings), source="measured", spans=table, failure=failure)


def test_a_run_that_saw_nothing_at_all():
    for kind in ("killed", "raised", "timed out", "hangs"):
        seen = judge(broken(kind, [], 3.0))
        assert seen.finding.endswith("after 3 s and 0 batches. It broke.")
        assert seen.advice.endswith(".")
    assert "look at worker_init_fn" in judge(broken("hangs", [], 3.0)).advice
    assert "the first samples" in judge(broken("raised", [], 3.0)).advice
    assert "the load of the awaited batch had not begun" in judge(broken("timed out", [], 3.0)).advice


FIRST = [(Activity.LOAD, 0, 0, 0.0, 0.4), (Activity.RECEIVE, MAIN, 0, 0.4, 0.4)]


@pytest.mark.parametrize(
    ("at_s", "words"), [(1.59, "Raise timeout to 30"), (1.61, "Worker 1 has not finished samples 4")]
)
def test_a_load_three_times_as_long_as_usual_is_taken_for_a_hang(at_s, words):
    assert judge(broken("timed out", [*FIRST, (Activity.LOAD, 1, 1, 0.4, at_s)], at_s)).advice.startswith(words)


def test_a_loaded_batch_that_never_came_is_told_from_one_still_loading():
    spans = [*FIRST, (Activity.LOAD, 1, 1, 0.0, 0.5), (Activity.LOAD, 1, 3, 0.5, 9.0)]
    assert "worker 1 loaded batch 1 and it never arrived" in judge(broken("hangs", spans, 9.0)).advice
    assert (
        "worker 1 has not finished samples 4" in judge(broken("hangs", [*spans[:2], (*spans[2][:4], 9.0)], 9.0)).advice
    )


@pytest.mark.parametrize(("in_order", "batch"), [(True, 1), (False, 2)])
def test_out_of_order_the_missing_batch_is_the_one_begun_first(in_order, batch):
    spans = [*FIRST, (Activity.LOAD, 1, 1, 0.6, 9.0), (Activity.LOAD, 0, 2, 0.5, 9.0)]
    assert f"(batch {batch})" in judge(broken("hangs", spans, 9.0, in_order=in_order)).advice


@pytest.mark.parametrize(("load_s", "timeout"), [(2.9, 30), (3.1, 31)])
def test_the_timeout_is_ten_times_the_slowest_batch(load_s, timeout):
    spans = [(Activity.LOAD, 0, 0, 0.0, load_s), (Activity.RECEIVE, MAIN, 0, 2.0, 2.0), (Activity.LOAD, 0, 1, 3.1, 9.0)]
    assert f"timeout={timeout} " in judge(broken("hangs", spans, 9.0)).advice


def test_the_timeout_covers_the_start_of_the_workers():
    spans = [(Activity.LOAD, 0, 0, 0.0, 0.4), (Activity.RECEIVE, MAIN, 0, 7.0, 7.0), (Activity.LOAD, 0, 1, 7.0, 9.0)]
    assert "timeout=70 " in judge(broken("hangs", spans, 9.0)).advice
