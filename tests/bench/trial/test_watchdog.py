import time

import pytest

from bench.trial.messages import Kind, Message
from bench.trial.spec import TrialError, TrialSpec
from bench.trial.watchdog import Watchdog
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload

STARTED = Message(Kind.STARTED)


def watchdog(stall_timeout_s: float, **loader: object) -> Watchdog:
    scenario = Scenario(workload=Workload(batches=4), loader=LoaderConfig(**loader))
    return Watchdog(TrialSpec(scenario=scenario, stall_timeout_s=stall_timeout_s))


def progress(done: int) -> Message:
    return Message(Kind.PROGRESS, str(done).encode())


def test_a_trial_that_stands_still_is_noticed_and_the_last_batch_named() -> None:
    watch = watchdog(0.05)
    for message in (STARTED, progress(3), None):
        watch.see(message)
    time.sleep(0.1)
    with pytest.raises(TrialError, match=r"no batch arrived within 0.05 s after batch 3: raise the stall timeout"):
        watch.see(None)


def test_every_message_starts_the_clock_anew() -> None:
    watch = watchdog(0.15)
    watch.see(STARTED)
    for done in range(1, 4):
        time.sleep(0.1)
        watch.see(None)
        watch.see(progress(done))


def test_importing_torch_is_given_time() -> None:
    watch = watchdog(0.01)
    time.sleep(0.1)
    watch.see(None)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_that_import_torch_again_are_given_time_in_every_epoch(method: str) -> None:
    watch = watchdog(0.01, num_workers=2, multiprocessing_context=method)
    for message in (STARTED, progress(4)):
        watch.see(message)
        time.sleep(0.1)
        watch.see(None)
    watch.see(progress(5))
    time.sleep(0.1)
    with pytest.raises(TrialError):
        watch.see(None)


def test_time_in_which_the_watcher_itself_was_stopped_does_not_count() -> None:
    watch = watchdog(0.8)
    watch.see(STARTED)
    time.sleep(1.2)
    watch.see(None)
