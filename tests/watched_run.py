"""Run a scenario on the real DataLoader and on the simulator, and say of both what happened at every hand-over.

Times differ and are never compared. The order of events is, so they must be far enough apart: `apart` picks a
scenario in which no two workers deliver within `MARGIN_S` of each other, by the simulation.
"""

import json
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.trial.measure import run_trial
from bench.trial.spec import TrialError, TrialSpec
from dataloader_sim.scenario import Machine
from dataloader_sim.simulate import simulate
from dataloader_sim.timeline import Activity

MARGIN_S = 0.020
SEEDS = 3000
# A run that another program disturbed may be repeated so often.
REPEATS = 2
UNKNOWN = -2
PROGRAM = Path(__file__).parent / "bench" / "live" / "watched.py"
# All workers begin at once. Receiving a message takes so little that it changes nothing, and leaves a span.
MACHINE = Machine(cores=64, get_s=1e-6)
# What a failed trial says, and what the simulator calls it.
KINDS = {
    "was killed by SIGKILL": "killed",
    "was ended by SIGKILL": "killed",
    "timed out after": "timed out",
    "no batch arrived within": "hangs",
    "this batch is broken": "raised",
}


@dataclass(frozen=True)
class HandOver:
    """What is known when `next(iterator)` returns a batch.

    sent: tasks sent in this epoch. outstanding: those whose message the training process has not taken yet.
    """

    epoch: int
    batch: int
    worker: int
    sent: int
    outstanding: int


@dataclass(frozen=True)
class Real:
    """Hold a real run: its hand-overs, how it failed, and torch's own counters at each hand-over.

    A failed run does not tell which worker loaded a batch.
    """

    handed_over: list[HandOver]
    failed: str | None
    told: list[dict[str, int]]


def simulated(scenario):
    """Return the hand-overs of the simulation, and how it failed."""
    timeline = simulate(scenario)
    handed_over = []
    for row in timeline.batches():
        sent = _of_epoch(timeline, Activity.SEND, row["epoch"])["start_s"]
        # What is taken before the first task is sent says that a worker has resumed.
        got = _of_epoch(timeline, Activity.GET, row["epoch"])
        got = got[got["start_s"] >= sent.min(initial=np.inf)]["end_s"]
        now_s = row["received_s"]
        so_far = int((sent <= now_s).sum())
        counts = so_far, so_far - int((got <= now_s).sum())
        handed_over.append(HandOver(int(row["epoch"]), int(row["batch"]), int(row["worker"]), *counts))
    return handed_over, timeline.failure.kind if timeline.failure else None


def measured(scenario, folder):
    """Run the scenario on a real DataLoader, broken as its fault says; `folder` takes the notes."""
    notes = folder / "notes"
    notes.write_text("")
    fault = scenario.fault
    # Long enough for the loader's own timeout, short where it has none and only this one ends the run.
    stall_s = 30.0 if scenario.loader.timeout else 3.0
    asked = TrialSpec(scenario=replace(scenario, fault=None), stall_timeout_s=stall_s)
    named = ("none", "0") if fault is None else (fault.kind, str(fault.batch))
    command = (sys.executable, "-P", str(PROGRAM), str(notes), *named)
    try:
        timeline, failed = run_trial(asked, command=command).timeline, None
    except TrialError as error:
        timeline, failed = None, next((kind for words, kind in KINDS.items() if words in str(error)), str(error))
    told = [json.loads(line) for line in notes.read_text().splitlines()]
    counts = [(one["sent"], one["outstanding"]) for one in told]
    if timeline is None:
        places = [(0, one["number"] // scenario.workload.batch_size, UNKNOWN) for one in told]
    else:
        rows = timeline.batches()
        places = zip(rows["epoch"].tolist(), rows["batch"].tolist(), rows["worker"].tolist(), strict=True)
    handed_over = [HandOver(*place, *count) for place, count in zip(places, counts, strict=True)]
    return Real(handed_over=handed_over, failed=failed, told=told)


def same_as_simulated(scenario, folder):
    """Run the scenario for real, again where it was disturbed, and check that it went as simulated."""
    assert smallest_gap_s(simulate(scenario)) >= MARGIN_S
    expected, failed = simulated(scenario)
    for _ in range(1 + REPEATS):
        real = measured(scenario, folder)
        seen = expected if real.failed is None else [replace(one, worker=UNKNOWN) for one in expected]
        if (real.handed_over, real.failed) == (seen, failed):
            break
    assert real.handed_over == seen
    assert real.failed == failed
    return real


def apart(scenario):
    """Return the scenario with the first seed that keeps competing events `MARGIN_S` apart in the simulation."""
    scenario = replace(scenario, machine=MACHINE)
    for seed in range(SEEDS):
        one = replace(scenario, seed=seed)
        if smallest_gap_s(simulate(one)) >= MARGIN_S:
            return one
    raise AssertionError(f"none of {SEEDS} seeds keeps the events {MARGIN_S} s apart: make the loads longer")


def smallest_gap_s(timeline):
    """Return the least time between the arrivals of two workers' batches, or between a failure and a hand-over."""
    loads = timeline.of(Activity.LOAD)
    gaps = [np.inf]
    for epoch in np.unique(loads["epoch"]):
        arrivals = np.sort(loads[loads["epoch"] == epoch], order="end_s")
        gaps += [b["end_s"] - a["end_s"] for a, b in pairwise(arrivals) if a["lane"] != b["lane"]]
    if timeline.failure:
        gaps += np.abs(timeline.of(Activity.RECEIVE)["end_s"] - timeline.failure.at_s).tolist()
    return min(gaps)


def _of_epoch(timeline, activity, epoch):
    spans = timeline.of(activity)
    return spans[spans["epoch"] == epoch]
