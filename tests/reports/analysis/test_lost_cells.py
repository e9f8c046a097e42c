"""Cells, levels and pairs of which most or all runs diverged, each against a case worked by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reports.analysis.comparison import compare
from reports.analysis.counting import counting_of
from reports.analysis.matched import from_arrays
from reports.analysis.selection import select
from reports.analysis.sequential import ladder
from reports.analysis.settings import Settings
from reports.page.boxes import spread
from reports.page.content import Metric
from reports.runs.metrics import METRICS
from reports.runs.test_sets import TestSet
from reports.tables.number_formats import counts_as, show_signed

CHANCE = 0.1


def test_a_cell_of_which_every_run_diverged_is_shown_to_be_behind_with_seeds_enough() -> None:
    values = np.vstack(
        [0.98 + 0.001 * np.random.default_rng(1).normal(size=(3, 10)), np.full((2, 10), CHANCE)]
    )
    found = select(values, ladder(10), diverged=np.isclose(values, CHANCE), grain=0.002)
    assert found.may_be_best.tolist() == [True, True, True, False, False]
    assert found.worse.tolist() == [False, False, False, True, True]


def test_where_all_cells_lose_runs_by_chance_one_that_lost_all_may_be_best() -> None:
    values = np.full((12, 3), 0.98)
    lost = np.zeros((12, 3), dtype=bool)
    lost[np.arange(11), np.arange(11) % 3] = True  # one of three in each of eleven cells
    lost[11] = True
    found = select(np.where(lost, CHANCE, values), ladder(3), diverged=lost, grain=0.002)
    assert found.may_be_best.all()


def test_cells_that_never_finished_are_not_compared_among_themselves() -> None:
    values = np.array([[0.9, 0.91, np.nan], [CHANCE] * 3, [CHANCE] * 3])
    waiting = np.array([[False, False, True], [False] * 3, [False] * 3])
    found = select(values, ladder(3), outstanding=waiting, diverged=values == CHANCE)
    assert found.look == 0
    assert found.untested.all()


def test_figures_of_any_size_are_judged_alike() -> None:
    values = np.array([[1.0, 1.1, 0.9], [1.0, 1.1, 0.9], [5e84, 1e48, 5e84]])
    lost = values == 5e84
    found = select(values, ladder(3), higher=False, diverged=lost)
    assert found.may_be_best[:2].all()


def test_a_diverged_run_counts_as_no_better_than_the_worst_that_finished() -> None:
    known = TestSet(500, 0.134)
    above, below = pd.Series([0.5, 0.2]), pd.Series([0.5, 0.08])
    rule, why = counting_of(METRICS["test_accuracy"], known, 3.0, above)
    assert (rule.diverged, why) == (0.134, "0.1340, the accuracy of always naming the largest class")
    rule, why = counting_of(METRICS["test_accuracy"], known, 3.0, below)
    assert (rule.diverged, why) == (None, "0.0800, the worst figure of any finished run")


def test_levels_that_both_only_diverge_are_not_shown_equal() -> None:
    values = np.full((2, 1, 5), CHANCE)
    found = compare(from_arrays(values, diverged=values > 0), Settings(ladder(5), 1, 0.05, 0.002))
    assert [(pair.relation, pair.why) for pair in found.pairs] == [
        ("?", "in no matched pair did both finish")
    ]
    assert found.diverged == found.planned == {"level 0": 5, "level 1": 5}


def test_a_level_of_huge_figures_leaves_the_others_theirs() -> None:
    values = np.array([[1.0, 2.0, 3.0], [1.5, 2.5, 3.5], [1e84, 2e84, 3e84]])[:, None]
    found = compare(from_arrays(values, higher=False), Settings(ladder(3), 1, float("nan")))
    assert found.means["level 0"] == pytest.approx(2.0)
    pair = found.pair("level 0", "level 1")
    assert pair.estimate == pytest.approx(-0.5)


def test_a_difference_that_rounds_to_none_has_no_minus() -> None:
    metric = METRICS["test_accuracy"]
    assert show_signed(-1e-17, metric) == show_signed(0.0, metric) == "+0.0000"
    assert show_signed(-2e-4, metric) == "−0.0002"


def test_no_interval_of_the_page_has_what_cannot_be() -> None:
    metric = Metric("test_accuracy", "Test accuracy", "maximize", "%", scale=100, digits=2, least=0, most=1)
    assert spread(metric, 0.1455, 0.1734) == "[0.00, 31.89]"
    assert spread(metric, 0.5, 0.1734) == "± 17.34"


def test_a_figure_in_per_cent_has_its_interval_in_per_cent() -> None:
    metric = METRICS["test_accuracy"]
    assert metric.show_interval(0.5868, 0.0469) == "0.5868 ± 0.0469"
    assert metric.in_percent.show_interval(0.5868, 0.0469) == "58.68 ± 4.69 %"
    assert counts_as("0.1340, the worst", metric.in_percent) == "13.40 %, the worst"


def test_a_huge_difference_has_an_exponent() -> None:
    metric = replace(METRICS["test_accuracy"], name="rmse", unit="figure", better="lower")
    assert show_signed(-4.459e84, metric) == "−4.46e+84"
    assert metric.show_difference(1.305e73) == "1.31e+73"
