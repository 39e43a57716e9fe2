import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bench.runs import plan
from bench.runs.plan import SweepSpec
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload

SMALL = Scenario(workload=Workload(batches=8, batch_size=4), loader=LoaderConfig(num_workers=4, prefetch_factor=3))


def test_every_block_runs_every_value_once() -> None:
    spec = SweepSpec(base=SMALL, num_workers=(0, 1, 2, 4), repeats=6)
    planned = plan.trials(spec)
    for block in range(6):
        mine = planned[4 * block : 4 * block + 4]
        assert {one.block for one in mine} == {block}
        assert sorted(one.num_workers for one in mine) == [0, 1, 2, 4]


def test_the_order_is_shuffled_and_comes_from_the_seed() -> None:
    def orders(seed: int) -> list[int]:
        return [one.num_workers for one in plan.trials(SweepSpec(base=SMALL, repeats=20, order_seed=seed))]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)
    first = Counter(orders(1)[0::4])
    assert len(first) == 4


def test_a_trial_at_no_workers_leaves_out_what_only_workers_use() -> None:
    spec = SweepSpec(base=SMALL, num_workers=(0, 2))
    assert spec.trial(0).scenario.loader == LoaderConfig()
    assert spec.trial(2).scenario.loader == LoaderConfig(num_workers=2, prefetch_factor=3)


def test_a_spec_survives_json() -> None:
    spec = SweepSpec(base=SMALL, num_workers=(4, 0), repeats=2, order_seed=7, stall_timeout_s=3.5)
    assert SweepSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"num_workers": ()}, "num_workers must be one value or more"),
        ({"num_workers": "0,1"}, "num_workers must be one value or more"),
        ({"num_workers": (0, 65)}, "num_workers must be 64 or less, got 65"),
        ({"num_workers": (0, -1)}, "num_workers must be 0 or more, got -1"),
        ({"num_workers": (0, True)}, "num_workers must be a whole number, got True"),
        ({"num_workers": (0, 2.0)}, "num_workers must be a whole number"),
        ({"num_workers": (1, 1)}, "num_workers must be values that differ"),
        ({"num_workers": (10**5000,)}, "num_workers must be 64 or less"),
        ({"repeats": 0}, "repeats must be 1 or more"),
        ({"repeats": 101}, "trials must be 400 or less, got 404"),
        ({"order_seed": -1}, "order_seed must be 0 or more"),
        ({"workload": "os:system"}, "workload must be one of emulated, jpeg"),
        ({"images": "/pictures"}, "images must be empty"),
        ({"stall_timeout_s": float("nan")}, "stall_timeout_s must be a finite number"),
        ({"base": "x"}, "base must be a Scenario"),
    ],
)
def test_what_no_sweep_may_ask_for_is_refused_in_words(wrong: dict[str, Any], words: str) -> None:
    settings = {"base": SMALL, "num_workers": (0, 1, 2, 4)} | wrong
    with pytest.raises(ValueError, match=words):
        SweepSpec(**settings)


@pytest.mark.parametrize(
    ("workload", "words"),
    [
        (Workload(batches=2), "batches must be 3 or more"),
        (Workload(batches=1_000_001, batch_size=1), "batches x epochs must be 1,000,000 or less"),
        (Workload(batches=30_000, batch_size=1_000), "20,000,000 or less"),
        (Workload(batches=64, io_s=10.0), "estimated time of a sweep must be 4 h or less"),
    ],
)
def test_a_sweep_that_would_never_end_is_refused(workload: Workload, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SweepSpec(base=Scenario(workload=workload))


def test_prefetch_has_a_cap() -> None:
    base = replace(SMALL, loader=LoaderConfig(num_workers=1, prefetch_factor=65))
    with pytest.raises(ValueError, match="prefetch_factor must be 64 or less"):
        SweepSpec(base=base)


@pytest.mark.parametrize("data", [None, [], {}, {"base": 1}, "x"])
def test_other_data_than_a_spec_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="a sweep must be"):
        SweepSpec.from_dict(data)


def test_the_estimate_holds_every_trial_and_its_start() -> None:
    spec = SweepSpec(base=SMALL, num_workers=(0, 2), repeats=3)
    # 8 batches of 4 samples at 6 ms and a step of 30 ms, one after another.
    assert plan.trial_s(spec, 0) == pytest.approx(plan.START_UP_S + 8 * (4 * 0.006 + 0.030))
    assert spec.estimate_s == pytest.approx(3 * (plan.trial_s(spec, 0) + plan.trial_s(spec, 2)))


def test_a_long_run_is_estimated_from_its_start() -> None:
    long = replace(SMALL, workload=replace(SMALL.workload, batches=10_000))
    spec = SweepSpec(base=long, num_workers=(0,), repeats=1)
    assert spec.estimate_s == pytest.approx(plan.START_UP_S + 10_000 * 0.054, rel=0.01)


def test_the_time_left_follows_what_was_seen() -> None:
    spec = SweepSpec(base=SMALL, num_workers=(0, 2), repeats=2)
    assert plan.left_s(spec, []) == pytest.approx(spec.estimate_s)
    order = [one.num_workers for one in plan.trials(spec)]
    twice = [(workers, 2 * plan.trial_s(spec, workers)) for workers in order]
    assert plan.left_s(spec, twice[:1]) == pytest.approx(sum(seconds for _, seconds in twice[1:]))
    assert plan.left_s(spec, twice[:1], 0.5) == pytest.approx(
        sum(seconds for _, seconds in twice[1:]) - 0.5 * twice[1][1],
    )
    assert plan.left_s(spec, twice) == 0.0
