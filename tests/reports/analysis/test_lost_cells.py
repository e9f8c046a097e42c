"""Cells, levels and pairs of which most or all runs diverged, each against a case worked by hand."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.analysis.best import Cells, marks
from reports.analysis.comparison import compare
from reports.analysis.counting import Counted, counting_of
from reports.analysis.groups import Groups
from reports.analysis.looks import Looks
from reports.analysis.matched import from_arrays
from reports.analysis.outcomes import Counting
from reports.analysis.proportions import p_more_often
from reports.analysis.selection import select, select_each
from reports.analysis.sequential import ladder
from reports.analysis.settings import Settings
from reports.page.boxes import spread
from reports.page.content import Metric
from reports.runs.metrics import METRICS
from reports.runs.test_sets import TestSet
from reports.tables.number_formats import counts_as, show_signed
from tests.support import truth
from tests.support.truth import findings_of

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


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 5), (10, 10), (4, 7), (7, 4)])
def test_the_exact_test_of_two_proportions_is_scipys(n: int, m: int) -> None:
    for k in {0, n // 2, n - 1, n}:
        for none in {0, 1, m}:
            table = [[k, none], [n - k, m - none]]
            own = p_more_often(np.array([k]), np.array([n]), np.array([none]), np.array([m]))
            assert own[0] == pytest.approx(stats.boschloo_exact(table, "greater", n=64).pvalue, rel=2e-3)


def test_all_lost_here_and_none_there_has_four_to_the_minus_n() -> None:
    n = np.array([3, 5, 10, 20])
    p = [float(p_more_often(one, one, one * 0, one)[0]) for one in n[:, None]]
    assert p == pytest.approx(0.25**n, rel=1e-6)


def test_with_hundreds_of_runs_it_is_fishers() -> None:
    own = p_more_often(np.array([30]), np.array([100]), np.array([11]), np.array([90]))
    assert own[0] == pytest.approx(stats.fisher_exact(np.array([[30, 11], [70, 79]]), "greater")[1], rel=1e-9)


@pytest.mark.parametrize("fewer", [1, 2])
def test_that_one_diverges_more_counts_only_where_that_is_shown(fewer: int) -> None:
    """Of 24 cells at one half, one loses 9 of 10 where another loses 1 in 5 % of sweeps."""
    lost = np.zeros((24, 10), dtype=bool)
    lost[:, :5] = True
    lost[0, :9], lost[1] = True, False
    lost[1, :fewer] = True
    values = np.where(lost, CHANCE, 0.97 + 0.0009 * np.random.default_rng(3).normal(size=lost.shape))
    assert select(values, ladder(10), diverged=lost, grain=1e-4).may_be_best.all()
    values[0, ~lost[0]] = values[1, ~lost[1]] = 0.97  # and of few cells it is shown
    few = select(values[:2], ladder(10), diverged=lost[:2], grain=1e-4)
    assert few.may_be_best.tolist() == [False, True]


def test_the_interval_of_a_cell_with_a_diverged_run_has_the_share_it_may_lose() -> None:
    lost = np.zeros((24, 20), dtype=bool)
    lost[:, :8] = True
    lost[3] = False
    lost[3, 0] = True
    found = select(np.where(lost, CHANCE, 0.97), ladder(20), diverged=lost, grain=1e-4)
    most = stats.binomtest(1, 20).proportion_ci(1 - 0.04 / 24, "exact").high
    assert found.winner == 3
    assert found.interval.low == pytest.approx(min(0.97 - 0.87 * most, found.interval.low))
    assert found.interval.low < 0.97 - 0.87 * 0.3


@pytest.mark.parametrize(("seeds", "standing"), [(3, "never finished"), (5, "never finished"), (10, "worse")])
def test_a_cell_that_never_finished_is_no_candidate_and_shown_worse_with_seeds_enough(
    tmp_path: Path, seeds: int, standing: str
) -> None:
    def runs(values: dict[str, Any], rng: np.random.Generator) -> float | str:
        if (values["activation"], values["loss"]) == ("relu", "hinge"):
            return "diverged"
        return 0.97 + float(rng.normal(0, 0.0009))

    axes = {"activation": ["relu", "gelu", "selu"], "loss": ["mse", "hinge"]}
    found = findings_of(truth.write(tmp_path / "sweep", axes, seeds, runs, [seeds]))
    (best,) = (finding for finding in found if finding["kind"] == "best")
    assert f"1 {'worse than the best mean' if standing == 'worse' else standing}" in best["text"]
    assert ("4 may be best" in best["text"]) == (standing != "may be best")
    share = {3: "63 %", 5: "45 %", 10: "26 %"}[seeds]
    assert f"(none of its {seeds} runs diverged; of more, up to {share} may)" in best["text"]
    table = pd.read_csv(tmp_path / "sweep/report/tables/best_cells.csv", dtype=str)
    assert table["standing"].tolist() == ["best mean", *["may be best"] * 4, standing]
    page = (tmp_path / "sweep/report/index.html").read_text()
    assert ("1 never finished" in page) == (standing == "never finished")


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


@pytest.mark.parametrize("name", ["test_balanced_accuracy", "validation_balanced_accuracy"])
def test_in_balanced_accuracy_a_diverged_run_recognises_one_class_of_all(name: str) -> None:
    known = TestSet(500, 0.8, classes=3)
    words = "the balanced accuracy of always naming the largest class"
    rule, why = counting_of(METRICS[name], known, 3.0, pd.Series([0.7, 1 / 3]))
    assert (rule.diverged, why) == (1 / 3, f"0.3333, {words}")
    rule, why = counting_of(METRICS[name], known, 3.0, pd.Series([0.7, 0.3]))
    assert (rule.diverged, why) == (None, "0.3000, the worst figure of any finished run")
    rule, why = counting_of(METRICS[name], TestSet(500, 0.8), 3.0, pd.Series([0.7, 0.6]))
    assert (rule.diverged, why) == (None, "0.6000, the worst figure of any finished run")


def test_in_macro_f1_a_diverged_run_has_that_of_the_largest_class() -> None:
    """Of 80 examples to 20: F1 2 · 80 / (100 + 80) of one class, 0 of the other."""
    known, f1 = TestSet(100, 0.8, classes=2), 160 / 180 / 2
    rule, why = counting_of(METRICS["test_macro_f1"], known, 3.0, pd.Series([0.9, 0.5]))
    assert rule.diverged == pytest.approx(f1)
    assert why == "0.4444, the macro F1 of always naming the largest class"


def test_a_doubt_for_divergence_says_no_more_than_was_seen() -> None:
    """The first loses one run, the second three: the first is ahead, unproven, and does not diverge more."""
    values = np.array([[[CHANCE, 0.9, 0.91, 0.9, 0.9]], [[0.9, CHANCE, CHANCE, CHANCE, 0.92]]])
    (pair,) = compare(
        from_arrays(values, diverged=values == CHANCE), Settings(ladder(5), 1, 0.05, 0.002)
    ).pairs
    assert (pair.first, pair.relation) == ("level 0", "?")
    assert pair.why == "the first diverged where the second did not"
    assert pair.parts.from_finished < 0 < pair.estimate
    assert pair.power is not None


def test_the_next_look_of_a_pair_with_runs_to_come_is_the_one_that_waits_for_them() -> None:
    values = 0.9 + np.array([[[0.1], [0.1]], [[0.0], [0.0]]]) * [0.99, 1.0, 1.01, 1.0, 0.98]
    waiting = np.zeros(values.shape, dtype=bool)
    waiting[1, 1, 1:] = True
    (pair,) = compare(from_arrays(values, outstanding=waiting), Settings(ladder(5))).pairs
    assert (pair.look, pair.seeds, pair.why) == (0, 5, "4 runs to come")
    assert pair.power is not None
    assert pair.power.fewest == pair.power.most == 5


def test_an_interval_is_corrected_for_the_cells_that_its_look_had() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.9, 0.001, (10, 5))
    values[0] += 0.02
    waiting = np.zeros(values.shape, dtype=bool)
    waiting[4:, 1:] = True
    values[waiting] = np.nan
    found = select(values, ladder(5), outstanding=waiting)
    alone = select(values[:4], ladder(5))
    assert (found.picked_among, found.winner) == (4, 0)
    assert found.interval == alone.interval
    assert found.untested.sum() == 6


def test_means_that_are_equal_print_alike() -> None:
    """.57125 of eight cells, which summed in another order is .57124999."""
    values = np.random.default_rng(3).integers(0, 500, (2, 8, 5)) / 500
    found = compare(from_arrays(values), Settings(ladder(5)))
    assert found.means == found.finished_means


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


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_groups_that_are_judged_together_are_judged_as_alone(seed: int, higher: bool) -> None:
    rng = np.random.default_rng(seed)
    of = rng.permutation(np.repeat(np.arange(7), [1, 2, 3, 14, 15, 16, 40]))
    values = 0.95 + 0.02 * rng.random((len(of), 1)) + 0.004 * rng.normal(size=(len(of), 10))
    lost = (rng.random(values.shape) < 0.04) & (of > 3)[:, None]
    lost[of == 2] = True  # none of whose runs finished
    values[lost] = CHANCE if higher else 1.0
    waiting = rng.random(values.shape) < 0.02 * (seed % 2)
    values[waiting | (rng.random(values.shape) < 0.05)] = np.nan
    lost &= np.isfinite(values)
    together = select_each(values, ladder(3), Groups(of, 7), higher, waiting, lost, 1e-4)
    assert any(not found.may_be_best.all() for found in together)
    for group, found in enumerate(together):
        own = of == group
        alone = select(
            values[own], ladder(3), higher=higher, outstanding=waiting[own], diverged=lost[own], grain=1e-4
        )
        np.testing.assert_equal(asdict(found), asdict(alone))


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_cells_stand_in_their_panels_as_they_stand_alone(seed: int, higher: bool) -> None:
    rng = np.random.default_rng(seed)
    panel = pd.Series(rng.permutation(np.repeat(np.arange(6), [1, 2, 3, 14, 16, 24])))
    size = (len(panel), 5)
    values = (0.95 + 0.02 * rng.random((len(panel), 1)) + 0.001 * rng.normal(size=size)).round(3)
    values[panel == 1] = 0.5  # two that share the best mean
    lost = (rng.random(size) < 0.05) & (panel.to_numpy() > 2)[:, None]
    lost[(panel == 2) | (panel == 0)] = True  # none of whose runs finished
    waiting = rng.random(size) < 0.02 * (seed % 2)
    runs = from_arrays(
        values[None], diverged=lost[None], outstanding=waiting[None], chance=CHANCE if higher else 1.0
    )
    metric = replace(METRICS["test_accuracy"], better="higher" if higher else "lower")
    use = Counted(metric, pd.DataFrame(), Counting())
    found = marks(panel, [Cells(np.arange(len(panel)), use, runs, Looks())])
    assert len(set(found)) >= 4
    for number in range(6):
        own = np.flatnonzero(panel == number)
        part = runs.part(blocks=panel.to_numpy() == number)
        alone = Cells(own, use, part, Looks()).best()
        assert found[own].tolist() == alone.standing
        assert [place for place, each in enumerate(alone.standing) if each == "best"] == alone.leaders


def test_a_cell_is_behind_whatever_number_of_others_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    values = 0.95 + 0.02 * rng.random((60, 1)) + rng.uniform(1e-4, 0.02, (60, 1)) * rng.normal(size=(60, 5))
    whole = select(values, ladder(5))
    monkeypatch.setattr("reports.analysis.leads.PAIRS_AT_ONCE", 1)  # one leader after another
    np.testing.assert_equal(select(values, ladder(5)).may_be_best, whole.may_be_best)
    assert 0 < whole.may_be_best.sum() < 60
