import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.analysis.cliques import cliques
from reports.analysis.paired import (
    best_and_near,
    complete_part,
    contrast,
    equivalent,
    explained,
    holm,
    level_intervals,
    matched,
    prediction_interval,
    t_interval,
)
from reports.analysis.rankings import Ranking, rank
from reports.runs.metrics import METRICS

ACCURACY = METRICS["test_accuracy"]
LOSSES = ("mse", "ce", "hinge", "focal")
SIMULATIONS = 2000


def simulated(
    rng: np.random.Generator,
    effects: dict[str, float],
    seeds: int = 5,
    blocks: int = 8,
    seed_sd: float = 0.0,
    interaction_sd: float = 0.0,
) -> pd.DataFrame:
    """One row per level × block × seed: block effects, noise of sd 1, seed effects shared by the blocks."""
    k = len(effects)
    values = np.array(list(effects.values()))[:, None, None] + rng.normal(0, 3, (1, blocks, 1))
    values = values + rng.normal(0, seed_sd, (1, 1, seeds)) + rng.normal(0, interaction_sd, (k, 1, seeds))
    values = values + rng.normal(0, 1, (k, blocks, seeds))
    level, block, seed = (axis.ravel() for axis in np.indices(values.shape))
    frame = {"block": block, "seed": seed, "test_accuracy": values.ravel()}
    return pd.DataFrame(
        {"loss": pd.Categorical(np.array(list(effects))[level], categories=list(effects))} | frame
    )


def ranked(runs: pd.DataFrame) -> Ranking:
    return rank(runs, "loss", ACCURACY, ["loss", "block"])


# Known answers


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
    assert np.isnan(interval.low) and np.isnan(interval.high)


def test_prediction_interval_is_wider_by_the_further_run() -> None:
    x = [1.0, 2.0, 4.0, 8.0]
    assert prediction_interval(x).half == pytest.approx(t_interval(x).half * np.sqrt(5))


def test_holm_known_answer() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, np.nan, 0.8])[[0, 2]] == pytest.approx([1, 1])
    assert np.isnan(holm([0.9, np.nan])[1])


def test_contrast_is_the_paired_t_over_seed_means() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.5, 1, (4, 6)), rng.normal(0, 1, (4, 6))
    found, expected = contrast(a - b), stats.ttest_rel(a.mean(axis=0), b.mean(axis=0))
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert (found.seeds, found.blocks) == (6, 4)


def test_a_failed_cell_costs_its_block_and_an_unfinished_seed_itself() -> None:
    present = np.ones((8, 5), bool)
    present[3, 2] = False
    rows, columns = complete_part(present)
    assert (rows.sum(), columns.sum()) == (7, 5)
    present[:5, 4] = False
    rows, columns = complete_part(present)
    assert (rows.sum(), columns.sum()) == (7, 4)


def test_differences_that_are_all_alike_do_not_divide_by_zero() -> None:
    assert contrast(np.zeros((2, 5))).p == 1
    assert contrast(np.full((2, 5), 0.1)).p == 0


def test_a_cell_ahead_of_the_best_mean_with_every_seed_that_both_have_is_not_called_worse() -> None:
    shared = np.array([0.02] * 5 + [-0.02] * 5)
    noise = np.random.default_rng(0).normal(0, 0.0002, (2, 10))
    lucky, better = 0.95 + shared + noise[0], 0.955 + shared + noise[1]
    lucky[5:] = np.nan  # diverged with the hard seeds
    best, near = best_and_near(np.stack([lucky, better, better - 0.1]), np.zeros(3, int), higher=True)
    assert best.tolist() == [True, False, False] and near.tolist() == [False, True, False]


def test_levels_with_the_same_mean_are_not_ordered_where_nothing_is_tested() -> None:
    runs = pd.DataFrame(
        {"loss": list("abc") * 2, "seed": [0, 0, 0, 1, 1, 1], "convergence": [3, 2, 3, 5, 4, 5]}
    )
    few = rank(runs, "loss", METRICS["convergence"], ["loss"])
    assert few.text == "b, a = c" and few.note.startswith("order of means (= where they are equal): too few")
    one = rank(runs[:3].assign(convergence=3), "loss", METRICS["convergence"], ["loss"])
    assert one.text == "a = b = c"


def test_equivalence_needs_the_whole_interval_inside_the_margin() -> None:
    assert equivalent(-0.004, 0.004, 0.005)
    assert not equivalent(-0.004, 0.006, 0.005)
    assert not equivalent(float("nan"), float("nan"), 0.005)


