import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest

from bench.machine import this_machine
from bench.pictures import generated
from bench.trial.measure import measure, run_trial
from bench.trial.spec import TrialSpec
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload
from dataloader_sim.simulate import simulate
from dataloader_sim.timeline import GPU, MAIN, Activity, Timeline

pytestmark = pytest.mark.live

WORKLOAD = Workload(batches=12, batch_size=4, io_s=0.001, cpu_s=0.0005, step_s=0.004)


def scenario(workers: int, workload: Workload = WORKLOAD, **loader: object) -> Scenario:
    return Scenario(workload=workload, loader=LoaderConfig(num_workers=workers, **loader))


def outstanding(timeline: Timeline) -> np.ndarray:
    """Return how many batches were sent and not yet handed over, at the end of each hand-over."""
    sent, received = timeline.of(Activity.SEND)["start_s"], np.sort(timeline.of(Activity.RECEIVE)["end_s"])
    return np.searchsorted(np.sort(sent), received, side="right") - np.arange(1, received.size + 1)


def check_structure(timeline: Timeline) -> None:
    """Check what holds for every run whatever its speed."""
    workload, loader = timeline.scenario.workload, timeline.scenario.loader
    rows = timeline.batches()
    assert timeline.source == "measured"
    assert rows.size == workload.batches * workload.epochs
    assert np.all(rows["load_start_s"] < rows["loaded_s"])
    assert np.all(rows["loaded_s"] <= rows["received_s"])
    assert np.all(rows["received_s"] <= rows["step_start_s"])
    assert np.all(rows["step_end_s"] - rows["step_start_s"] >= workload.step_s)
    assert np.all(rows["step_end_s"][:-1] <= rows["received_s"][1:])
    assert np.all(timeline.spans["start_s"] >= 0)
    assert set(timeline.of(Activity.STEP)["lane"]) == {GPU}
    assert set(timeline.of(Activity.RECEIVE)["lane"]) == {MAIN}
    if loader.num_workers:
        assert np.all(rows["sent_s"] <= rows["load_start_s"])
        assert outstanding(timeline).max() <= loader.capacity
    else:
        assert timeline.of(Activity.SEND).size == 0


@pytest.mark.parametrize(("workers", "prefetch"), [(0, None), (1, 1), (2, None), (2, 4), (3, 2)])
def test_a_run_has_the_structure_of_the_protocol(workers: int, prefetch: int | None) -> None:
    timeline = measure(scenario(workers, prefetch_factor=prefetch))
    check_structure(timeline)
    rows = timeline.batches()
    assert rows["batch"].tolist() == list(range(WORKLOAD.batches))
    lanes = [number % workers if workers else MAIN for number in range(WORKLOAD.batches)]
    assert rows["worker"].tolist() == lanes
    # One index goes out per hand-over, so as many are outstanding as at the start, until none is left to send.
    if workers:
        left = WORKLOAD.batches - 1 - np.arange(WORKLOAD.batches)
        assert outstanding(timeline).tolist() == np.minimum(timeline.scenario.loader.capacity, left).tolist()


def test_a_sample_takes_at_least_what_the_workload_says() -> None:
    workload = replace(WORKLOAD, collate_s=0.002)
    rows = measure(scenario(2, workload)).batches()
    per_batch_s = workload.batch_size * (workload.io_s + workload.cpu_s) + workload.collate_s
    assert np.all(rows["loaded_s"] - rows["load_start_s"] >= per_batch_s)


def test_the_measured_scenario_is_what_ran_on_this_machine() -> None:
    asked = scenario(1)
    timeline = measure(asked)
    assert timeline.scenario == replace(asked, machine=this_machine())


