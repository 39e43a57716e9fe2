"""A prediction names its error in the words that a person reads."""

from dataclasses import replace

import pytest
from as_traced import as_traced

from bench.calibration.calibrate import calibrate
from bench.calibration.prediction import Prediction, compare, scenario_at
from bench.calibration.quantity import Quantity, mean, middle
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.memory import predict as forecast
from dataloader_sim.metrics import metrics

SCENARIO = Scenario(
    workload=Workload(batches=40, batch_size=4, jitter=0.3, step_s=0.001), loader=LoaderConfig(num_workers=1)
)


def test_several_runs_give_an_interval():
    seen = compare(781.0, [741.0, 760.0, 779.0])
    assert seen.sentence.startswith("predicted 781 samples/s, measured 760 (95 %: 7")
    assert seen.sentence.endswith("error +2.8 %")
    assert seen.low < 741
    assert seen.high > 779
    assert (seen.runs, round(seen.error, 3)) == (3, 0.028)


def test_one_run_has_none_and_says_so():
    assert compare(90.0, 100.0).sentence == "predicted 90 samples/s, measured 100 (one run), error -10.0 %"


def test_timelines_are_compared_by_their_throughput():
    timeline = simulate(SCENARIO)
    rate = metrics(timeline).samples_per_s
    prediction = Prediction(scenario=SCENARIO, samples_per_s=rate * 1.1, low=1, high=1, memory=forecast(SCENARIO))
    assert compare(prediction, timeline).error == pytest.approx(0.1)


@pytest.mark.parametrize("wrong", [[], [0.0], [float("nan")], [100.0, -1.0]])
def test_what_has_no_throughput_is_refused(wrong):
    with pytest.raises(ValueError, match="one or more runs with a throughput"):
        compare(100.0, wrong)


def test_options_of_workers_may_be_given_in_any_order():
    base = Scenario()  # num_workers 0, where torch refuses a prefetch_factor
    asked = scenario_at(base, {"loader.prefetch_factor": 4, "loader.num_workers": 2})
    assert (asked.loader.prefetch_factor, asked.loader.num_workers) == (4, 2)
    assert scenario_at(asked, {"loader.num_workers": 0}).loader == LoaderConfig()
    with pytest.raises(ValueError, match="axis must be 'seed' or a field"):
        scenario_at(base, {"loader.nonsense": 1})


def test_uncertain_costs_make_an_uncertain_prediction():
    fit = calibrate(as_traced(SCENARIO), Machine(cores=4.0))
    sure = calibrate(as_traced(replace(SCENARIO, workload=replace(SCENARIO.workload, jitter=0.0))), Machine(cores=4.0))
    uncertain, certain = (one.predict({"loader.num_workers": 2}) for one in (fit, sure))
    assert uncertain.low < uncertain.samples_per_s < uncertain.high
    assert (certain.high - certain.low) / certain.samples_per_s < 0.001
    assert (uncertain.high - uncertain.low) / uncertain.samples_per_s > 0.01


def test_quantities_say_how_sure_they_are():
    import numpy as np

    seen = mean("workload.io_s", np.array([1.0, 2.0, 3.0, np.nan]))
    # Student's t with 2 degrees of freedom: 4.303 x 1 / sqrt(3).
    assert (seen.value, seen.count) == (2.0, 3)
    assert seen.high - seen.value == pytest.approx(4.303 / np.sqrt(3), rel=1e-3)
    assert seen.low == 0.0
    tail = middle("machine.get_s", np.array([1.0] * 20 + [50.0] * 3))
    assert (tail.value, tail.high) == (1.0, 1.0)
    with pytest.raises(ValueError, match="between low and high"):
        Quantity(name="workload.io_s", value=2.0, low=3.0, high=4.0)
    with pytest.raises(ValueError, match="source must be one of trace, machine, assumed"):
        Quantity(name="workload.io_s", value=2.0, low=2.0, high=2.0, source="guess")
    with pytest.raises(ValueError, match="at least one observation"):
        mean("workload.io_s", np.array([np.nan]))