def test_shares_of_variance_of_a_full_grid_are_eta_squared_and_sum_to_one() -> None:
    runs = simulated(np.random.default_rng(2), dict.fromkeys(LOSSES, 0.0) | {"focal": -3.0})
    shares = explained(runs, ["loss", "block"], "test_accuracy")
    y, grand = runs["test_accuracy"], runs["test_accuracy"].mean()
    between = sum(len(g) * (g.mean() - grand) ** 2 for _, g in y.groupby(runs["loss"], observed=True))
    assert shares["loss"] == pytest.approx(between / ((y - grand) ** 2).sum())
    assert shares.sum() == pytest.approx(1)


def test_what_confounded_factors_explain_is_shared() -> None:
    y = [0.0, 0.1, 1.0, 1.1, 2.0, 2.1]
    runs = pd.DataFrame({"a": list("xxyyzz"), "b": list("ppqqrr"), "test_accuracy": y})
    shares = explained(runs, ["a", "b"], "test_accuracy")
    assert shares["a"] == pytest.approx(0, abs=1e-9) and shares["b"] == pytest.approx(0, abs=1e-9)
    assert shares["shared"] == pytest.approx(4 / 4.015) and shares.sum() == pytest.approx(1)


def test_shares_without_replication_leave_the_seeds_unknown() -> None:
    runs = simulated(np.random.default_rng(2), dict.fromkeys(LOSSES, 0.0), seeds=1)
    assert np.isnan(explained(runs, ["loss", "block"], "test_accuracy")["seeds"])


# Rankings


def test_a_clear_order_is_a_chain() -> None:
    ranking = ranked(simulated(np.random.default_rng(3), {"a": 0.0, "b": 20.0, "c": 10.0}))
    assert ranking.text == "b > c > a"
    assert (ranking.seeds, ranking.blocks) == (5, 8)


def test_a_relation_that_is_not_transitive_prints_groups() -> None:
    different = {frozenset("ac")}
    assert cliques("abc", different) == (("a", "b"), ("b", "c"))
    assert cliques("abc", set()) == (("a", "b", "c"),)
    assert cliques("abc", {frozenset("ab"), frozenset("bc"), frozenset("ac")}) == (("a",), ("b",), ("c",))
    assert cliques("abcd", {frozenset("ab")}) == (("a", "c", "d"), ("b", "c", "d"))


def test_no_level_stands_behind_one_that_it_beats_wherever_both_were_run() -> None:
    figures = {("a", 1): 0.95, ("b", 1): 0.93, ("c", 1): 0.90, ("d", 1): 0.80, ("c", 2): 0.95, ("d", 2): 0.50}
    rng = np.random.default_rng(0)
    rows = [
        (loss, block, seed, figure + rng.normal(0, 0.001))
        for (loss, block), figure in figures.items()
        for seed in range(5)
    ]
    runs = pd.DataFrame(rows, columns=["loss", "block", "seed", "test_accuracy"])
    ranking = rank(runs, "loss", METRICS["test_accuracy"], ["loss", "block"])
    assert ranking.text == "a > b > c > d" and ranking.note == ""


def test_fewer_than_five_seeds_are_too_few_to_say() -> None:
    effects = {"a": 0.0, "b": 50.0}
    few = ranked(simulated(np.random.default_rng(4), effects, seeds=4))
    assert (few.text, few.state) == ("b, a", "too few seeds")
    assert "too few runs to say" in few.note
    one = ranked(simulated(np.random.default_rng(4), effects, seeds=1))
    assert (one.text, one.state) == ("b, a", "one seed")
    assert "nothing was tested" in one.note


def test_an_option_that_always_diverged_comes_last_and_is_named() -> None:
    runs = simulated(np.random.default_rng(5), {"a": 0.0, "b": 50.0, "c": 99.0}).assign(status="done")
    runs.loc[runs["loss"] == "c", ["test_accuracy", "status"]] = [np.nan, "diverged"]
    ranking = ranked(runs)
    assert ranking.text == "b > a (no finished run: c)"
    assert ranking.diverged == {"c": 40}


def test_duplicate_seeds_and_unknown_factors_are_refused() -> None:
    runs = simulated(np.random.default_rng(6), {"a": 0.0, "b": 1.0})
    with pytest.raises(ValueError, match="two runs share loss, block, seed"):
        ranked(pd.concat([runs, runs.head(1)]))
    with pytest.raises(KeyError):
        rank(runs, "depth", ACCURACY, ["loss", "block"])


# Simulations with a known truth


def test_rankings_call_false_differences_in_at_most_6_5_percent_of_sweeps() -> None:
    rng = np.random.default_rng(20)
    sweeps = (
        ranked(simulated(rng, dict.fromkeys(LOSSES, 0.0), seed_sd=2.0, interaction_sd=1.0))
        for _ in range(SIMULATIONS)
    )
    assert np.mean([any(pair.relation in "<>" for pair in sweep.pairs) for sweep in sweeps]) <= 0.065