@pytest.mark.parametrize("persistent", [False, True])
def test_epochs_follow_each_other(*, persistent: bool) -> None:
    workload = replace(WORKLOAD, batches=5, epochs=3)
    timeline = measure(scenario(2, workload, persistent_workers=persistent))
    check_structure(timeline)
    rows = timeline.batches()
    assert rows["epoch"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert rows["batch"].tolist() == [0, 1, 2, 3, 4] * 3


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_start_methods_run_too(method: str) -> None:
    timeline = measure(scenario(2, multiprocessing_context=method))
    check_structure(timeline)
    assert timeline.batches()["worker"].tolist() == [0, 1] * 6


def test_without_order_every_batch_still_comes_once() -> None:
    workload = replace(WORKLOAD, slow_every=8, slow_factor=50.0)
    timeline = measure(scenario(2, workload, in_order=False))
    check_structure(timeline)
    order = timeline.batches()["batch"].tolist()
    assert sorted(order) == list(range(12))
    assert order != sorted(order)


def test_an_accelerator_that_is_not_waited_for_queues_its_steps() -> None:
    timeline = measure(scenario(2, replace(WORKLOAD, synchronize=False, launch_s=0.001, step_s=0.05)))
    rows = timeline.batches()
    assert np.all(rows["step_start_s"][1:] >= rows["step_end_s"][:-1] - 1e-9)
    assert rows["received_s"][5] < rows["step_start_s"][5]
    assert np.all(rows["step_start_s"] - rows["received_s"] >= 0.001)


def test_no_step_is_launched_while_two_are_unfinished() -> None:
    timeline = measure(scenario(2, replace(WORKLOAD, synchronize=False, step_s=0.05)))
    rows = timeline.batches()
    # The next batch is asked for after the launch.
    assert np.all(rows["received_s"][3:] >= rows["step_end_s"][:-3])


@pytest.mark.parametrize("workers", [0, 2])
def test_an_iterable_dataset_is_read_by_its_workers(workers: int) -> None:
    timeline = measure(scenario(workers, replace(WORKLOAD, iterable=True, epochs=2)))
    rows = timeline.batches()
    assert np.all(rows["loaded_s"] <= rows["received_s"])
    if workers:
        assert np.all(rows["sent_s"] <= rows["load_start_s"])
    assert rows["epoch"].tolist() == [0] * 12 + [1] * 12
    assert set(rows["worker"].tolist()) == (set(range(workers)) or {MAIN})
    # The simulator can be drawn beside it.
    assert simulate(timeline.scenario).batches().size == 24


def test_pictures_of_an_iterable_dataset_have_a_cost_of_their_own(tmp_path) -> None:
    pictures = generated(tmp_path / "images", count=10)
    asked = scenario(3, Workload(batches=4, batch_size=4, step_s=0.001, iterable=True))
    timeline = run_trial(TrialSpec(scenario=asked, workload="jpeg", images=str(pictures))).timeline
    # 16 samples are 6, 5 and 5: the rest of each part is a batch too.
    assert timeline.batches().size == 6
    assert 0.0002 < timeline.scenario.workload.cpu_s < 1.0


def test_big_samples_and_several_tensors_are_carried() -> None:
    workload = replace(WORKLOAD, sample_bytes=600_000, tensors=3)
    result = run_trial(TrialSpec(scenario=scenario(2, workload)))
    check_structure(result.timeline)


def test_a_result_says_what_was_seen() -> None:
    seen: list[tuple[int, int]] = []
    spec = TrialSpec(scenario=scenario(2, replace(WORKLOAD, batches=60), pin_memory=True))
    result = run_trial(spec, on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (60, 60)
    assert {total for _, total in seen} == {60}
    assert result.first_batch_s == pytest.approx(result.timeline.batches()["received_s"][0])
    # A process that has imported torch holds more than 50 MB.
    assert result.timeline.peak_memory_bytes == result.peak_memory_bytes > 50e6
    assert result.versions.keys() == {"python", "torch", "numpy", "pillow"}
    assert result.skipped_pictures == 0
    assert all("pin_memory had no effect" in note for note in result.notes)


def test_a_trial_leaves_no_process_and_no_folder(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    measure(scenario(2, multiprocessing_context="spawn"))
    assert not psutil.Process().children(recursive=True)
    assert not list(tmp_path.iterdir())


def test_torch_stays_out_of_the_process_that_measures() -> None:
    code = (
        "import sys\n"
        "from bench.trial.measure import measure\n"
        "from dataloader_sim.scenario import *\n"
        "measure(Scenario(workload=Workload(batches=2, batch_size=1)))\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
