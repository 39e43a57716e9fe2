import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.trial.measure import run_trial
from bench.trial.spec import TrialError, TrialResult, TrialSpec
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload

pytestmark = pytest.mark.live

FAULTY = Path(__file__).with_name("faulty.py")


def run_faulty(fault: str, *, workers: int = 2, stall_timeout_s: float = 30.0, **loader: object) -> TrialResult:
    scenario = Scenario(
        workload=Workload(batches=16, batch_size=8, io_s=0.0, cpu_s=0.0, step_s=0.001),
        loader=LoaderConfig(num_workers=workers, **loader),
    )
    spec = TrialSpec(scenario=scenario, stall_timeout_s=stall_timeout_s)
    return run_trial(spec, command=(sys.executable, "-P", str(FAULTY), fault))


def failure(fault: str, **settings: object) -> TrialError:
    with pytest.raises(TrialError) as caught:
        run_faulty(fault, **settings)
    assert "\n" not in str(caught.value)
    assert not psutil.Process().children(recursive=True)
    return caught.value


def test_a_dataset_without_fault_runs() -> None:
    assert run_faulty("none").timeline.batches().size == 16


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_is_named_with_a_way_out_and_its_traceback_kept(workers: int) -> None:
    error = failure("raise", workers=workers)
    assert str(error).startswith("loading failed with ValueError: sample 24 is broken: run with num_workers=0")
    assert "faulty.py" in error.details


def test_an_exception_is_told_at_once_although_torch_needs_5_s_a_worker_to_clean_up() -> None:
    start = time.monotonic()
    failure("raise", workers=4)
    assert time.monotonic() - start < 15


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("kill", "was killed by SIGKILL: if memory ran out"),
        ("segfault", "was killed by SIGSEGV"),
        ("exit", "ended with exit code 3"),
        ("exit-0", "ended with exit code 0"),
        ("interrupt", "ended with exit code 0"),
        ("odd", "OddError"),
        ("ragged", "loading failed with RuntimeError"),
        ("end", "the loader handed over 3 of 16 batches"),
        ("same", "look for a dataset that returns other samples"),
    ],
)
def test_a_worker_that_fails_is_named(fault: str, sentence: str) -> None:
    assert sentence in str(failure(fault))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_killed_worker_is_named_under_every_start_method(method: str) -> None:
    assert "was killed by SIGKILL" in str(failure("kill", multiprocessing_context=method))


@pytest.mark.parametrize(("fault", "code"), [("exit", "exit code 3 and no result"), ("kill", "ended by SIGKILL")])
def test_a_killed_trial_is_named(fault: str, code: str) -> None:
    assert code in str(failure(fault, workers=0))


@pytest.mark.parametrize("fault", ["hang", "hang-holding-the-gil", "stop"])
def test_a_hang_is_noticed(fault: str) -> None:
    assert str(failure(fault, stall_timeout_s=1.0)).startswith("no batch arrived within 1 s after batch")


def test_a_hang_of_the_training_process_is_noticed() -> None:
    assert "no batch arrived within 1 s" in str(failure("stop", workers=0, stall_timeout_s=1.0))


def test_the_loaders_own_timeout_is_passed_on() -> None:
    assert str(failure("hang", timeout=1)).endswith(
        "timed out after 1.0 seconds: raise timeout, or look at dataset[0] first"
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_what_a_dataset_prints_disturbs_nothing(workers: int) -> None:
    assert run_faulty("garbage", workers=workers).timeline.batches().size == 16


def test_the_output_of_a_failed_trial_is_kept_readable_and_short(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import os\nos.write(1, b'\\0\\xff' * 500_000)\nraise SystemExit('boom')\n")
    with pytest.raises(TrialError, match=r"exit code 1 and no result: .*boom") as caught:
        run_trial(TrialSpec(), command=(sys.executable, str(script)))
    assert len(caught.value.details) <= 64 * 1024
    assert "\0" not in caught.value.details


def test_a_process_that_a_dataset_leaves_behind_is_not_waited_for_and_not_left() -> None:
    assert run_faulty("daemon", workers=0).timeline.batches().size == 16
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(FAULTY) in (p.info["cmdline"] or ())]


def test_batches_that_do_not_fit_in_memory_are_refused_before_the_start() -> None:
    workload = Workload(batch_size=1000, sample_bytes=10**12)
    with pytest.raises(TrialError, match="use fewer workers"):
        run_trial(TrialSpec(scenario=Scenario(workload=workload)))