def test_a_difference_of_two_standard_deviations_is_found_in_95_percent_of_sweeps() -> None:
    rng = np.random.default_rng(21)
    effects = dict.fromkeys(LOSSES, 0.0) | {"hinge": 2.0}
    found = [
        all(pair.relation == ">" for pair in ranked(simulated(rng, effects)).pairs if pair.first == "hinge")
        for _ in range(SIMULATIONS)
    ]
    assert np.mean(found) >= 0.95


def test_intervals_cover_the_truth_in_94_to_96_percent() -> None:
    rng = np.random.default_rng(22)
    effects = {"a": 0.0, "b": 1.0}
    contrasts, means = [], []
    for _ in range(SIMULATIONS):
        _, values = matched(simulated(rng, effects, interaction_sd=1.0), "loss", "test_accuracy", ["block"])
        c = contrast(values[1] - values[0])
        contrasts.append(c.low <= 1 <= c.high)
        interval = t_interval(rng.normal(0.97, 0.01, 5))
        means.append(interval.low <= 0.97 <= interval.high)
    assert 0.94 <= np.mean(contrasts) <= 0.96
    assert 0.94 <= np.mean(means) <= 0.96


def test_prediction_intervals_cover_a_further_run_in_94_to_96_percent() -> None:
    rng = np.random.default_rng(23)
    draws = rng.normal(0, 1, (SIMULATIONS * 5, 6))
    intervals = [prediction_interval(draw[:5]) for draw in draws]
    covered = np.mean([i.low <= x <= i.high for i, x in zip(intervals, draws[:, 5], strict=True)])
    assert 0.94 <= covered <= 0.96


# Properties


@st.composite
def sweeps(draw: st.DrawFn) -> pd.DataFrame:
    """A small sweep with any cells missing or diverged."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k, blocks, seeds = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    runs = simulated(rng, {name: float(i) for i, name in enumerate(LOSSES[:k])}, seeds, blocks)
    runs["status"] = rng.choice(["done", "diverged"], len(runs), p=[0.8, 0.2])
    runs.loc[runs["status"] == "diverged", "test_accuracy"] = np.nan
    keep = rng.random(len(runs)) < draw(st.sampled_from([0.0, 0.5, 0.9, 1.0]))
    return runs[keep]


def summary(ranking: Ranking) -> tuple[object, ...]:
    numbers = [(p.first, p.second, round(p.contrast.estimate, 9), p.relation) for p in ranking.pairs]
    return ranking.text, ranking.state, str(numbers), ranking.unranked


@settings(max_examples=60, deadline=None)
@given(sweeps(), st.integers(0, 1000))
def test_row_order_changes_nothing(runs: pd.DataFrame, seed: int) -> None:
    shuffled = runs.sample(frac=1, random_state=seed)
    assert summary(ranked(runs)) == summary(ranked(shuffled))


@settings(max_examples=60, deadline=None)
@given(sweeps())
def test_any_sweep_can_be_ranked_without_a_warning(runs: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ranking = ranked(runs)
        shares = explained(runs[runs["status"] == "done"], ["loss", "block"], "test_accuracy")
    assert set(ranking.order) | set(ranking.unranked) == set(runs["loss"].unique())
    assert not (ranking.state == "tested" and ranking.seeds < 5)
    assert shares[["loss", "block"]].fillna(0).between(-1e-9, 1 + 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(sweeps())
def test_every_level_stands_in_a_group_and_no_group_contains_a_difference(runs: pd.DataFrame) -> None:
    ranking = ranked(runs)
    different = {frozenset((p.first, p.second)) for p in ranking.pairs if p.relation in "<>"}
    assert {level for group in ranking.groups for level in group} == set(ranking.order)
    assert not any(pair <= set(group) for pair in different for group in ranking.groups)


def test_all_diverged_one_seed_and_one_cell_are_ranked_as_what_they_are() -> None:
    runs = simulated(np.random.default_rng(7), {"a": 0.0, "b": 1.0}).assign(
        status="diverged", test_accuracy=np.nan
    )
    assert (ranked(runs).order, ranked(runs).unranked) == ((), ("a", "b"))
    cell = simulated(np.random.default_rng(7), {"a": 0.0}, blocks=1, seeds=1)
    assert (ranked(cell).text, ranked(cell).state) == ("a", "not comparable")
    assert np.isnan(level_intervals(np.full((2, 3, 4), np.nan))[0].mean)
