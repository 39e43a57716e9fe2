"""The logic of a sweep, without waiting: `run_trial` has its own tests, and the two meet in cli/test_bench.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bench import lock
from bench.runs import plan
from bench.runs.events import (
    BatchProgress,
    NotKept,
    SweepFinished,
    TrialFinished,
    TrialStarted,
    note_progress,
)
from bench.runs.plan import SweepSpec
from bench.runs.schema import StoreError
from bench.runs.store import Store
from bench.runs.sweep import run_sweep
from bench.trial.spec import TrialError, TrialResult, TrialSpec
from dataloader_sim.metrics import metrics
from dataloader_sim.scenario import Scenario, Workload
from dataloader_sim.simulate import simulate

SPEC = SweepSpec(base=Scenario(workload=Workload(batches=6, batch_size=2)), num_workers=(0, 1, 2), repeats=2)


def simulated(spec: TrialSpec, *, on_progress: Callable[[int, int], None]) -> TrialResult:
    """Take a trial's place: the same timeline type, from the simulator."""
    on_progress(3, 6)
    return TrialResult(
        timeline=simulate(spec.scenario),
        first_batch_s=0.5,
        peak_memory_bytes=1000,
        skipped_pictures=1,
        versions={"torch": "none"},
        notes=("a note",),
    )


def failing(workers: set[int]) -> Callable[..., TrialResult]:
    def run(spec: TrialSpec, *, on_progress: Callable[[int, int], None]) -> TrialResult:
        if spec.scenario.loader.num_workers in workers:
            raise TrialError("worker 0 was killed: use fewer workers", "a traceback")
        return simulated(spec, on_progress=on_progress)

    return run


def run_it(store: Store | None, spec: SweepSpec = SPEC, **settings):
    events = []
    run_id = store.create_run(spec, {}, who="a test") if store else 0
    outcome = run_sweep(spec, store=store, run_id=run_id, on_event=events.append, **{"run": simulated} | settings)
    return outcome, events, run_id


def test_every_planned_trial_is_run_and_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    outcome, events, run_id = run_it(store)
    assert [(one.block, one.num_workers) for one in outcome.trials] == [
        (one.block, one.num_workers) for one in plan.trials(SPEC)
    ]
    assert store.trials(run_id) == tuple(outcome.trials)
    assert store.run(run_id).state == outcome.state == "done"
    first = outcome.trials[0]
    assert first.samples_per_s == metrics(store.timeline(first.id)).samples_per_s
    assert (first.first_batch_s, first.peak_memory_bytes, first.skipped_pictures) == (0.5, 1000, 1)
    assert (first.notes, first.versions) == (("a note",), {"torch": "none"})
    kinds = [type(event) for event in events]
    assert kinds == [TrialStarted, BatchProgress, TrialFinished] * 6 + [SweepFinished]
    assert [event.number for event in events if isinstance(event, TrialFinished)] == [1, 2, 3, 4, 5, 6]


def test_a_failed_trial_is_kept_with_its_reason_and_the_sweep_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    outcome, _, run_id = run_it(store, run=failing({1}))
    assert outcome.state == "done"
    failed = [trial for trial in store.trials(run_id) if trial.error]
    assert [trial.num_workers for trial in failed] == [1, 1]
    assert failed[0].error == "worker 0 was killed: use fewer workers"
    assert failed[0].details == "a traceback"
    assert len(store.trials(run_id)) == 6


def test_a_sweep_in_which_a_whole_block_failed_stops_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    outcome, events, run_id = run_it(store, run=failing({0, 1, 2}))
    assert (outcome.state, outcome.message) == ("failed", "worker 0 was killed: use fewer workers")
    assert len(outcome.trials) == 3
    assert store.run(run_id).message == outcome.message
    assert events[-1] == SweepFinished(state="failed", message=outcome.message)


