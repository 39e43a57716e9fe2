"""Two runs compared: ratios of geometric means with Welch's interval."""

import math

import numpy as np
import pytest
from kept_runs import ELSEWHERE, HERE
from scipy.stats import ttest_ind

from bench.report.cells import cells
from bench.report.comparison import compare, machine_differences
from bench.runs.records import DONE, Run, Trial


def measured(rates):
    """Make cells of {num_workers: rates}; a rate of 0 is a failed trial."""
    trials = [
        Trial(block=block, num_workers=workers, wall_s=1.0, samples_per_s=rate, error="" if rate else "it failed")
        for workers, some in rates.items()
        for block, rate in enumerate(some)
    ]
    return cells(trials)


def run(machine):
    return Run(id=1, created_utc="", who="", state=DONE, message="", spec_json="", machine=machine, trials=0)


def test_the_interval_is_the_one_of_a_t_test_with_unequal_spreads():
    first, second = [100.0, 104.0, 97.0, 101.0], [130.0, 150.0, 141.0]
    (ratio,) = compare(measured({2: first}), measured({2: second}))
    expected = ttest_ind(np.log(second), np.log(first), equal_var=False).confidence_interval(0.95)
    assert ratio.times == pytest.approx(math.exp(np.log(second).mean() - np.log(first).mean()))
    assert (ratio.low, ratio.high) == pytest.approx((math.exp(expected.low), math.exp(expected.high)))


def test_every_num_workers_of_either_run_is_there():
    ratios = compare(measured({0: [10.0, 11.0], 4: [20.0, 21.0]}), measured({1: [5.0, 6.0], 4: [40.0, 42.0]}))
    assert [one.num_workers for one in ratios] == [0, 1, 4]
    assert ratios[0].second is None
    assert ratios[1].first is None
    assert [one.times for one in ratios] == [None, None, pytest.approx(2.0)]


def test_one_trial_on_a_side_gives_a_ratio_without_an_interval():
    (ratio,) = compare(measured({1: [10.0]}), measured({1: [20.0, 22.0]}))
    assert ratio.times == pytest.approx(math.sqrt(440) / 10)
    assert (ratio.low, ratio.high) == (None, None)


def test_equal_trials_give_an_interval_of_no_width():
    (ratio,) = compare(measured({1: [10.0, 10.0]}), measured({1: [20.0, 20.0]}))
    assert (ratio.times, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_side_where_every_trial_failed_gives_no_ratio():
    (ratio,) = compare(measured({1: [0.0]}), measured({1: [20.0]}))
    assert ratio.times is None


def test_machines_differ_in_what_is_named():
    assert machine_differences(run(HERE), run(HERE)) == ()
    assert machine_differences(run(HERE), run(ELSEWHERE)) == ("machine: aaaa1111 and bbbb2222", "cores: 2 and 8")
    assert machine_differences(run(HERE), run(HERE | {"torch": "2.7.0"})) == ("torch: 2.13.0 and 2.7.0",)
    assert machine_differences(run(HERE), run({}))[0] == "machine: aaaa1111 and unknown"
