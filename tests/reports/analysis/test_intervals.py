"""The t intervals, against textbooks, SciPy and known truth; and the sets of levels that belong together."""

import numpy as np
import pytest
from scipy import stats

from reports.analysis.cliques import cliques
from reports.analysis.intervals import prediction_interval, t_interval

SIMULATIONS = 2000


def test_t_interval_of_a_textbook_sample() -> None:
    interval = t_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval.mean == 3
    assert interval.half == pytest.approx(2.776445 * np.sqrt(2.5 / 5), rel=1e-6)
    assert interval.n == 5


def test_t_interval_agrees_with_scipy() -> None:
    x = np.random.default_rng(0).normal(size=7)
    low, high = stats.ttest_1samp(x, 0).confidence_interval()
    assert (t_interval(x).low, t_interval(x).high) == pytest.approx((low, high))


def test_one_value_has_a_mean_and_no_interval() -> None:
    interval = t_interval([0.5, np.nan])
    assert (interval.mean, interval.n) == (0.5, 1)
    assert np.isnan(interval.low)
    assert np.isnan(interval.high)


def test_prediction_interval_is_wider_by_the_further_run() -> None:
    x = [1.0, 2.0, 4.0, 8.0]
    assert prediction_interval(x).half == pytest.approx(t_interval(x).half * np.sqrt(5))


def test_intervals_cover_the_truth_in_94_to_96_percent() -> None:
    draws = np.random.default_rng(22).normal(0.97, 0.01, (SIMULATIONS * 5, 5))
    intervals = map(t_interval, draws)
    assert 0.94 <= np.mean([i.low <= 0.97 <= i.high for i in intervals]) <= 0.96


def test_prediction_intervals_cover_a_further_run_in_94_to_96_percent() -> None:
    draws = np.random.default_rng(23).normal(0, 1, (SIMULATIONS * 5, 6))
    intervals = [prediction_interval(draw[:5]) for draw in draws]
    covered = np.mean([i.low <= x <= i.high for i, x in zip(intervals, draws[:, 5], strict=True)])
    assert 0.94 <= covered <= 0.96


def test_levels_that_are_not_kept_apart_form_the_largest_sets() -> None:
    assert cliques("abc", {frozenset("ac")}) == (("a", "b"), ("b", "c"))
    assert cliques("abc", set()) == (("a", "b", "c"),)
    assert cliques("abc", {frozenset("ab"), frozenset("bc"), frozenset("ac")}) == (("a",), ("b",), ("c",))
    assert cliques("abcd", {frozenset("ab")}) == (("a", "c", "d"), ("b", "c", "d"))