@pytest.mark.parametrize("error", [OSError(12, "Cannot allocate memory"), ValueError("this run was cut off")])
def test_what_the_system_refuses_is_a_failed_trial(error: Exception) -> None:
    def run(*_: object, **__: object) -> TrialResult:
        raise error

    outcome, _, _ = run_it(None, run=run)
    assert outcome.trials[0].error == str(error)


def test_steps_that_take_no_time_have_no_rate() -> None:
    spec = SweepSpec(base=Scenario(workload=Workload(batches=6, batch_size=2, io_s=0, cpu_s=0, step_s=0)))
    outcome, _, _ = run_it(None, spec)
    assert outcome.state == "failed"
    assert "use more batches or a longer step" in outcome.message


def test_a_stop_keeps_the_finished_trials(tmp_path: Path) -> None:
    calls = []

    def run(spec: TrialSpec, *, on_progress: Callable[[int, int], None]) -> TrialResult:
        calls.append(spec)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return simulated(spec, on_progress=on_progress)

    store = Store(tmp_path)
    outcome, events, run_id = run_it(store, run=run)
    assert outcome.state == store.run(run_id).state == "cancelled"
    assert len(outcome.trials) == len(store.trials(run_id)) == 2
    assert events[-1] == SweepFinished(state="cancelled", message="")


def test_without_a_store_the_results_are_still_there() -> None:
    outcome, events, _ = run_it(None)
    assert len(outcome.trials) == 6
    assert not [event for event in events if isinstance(event, NotKept)]


def test_a_store_that_cannot_keep_is_told_once_and_the_results_are_still_there(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    run_id = store.create_run(SPEC, {}, who="a test")
    for path in (tmp_path / "data").iterdir():
        path.unlink()
    (tmp_path / "data").rmdir()
    (tmp_path / "data").write_text("in the way")
    events = []
    outcome = run_sweep(SPEC, store=store, run_id=run_id, on_event=events.append, run=simulated)
    assert outcome.state == "done"
    assert len(outcome.trials) == 6
    assert {trial.id for trial in outcome.trials} == {0}
    (told,) = [event for event in events if isinstance(event, NotKept)]
    assert "runs cannot be kept in" in told.reason


def test_what_the_listener_raises_ends_the_sweep() -> None:
    def on_event(_event: object) -> None:
        raise StoreError("nobody would see it")

    with pytest.raises(StoreError, match="nobody would see it"):
        run_sweep(SPEC, store=None, run_id=0, on_event=on_event, run=simulated)


def test_a_folder_without_pictures_fails_before_the_first_trial(tmp_path: Path) -> None:
    outcome, events, _ = run_it(None, SweepSpec(base=SPEC.base, workload="jpeg", images=str(tmp_path)))
    assert outcome.state == "failed"
    assert outcome.trials == []
    assert str(tmp_path) in outcome.message
    assert [type(event) for event in events] == [SweepFinished]


def test_every_trial_gets_the_folder_that_was_checked(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "one.jpg")
    seen = []

    def run(spec: TrialSpec, *, on_progress: Callable[[int, int], None]) -> TrialResult:
        seen.append(spec.images)
        return simulated(spec, on_progress=on_progress)

    run_it(None, SweepSpec(base=SPEC.base, workload="jpeg", images=str(tmp_path)), run=run)
    assert set(seen) == {str(tmp_path)}


def test_progress_is_written_beside_the_lock(tmp_path: Path) -> None:
    with lock.take(tmp_path, who="a test") as held:
        held.note(run_id=3)
        notes = []

        def on_event(event: object) -> None:
            note_progress(held, event)
            notes.append(lock.holder(tmp_path))

        run_sweep(SPEC, store=None, run_id=0, on_event=on_event, run=simulated)
    assert [(one.phase, one.trial, one.done, one.total) for one in notes[:3]] == [
        ("trial", 1, 0, 0),
        ("trial", 1, 3, 6),
        ("trial", 1, 3, 6),
    ]
    assert {one.run_id for one in notes} == {3}
