"""Measure: run one trial of a real DataLoader in a fresh process and return what happened."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from bench import pictures
from bench.trial import preflight, session
from bench.trial.messages import Kind
from bench.trial.process import TrialProcess
from bench.trial.spec import TrialError, TrialResult, TrialSpec
from bench.trial.watchdog import Watchdog
from dataloader_sim.scenario import Scenario
from dataloader_sim.shards import delivered
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import timeline_from_bytes

# -P: no module in the working folder stands in for another. faulthandler: a crash says where.
COMMAND = (sys.executable, "-P", "-X", "faulthandler", "-m", "bench.child")
Progress = Callable[[int, int], None]


def measure(scenario: Scenario, *, workload: str = "emulated", images: str = "") -> Timeline:
    """Run the scenario once on a real DataLoader, in a fresh process, and return the measured Timeline.

    workload: `emulated` costs what the scenario's Workload says, `jpeg` decodes the pictures in the folder
    `images` (generated when empty). Raises ValueError for settings out of range, TrialError when the run fails.
    """
    return run_trial(TrialSpec(scenario=scenario, workload=workload, images=images)).timeline


def run_trial(
    spec: TrialSpec,
    *,
    on_progress: Progress | None = None,
    command: Sequence[str] = COMMAND,
) -> TrialResult:
    """Run one trial to its end; no process of it is left when this returns or raises, KeyboardInterrupt included.

    on_progress: called with the batches done and the batches of all epochs, at most about ten times a second.
    command: what to start instead, to run another dataset (see `bench.child.main.main`).
    Raises TrialError with the cause and the way out, ValueError for a folder without pictures.
    """
    if spec.workload == "jpeg":
        spec = replace(spec, images=str(pictures.folder(spec.images)))
    preflight.check_memory(spec)
    batches, _ = delivered(spec.scenario.workload, spec.scenario.loader)
    total = batches * spec.scenario.workload.epochs
    with TrialProcess(command, spec.to_dict()) as process:
        memory, watchdog = session.MemoryWatch(process.pid), Watchdog(spec)
        timeline = None
        for message in process.listen():
            memory.look()
            watchdog.see(message)
            if message is None:
                continue
            if message.kind is Kind.TIMELINE:
                timeline = timeline_from_bytes(message.body)
            elif message.kind is Kind.RESULT and timeline is not None:
                timeline = replace(timeline, peak_memory_bytes=memory.peak_bytes)
                rest = message.json()
                rest["notes"] = tuple(rest["notes"])
                return TrialResult(timeline=timeline, peak_memory_bytes=memory.peak_bytes, **rest)
            elif message.kind is Kind.ERROR:
                raise TrialError(message.json()["cause"], message.json()["details"])
            elif message.kind is Kind.PROGRESS and on_progress is not None:
                on_progress(message.json(), total)
        raise _ended_without_result(process)


def _ended_without_result(process: TrialProcess) -> TrialError:
    code = process.end()
    if code >= 0:
        last = process.output.strip().rpartition("\n")[2] or "it printed nothing"
        return TrialError(f"the trial's process ended with exit code {code} and no result: {last}", process.output)
    name = signal.Signals(-code).name
    way_out = "if memory ran out, use fewer workers or a smaller batch_size" if name == "SIGKILL" else "see the details"
    return TrialError(f"the trial's process was ended by {name}: {way_out}", process.output)
