import math

import numpy as np
import pytest
from scipy import stats

from bench.report import statistics


def test_the_interval_is_students_t_on_logs() -> None:
    rates = [100.0, 110.0, 95.0, 104.0, 99.0]
    seen = statistics.interval(rates)
    logs = np.log(rates)
    low, high = stats.t.interval(0.95, 4, loc=logs.mean(), scale=stats.sem(logs))
    assert seen.n == 5
    assert seen.mean == pytest.approx(stats.gmean(rates))
    assert (seen.low, seen.high) == pytest.approx((math.exp(low), math.exp(high)))


def test_a_block_that_slows_all_values_alike_leaves_the_ratio_alone() -> None:
    blocks = [1.0, 0.5, 2.0, 0.8]
    seen = statistics.ratio([200.0 * one for one in blocks], [100.0 * one for one in blocks])
    assert (seen.mean, seen.low, seen.high) == pytest.approx((2.0, 2.0, 2.0))


def test_one_sided_bounds_are_those_of_the_interval_at_ninety_percent() -> None:
    rates = [100.0, 110.0, 95.0]
    logs = np.log(rates)
    upper = math.exp(logs.mean() + stats.t.ppf(0.95, 2) * stats.sem(logs))
    assert statistics.interval(rates, level=0.90).high == pytest.approx(upper)


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_the_ratio_interval_covers_what_it_says_under_drift(n: int, noise: float) -> None:
    # The goal is 94 to 97 %; 4,000 draws leave a standard error of 0.35 %.
    random = np.random.default_rng(n)
    covered = 0
    for _ in range(4_000):
        drift = np.cumsum(random.normal(0.0, 0.05, n))
        rates, to = (math.log(one) + drift + random.normal(0.0, noise, n) for one in (150.0, 100.0))
        seen = statistics.ratio(list(np.exp(rates)), list(np.exp(to)))
        covered += seen.low <= 1.5 <= seen.high
    assert 0.935 <= covered / 4_000 <= 0.97


@pytest.mark.parametrize("rates", [[], [100.0], [100.0, 0.0], [100.0, -1.0], [100.0, math.nan], [100.0, math.inf]])
def test_what_says_nothing_about_spread_is_refused(rates: list[float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        statistics.interval(rates)


def test_rates_without_a_partner_are_refused() -> None:
    with pytest.raises(ValueError, match="a pair per block"):
        statistics.ratio([1.0, 2.0], [1.0])
