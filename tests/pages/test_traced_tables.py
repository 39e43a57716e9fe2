"""What a trace tells, reduced to the tables that a person reads: each number recomputed from the spans."""

import numpy as np
import pytest
from kept_traces import SLOW_INDEX, changed, traced

from dataloader_sim import LoaderConfig
from dataloader_sim.observed import Observed
from dataloader_sim.timeline import MAIN, Activity
from pages._ui import traced as tables

RUN = traced()


def span(timeline, activity, batch):
    spans = timeline.of(activity)
    return spans[spans["batch"] == batch][-1]


def test_a_batchs_row_holds_what_its_spans_say():
    facts = tables.batches(RUN)
    assert facts["batch"].tolist() == list(range(24))
    row = facts[7]
    load, put, got = (span(RUN, one, 7) for one in (Activity.LOAD, Activity.PUT, Activity.GET))
    received = span(RUN, Activity.RECEIVE, 7)["end_s"]
    assert row["worker"] == load["lane"]
    assert row["load_s"] == pytest.approx(load["end_s"] - load["start_s"])
    assert row["put_s"] == pytest.approx(put["end_s"] - put["start_s"])
    assert row["held_s"] == pytest.approx(received - got["end_s"])
    assert (row["samples"], row["tensor_bytes"]) == (8, 4096)
    assert row["blocked_share"] + row["cpu_share"] == pytest.approx(1.0)


def test_without_workers_nothing_is_held_and_the_training_process_loads():
    facts = tables.batches(traced(changed(loader=LoaderConfig(num_workers=0))))
    assert set(facts["worker"]) == {MAIN}
    assert np.all(facts["held_s"] == 0)


def test_what_was_not_observed_is_missing_and_not_zero():
    from dataclasses import replace

    facts = tables.batches(replace(RUN, observed=Observed()))
    assert np.isnan(facts["blocked_share"]).all()
    assert (facts["samples"] == -1).all()
    assert tables.costs(replace(RUN, observed=Observed())) == ()
    assert tables.steps(replace(RUN, observed=None)) == ()


def test_costs_are_spread_as_numpy_says_and_the_slow_sample_is_named():
    wall = tables.costs(RUN)[0]
    values = RUN.observed.samples["wall_s"].astype(float)
    assert wall.name == "wall"
    assert wall.quantiles_s == pytest.approx(tuple(np.quantile(values, [0.5, 0.95, 0.99, 1.0])))
    assert tables.slow_samples(RUN)["index"].tolist() == [SLOW_INDEX]


def test_a_samples_time_is_never_negative_when_the_clocks_tick_apart():
    samples = RUN.observed.samples.copy()
    samples["cpu_s"] = samples["wall_s"] * 1.01
    blocked = tables.costs_s(traced(samples=samples))["blocked"]
    assert (blocked == 0).all()


def test_steps_of_the_transform_add_up():
    steps = tables.steps(RUN)
    assert [one.name for one in steps] == ["Decode", "Crop"]
    assert sum(one.share for one in steps) == pytest.approx(1.0)
    assert steps[1].wall_s == pytest.approx(24 * 0.008)
    assert steps[0].calls == 24 * 8


def test_a_step_without_a_name_is_left_out():
    rows = RUN.observed.transforms.copy()
    rows["step"] = -1
    assert tables.steps(traced(transforms=rows))[0].calls == 0
