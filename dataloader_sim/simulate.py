"""Turn a scenario into the timeline that torch's protocol gives it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dataloader_sim.engine import at
from dataloader_sim.engine.run import Run
from dataloader_sim.jobs import job, run
from dataloader_sim.metrics import Metrics, Window, of_batches, samples_per_s, steps_before_window, together
from dataloader_sim.scenario import Scenario
from dataloader_sim.spans import batches, end_s, spans
from dataloader_sim.timeline import Failure, Timeline

# What torch says (torch/utils/data/dataloader.py and signal_handling.py), and what a person sees where it says nothing.
_FAILURES = {
    at.KILLED: ("killed", "RuntimeError: DataLoader worker (pid ...) is killed by signal: Killed."),
    at.RAISED: ("raised", "The dataset's own exception, raised again by next(iterator) with the worker's traceback."),
    at.TIMED_OUT: ("timed out", "RuntimeError: DataLoader timed out after {timeout:g} seconds"),
    at.HANGS: ("hangs", "Nothing: next(iterator) waits for ever, because timeout is 0."),
}


def simulate(scenario: Scenario) -> Timeline:
    """Simulate a run; equal scenarios give equal timelines, bit for bit.

    Raises ValueError when the run has more samples than `costs.MOST_SAMPLES`.
    """
    asked = job(scenario, details=True)
    ran = run(asked, scenario, scenario.seed)
    return Timeline(
        scenario=scenario,
        source="simulated",
        spans=spans(asked, ran),
        failure=_failure(scenario, ran),
    )


def summarize(scenario: Scenario) -> Metrics:
    """Simulate a run and keep its metrics alone: what `metrics(simulate(scenario))` returns, in less time and memory.

    Raises ValueError as `simulate` and `metrics` do.
    """
    asked = job(scenario, details=False)
    ran = run(asked, scenario, scenario.seed)
    rows, ended_s, failed = batches(asked, ran), end_s(ran), ran.outcome != at.WENT_WELL
    del ran  # a long run's log is large
    return of_batches(scenario, rows, ended_s, failed=failed)


def throughputs(scenario: Scenario, seeds: Iterable[int]) -> list[float]:
    """Simulate a scenario with each seed and keep `metrics.samples_per_s` alone; 0.0 for a run without a step."""
    asked = job(scenario, details=False)
    return [_throughput(scenario, run(asked, scenario, seed)) for seed in seeds]


def _throughput(scenario: Scenario, ran: Run) -> float:
    by_rank = ran.log.times[at.STEP_END].reshape(scenario.machine.ranks, -1)
    if ran.outcome != at.WENT_WELL:
        begun = ran.log.times[at.STEP_START].reshape(by_rank.shape) <= ran.ended_s
        by_rank = np.where(begun, np.minimum(by_rank, ran.ended_s), np.nan)
    # A rank's steps end in the order of its batches; NaN, what did not happen, is sorted last.
    ends = np.sort(by_rank, axis=1)[:, : int((~np.isnan(by_rank)).sum(axis=1).min())]
    if not ends.size:
        return 0.0
    step_end_s = together(list(ends))
    before = steps_before_window(step_end_s.size, max(scenario.loader.num_workers, 1))
    return samples_per_s(scenario, Window(step_end_s, before))


def _failure(scenario: Scenario, ran: Run) -> Failure | None:
    if ran.outcome == at.WENT_WELL:
        return None
    kind, message = _FAILURES[ran.outcome]
    if kind == "killed" and (scenario.threads or not scenario.loader.num_workers):
        message = "Killed: the training process itself, and with it the run."
    return Failure(kind=kind, at_s=ran.ended_s, message=message.format(timeout=scenario.loader.timeout))
