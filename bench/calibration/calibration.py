"""Hold what traces say of a loader, and predict with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.calibration.prediction import Comparison, Prediction, predict_rates, scenario_at
from bench.calibration.quantity import Quantity
from bench.calibration.traced_costs import with_values
from dataloader_sim.scenario import Scenario

# A steady rate needs no more, however long the traced run was; and nobody waits minutes for a prediction.
MOST_BATCHES = 3_000
MOST_SAMPLES = 300_000
MOST_EPOCHS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Hold what traces say of a loader: the scenario of the first of them, each cost with its interval, and the error.

    self_check: the scenario simulated at the settings it was calibrated from, beside the measured rate. notes: what
    could not be told, a sentence each.
    """

    scenario: Scenario
    quantities: tuple[Quantity, ...]
    notes: tuple[str, ...]
    self_check: Comparison

    def predict(self, changes: Mapping[str, Any] | None = None) -> Prediction:
        """Predict the throughput with some fields changed, such as {'loader.num_workers': 4}.

        Raises ValueError for an unknown field and a value that it refuses.
        """
        versions = [
            scenario_at(with_values(self.scenario, self.quantities, end), changes or {})
            for end in ("value", "high", "low")
        ]
        return predict_rates(*versions)


def shortened(scenario: Scenario) -> Scenario:
    """Return the scenario with no more epochs, batches and samples than a prediction needs."""
    work = scenario.workload
    epochs = min(work.epochs, MOST_EPOCHS)
    batches = min(work.batches, max(1, min(MOST_BATCHES, MOST_SAMPLES // work.batch_size) // epochs))
    return replace(scenario, workload=replace(work, epochs=epochs, batches=batches))
