"""Predict a run at other settings, and say how far a measurement is from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.statistics import geometric_mean, interval
from dataloader_sim.memory import MemoryForecast
from dataloader_sim.memory import predict as forecast_memory
from dataloader_sim.metrics import metrics
from dataloader_sim.rules import refuse
from dataloader_sim.scenario import Scenario
from dataloader_sim.simulate import summarize
from dataloader_sim.sweep import vary
from dataloader_sim.timeline import Timeline


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Hold a throughput that was simulated before anybody measured it.

    samples_per_s: with every cost at its calibrated value. low, high: with every measured cost at the slow and at the
    fast end of its 95 % interval; what the model leaves out is not in them.
    """

    scenario: Scenario
    samples_per_s: float
    low: float
    high: float
    memory: MemoryForecast


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Hold a prediction beside what was measured, in samples per second.

    low, high: the 95 % interval of the measured rate; equal to it when only one run was measured.
    """

    predicted: float
    measured: float
    low: float
    high: float
    runs: int

    @property
    def error(self) -> float:
        """Return how much more was predicted than measured, as a share of the measured rate."""
        return self.predicted / self.measured - 1.0

    @property
    def sentence(self) -> str:
        """Return the comparison as a person reads it."""
        spread = f"95 %: {self.low:,.0f}..{self.high:,.0f}" if self.runs > 1 else "one run"
        rates = f"predicted {self.predicted:,.0f} samples/s, measured {self.measured:,.0f} ({spread})"
        return f"{rates}, error {self.error * 100:+.1f} %"


def scenario_at(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return the scenario with fields set, named as in `sweep`, such as 'loader.num_workers'.

    num_workers is set first, so that options of workers may be given beside it.
    """
    for name in sorted(changes, key=lambda name: name != "loader.num_workers"):
        scenario = vary(scenario, name, changes[name])
    return scenario


def is_alike(one: Scenario, other: Scenario) -> bool:
    """Return whether two runs have the same settings; None counts as what torch takes it for."""
    return _settings(one) == _settings(other)


def _settings(scenario: Scenario) -> tuple[object, ...]:
    loader = scenario.loader
    # Without workers torch ignores the order.
    order = loader.in_order or not loader.num_workers
    kept = loader.pin_memory, loader.persistent_workers, loader.drop_last
    return scenario.workload.batch_size, loader.num_workers, loader.capacity, order, *kept


def predict_rates(likely: Scenario, slow: Scenario, fast: Scenario) -> Prediction:
    """Simulate three versions of a scenario; raises ValueError as `simulate` does."""
    rate = summarize(likely).samples_per_s
    ends = [summarize(one).samples_per_s if one != likely else rate for one in (slow, fast)]
    return Prediction(
        scenario=likely,
        samples_per_s=rate,
        low=min(rate, *ends),
        high=max(rate, *ends),
        memory=forecast_memory(likely),
    )


def compare(prediction: Prediction | float, measured: Timeline | float | Sequence[Timeline | float]) -> Comparison:
    """Compare a prediction with one or more runs measured at its settings, each a timeline or its samples per second.

    Raises ValueError for no run, and for one without a throughput.
    """
    several = list(measured) if isinstance(measured, Sequence) else [measured]
    rates = [metrics(one).samples_per_s if isinstance(one, Timeline) else float(one) for one in several]
    predicted = prediction.samples_per_s if isinstance(prediction, Prediction) else float(prediction)
    if not rates or not all(math.isfinite(rate) and rate > 0 for rate in rates):
        raise refuse("measured", "one or more runs with a throughput", rates, "leave runs out that broke off")
    if len(rates) == 1:
        return Comparison(predicted=predicted, measured=rates[0], low=rates[0], high=rates[0], runs=1)
    seen = interval(rates)
    return Comparison(
        predicted=predicted, measured=geometric_mean(rates), low=seen.low, high=seen.high, runs=len(rates)
    )
