"""Claims: verdicts on observations whose truth is known, and files that are told what is wrong with them."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.analysis.looks import Looks as SweepLooks
from reports.analysis.sequential import ladder
from reports.claims.claim import CLAIM_METRICS, Judgement
from reports.claims.figure_texts import BESIDE, judged_figures
from reports.claims.file import parse_claims, read_claims
from reports.claims.frames import claims_frame, reasons
from reports.claims.judge import judge_claims, judge_file
from reports.claims.looks import ONE_LOOK, Looks
from reports.claims.observations import complete, observe, read_observations, write_observations
from reports.claims.values import canonical
from reports.claims.wanted import chain
from reports.runs.reader import load
from sweeps.records.errors import UserError
from tests.support import synthetic

FACTOR: dict[str, Any] = {"factor": "loss", "metric": "test_accuracy"}


def frame(means: dict[str, float], *, seeds: int = 5, noise: float = 0.0002, **more: Any) -> pd.DataFrame:
    """Runs with these mean accuracies by loss, at two depths, with an effect of the seed shared by all."""
    rng = np.random.default_rng(7)
    rows = []
    for seed in range(seeds):
        shared = rng.normal(0, 0.01)
        for loss, mean in means.items():
            for depth, gain in (("128", 0.0), ("256-64", 0.01)):
                value = mean + gain + shared + rng.normal(0, noise)
                row = {"part": "main", "status": "done", "seed": str(seed), "loss": loss, "hidden": depth}
                row["dataset"] = "mnist"
                rows.append({**row, "test_accuracy": value, "concurrent_runs": 2, "blas_threads": 1, **more})
    return complete(pd.DataFrame(rows))


def judge(runs: pd.DataFrame, looks: Looks = ONE_LOOK, /, **claim: Any) -> Judgement:
    entry = {"id": "X", "statement": "x", **claim}
    return judge_claims(parse_claims([entry], "test"), runs, looks)[0]


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        ("hinge > mse ~ softmax_ce > focal", "holds"),
        ("hinge > focal", "holds"),
        ("mse ~ softmax_ce", "holds"),
        ("focal > hinge", "refuted"),
        ("hinge > mse > softmax_ce", "refuted"),
        ("hinge ~ mse", "refuted"),
        ("mse >= softmax_ce", "holds"),
        ("softmax_ce >= mse", "holds"),
        ("hinge >= focal", "holds"),
        ("focal >= hinge", "refuted"),
    ],
)
def test_a_chain_is_judged_by_every_pair_that_it_orders(order: str, verdict: str) -> None:
    runs = frame({"hinge": 0.98, "mse": 0.96, "softmax_ce": 0.96, "focal": 0.93})
    assert judge(runs, **FACTOR, order=order).verdict == verdict


def test_what_noise_hides_is_undecided_either_way() -> None:
    runs = frame({"hinge": 0.96, "mse": 0.955}, noise=0.02)
    assert judge(runs, **FACTOR, order="hinge > mse").verdict == "undecided"
    assert judge(runs, **FACTOR, order="hinge ~ mse").verdict == "undecided"


def test_a_small_but_certain_difference_is_an_equivalence_and_no_order() -> None:
    """hinge − softmax_ce = +.0022 and mse − softmax_ce = −.0029 were once ">" and "~" in one chain."""
    runs = frame({"hinge": 0.9622, "softmax_ce": 0.960, "mse": 0.9571}, noise=0.0001)
    order: dict[str, Any] = {**FACTOR, "order": "hinge > softmax_ce ~ mse"}
    wide, narrow = (judge(runs, **order, margin=margin).outcomes[0].pairs for margin in (0.005, 0.001))
    assert [pair.verdict for pair in wide] == ["refuted", "holds", "holds"]
    assert [pair.verdict for pair in narrow] == ["holds", "holds", "refuted"]


def test_the_verdict_is_told_at_half_and_at_twice_the_margin() -> None:
    runs = frame({"hinge": 0.963, "mse": 0.960}, noise=0.0002)
    judgement = judge(runs, **FACTOR, order="hinge > mse", margin=0.004)
    assert judgement.verdicts == ("holds", "refuted", "refuted")
    row = claims_frame([judgement]).iloc[0]
    assert row[["half_margin", "verdict", "double_margin"]].tolist() == ["holds", "refuted", "refuted"]
    ratio = judge(runs, **FACTOR, ratio={"hinge / mse": 1.003}, within=0.0008)
    assert ratio.verdicts == ("undecided", "holds", "holds")


def test_a_difference_that_may_lie_within_the_margin_does_not_refute_an_equivalence() -> None:
    runs = frame({"hinge": 0.965, "mse": 0.960}, noise=0.001)
    outcome = judge(runs, **FACTOR, order="hinge ~ mse", margin=0.005).outcomes[0]
    assert outcome.pairs[0].p < 0.05
    assert (outcome.verdict, outcome.why) == ("undecided", "hinge > mse; whether by the margin is open")


def test_beyond_the_margin_by_its_own_interval_only_is_not_called_within_it() -> None:
    runs = frame({"hinge": 0.978, "mse": 0.97, "softmax_ce": 0.97, "focal": 0.97}, noise=0.004)
    judgement = judge(runs, **FACTOR, order="hinge ~ mse ~ softmax_ce ~ focal", margin=0.001)
    (outcome,) = judgement.outcomes
    told = {pair.second: pair for pair in outcome.pairs if pair.first == "hinge"}
    alone = [p for p in told.values() if p.low > 0.001 >= p.corrected[0]]
    assert alone  # else the case is none
    for pair in alone:
        assert pair.verdict == "undecided"
        assert pair.why == f"hinge > {pair.second}, beyond the margin by its own interval only"


def test_a_number_or_a_yes_or_no_is_named_with_its_setting() -> None:
    (test,) = parse_claims(
        [
            {
                "id": "X",
                "statement": "x",
                "metric": "test_accuracy",
                "factor": "weight_decay",
                "order": "0.1 > 0",
            }
        ],
        "test",
    )[0].tests
    assert test.named("0.1") == "weight decay 0.1"
    pair = replace(test, factor=("training.batch_size", "loss", "softmax"))
    assert pair.named("256 + hinge + true") == "batch size 256 + hinge + softmax true"
    assert replace(test, factor=()).named("0.1 of it") == "0.1 of it"
    runs = frame({"hinge": 0.97})
    judged = judge(runs, metric="test_accuracy", factor="hidden", order="256-64 > 128")
    assert judged_figures(judged)[0][1].startswith("hidden 256-64 − hidden 128: +0.0099")
    assert judged_figures(judged)[0][0].startswith("Test accuracy: hidden 256-64: 0.9")


def test_what_holds_by_the_margin_alone_is_said() -> None:
    runs = frame({"hinge": 0.97, "mse": 0.962, "focal": 0.960}, noise=0.0001)
    close = judge(runs, **FACTOR, order="hinge > mse ~ focal").outcomes[0]
    assert (close.verdict, close.why) == ("holds", "mse > focal, but within ± 0.0023")
    assert judge(runs, **FACTOR, order="hinge > mse").outcomes[0].why == ""


def test_without_a_margin_of_its_own_a_test_takes_a_tenth_of_the_best_level() -> None:
    runs = frame({"hinge": 0.97, "mse": 0.92}).assign(convergence=lambda f: 10 + (f["loss"] == "mse") * 5.0)
    by_loss = runs.groupby("loss")["test_accuracy"].mean()
    margins = [
        judge(runs, **{**FACTOR, "metric": metric}, order="hinge > mse", **more).outcomes[0].margin
        for metric, more in (
            ("test_accuracy", {}),
            ("gap", {}),
            ("convergence", {}),
            ("gap", {"margin": "2%"}),
        )
    ]
    runs = runs.assign(gap=0.5)
    margins.append(judge(runs, **{**FACTOR, "metric": "gap"}, order="hinge > mse").outcomes[0].margin)
    error = 0.1 * (1 - by_loss["hinge"])
    assert margins[:3] == pytest.approx([error, error, 1.0])
    assert np.isnan(margins[3])
    assert margins[4] == pytest.approx(error)
    relative = judge(runs, **FACTOR, order="hinge > mse", margin="2%").outcomes[0].margin
    assert relative == pytest.approx(0.02 * by_loss["hinge"])


def test_the_least_margin_is_two_of_the_examples_that_a_figure_counts() -> None:
    runs = frame({"hinge": 0.9, "mse": 0.9}, noise=0.0).assign(
        test_accuracy=lambda f: np.where(f["loss"] == "mse", 0.99, 0.9995),
        train_accuracy=lambda f: np.where(f["loss"] == "mse", 0.99, 0.9995),
    )
    margins = [
        judge(runs, **{**FACTOR, "metric": metric}, order="hinge > mse").outcomes[0].margin
        for metric in ("test_accuracy", "train_accuracy")
    ]
    assert margins == pytest.approx([2 / 10_000, 0.1 * 0.0005])  # the floor of 60,000 is 2 / 60_000


def test_behind_but_perhaps_not_by_the_margin_is_undecided_and_says_so() -> None:
    runs = frame({"hinge": 0.96, "mse": 0.965}, noise=0.002)
    judgement = judge(runs, **FACTOR, order="hinge >= mse", margin=0.005)
    assert judgement.verdict == "undecided"
    assert judgement.outcomes[0].why == "mse > hinge; whether by the margin is open"


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_decide_nothing(seeds: int) -> None:
    runs = frame({"hinge": 0.98, "focal": 0.9}, seeds=seeds)
    for kind in ({"order": "hinge > focal"}, {"order": "hinge ~ focal"}, {"best": "hinge"}):
        judgement = judge(runs, **FACTOR, **kind)
        assert judgement.verdict == "undecided"
        assert "too few for the first look" in judgement.outcomes[0].why
    limit = judge(runs, metric="test_accuracy", at_least=0.5)
    assert limit.verdict == "undecided"
    assert "too few" in limit.outcomes[0].why
    ratio = judge(runs, **FACTOR, ratio={"hinge / focal": 1.09})
    assert ratio.verdict == "undecided"
    assert "too few" in ratio.outcomes[0].why


def test_the_seeds_are_looked_at_in_the_order_planned_and_each_look_has_its_level() -> None:
    runs = frame({"hinge": 0.97, "mse": 0.968}, seeds=4, noise=0.0005)
    looks = Looks({"main": SweepLooks(("3", "1", "0", "2"), ladder(3))})
    (pair,) = judge(runs, looks, **FACTOR, order="hinge > mse").outcomes[0].pairs
    first = runs[runs["seed"].isin(["3", "1", "0"])]
    assert pair.seeds == 3
    assert pair.estimate == pytest.approx(first.groupby("loss")["test_accuracy"].mean().diff().iloc[1] * -1)
    alone = judge(first, **FACTOR, order="hinge > mse").outcomes[0].pairs[0]
    assert pair.high - pair.low > alone.high - alone.low  # .04 of the .05


def test_the_numbers_behind_a_pair_are_a_paired_t_over_seeds() -> None:
    runs = frame({"hinge": 0.97, "mse": 0.965}, noise=0.003)
    (pair,) = judge(runs, **FACTOR, order="mse > hinge").outcomes[0].pairs
    by_seed = runs.pivot_table(index="seed", columns="loss", values="test_accuracy")
    expected = stats.ttest_rel(by_seed["mse"], by_seed["hinge"])
    assert pair.p == pytest.approx(expected.pvalue, rel=0.05)  # or wider, by Satterthwaite
    assert pair.estimate == pytest.approx((by_seed["mse"] - by_seed["hinge"]).mean())
    assert (pair.seeds, pair.cells) == (5, 2)


@pytest.mark.parametrize("noise", [0.0005, 0.001, 0.002, 0.004, 0.008])
def test_intervals_and_p_agree(noise: float) -> None:
    runs = frame({"hinge": 0.970, "mse": 0.968, "focal": 0.966}, noise=noise)
    for pair in judge(runs, **FACTOR, order="hinge > mse > focal").outcomes[0].pairs:
        assert (pair.p <= 0.05) == (pair.low >= 0 or pair.high <= 0)
        low, high, p = pair.corrected
        assert (p <= 0.05) == (low >= 0 or high <= 0)
        assert low <= pair.low
        assert pair.high <= high
        assert p >= pair.p


def test_a_part_holds_at_its_own_level_and_refutes_at_the_shared_one() -> None:
    runs = frame({"hinge": 0.970, "mse": 0.968, "focal": 0.966}, noise=0.002)
    pairs = judge(runs, **FACTOR, order="hinge > mse > focal").outcomes[0].pairs
    single = judge(runs, **FACTOR, order="hinge > mse").outcomes[0].pairs[0]
    same = next(pair for pair in pairs if pair.second == "mse")
    assert (same.low, same.high, same.p) == (single.low, single.high, single.p)
    assert same.corrected[2] > same.p
    assert single.corrected == (single.low, single.high, single.p)
    twice = judge(runs, **FACTOR, tests=[{"order": "hinge > mse"}] * 2).outcomes[0].pairs[0]
    assert twice.corrected[2] > single.p


def test_best_stands_before_every_other_level_and_worst_behind() -> None:
    runs = frame({"hinge": 0.98, "mse": 0.96, "focal": 0.93})
    assert judge(runs, **FACTOR, best="hinge").verdict == "holds"
    assert judge(runs, **FACTOR, worst="focal").verdict == "holds"
    assert judge(runs, **FACTOR, best="mse").verdict == "refuted"
    assert judge(runs, **FACTOR, best="mse", among=["mse", "focal"]).verdict == "holds"


def test_a_cell_is_best_only_if_no_other_is_as_good() -> None:
    cells: dict[str, Any] = {"factor": ["loss", "hidden"], "metric": "test_accuracy"}
    runs = frame({"hinge": 0.98, "mse": 0.96})
    assert judge(runs, **cells, best={"loss": "hinge", "hidden": "256-64"}).verdict == "holds"
    tied = frame({"hinge": 0.98, "mse": 0.98})
    assert judge(tied, **cells, best={"loss": "hinge", "hidden": "256-64"}).verdict == "refuted"


def test_limits_are_held_against_the_interval_of_every_cell() -> None:
    runs = frame({"hinge": 0.9, "focal": 0.4}, noise=0.001)
    limit: dict[str, Any] = {"metric": "test_accuracy", "where": {"loss": "focal"}}
    assert judge(runs, **limit, at_most=0.5).verdict == "holds"
    assert judge(runs, **limit, at_least=0.5).verdict == "refuted"
    assert judge(runs, **limit, at_most=0.405).verdict == "undecided"
    assert judge(runs, metric="test_accuracy", at_most=0.5).verdict == "refuted"
    assert judge(runs, **limit, about=0.405, within=0.05).verdict == "holds"


def test_a_limit_that_is_reached_exactly_by_every_run_holds() -> None:
    runs = frame({"hinge": 0.5}).assign(test_accuracy=1.0, dataset="xor")
    assert judge(runs, metric="test_accuracy", at_least=1).verdict == "holds"


def test_a_ratio_is_held_against_the_interval_of_the_geometric_mean() -> None:
    runs = frame({"mse": 0.3, "focal": 0.6}).assign(concurrent_runs=1.0, blas_threads=1.0)
    seconds = runs["loss"].map({"mse": 0.2, "focal": 0.4}) * (1 + 0.01 * runs["test_accuracy"])
    runs = runs.assign(epoch_cpu_s=seconds)
    ratio: dict[str, Any] = {"factor": "loss", "metric": "epoch_cpu_s"}
    assert judge(runs, **ratio, ratio={"focal / mse": 2.0}).verdict == "holds"
    assert judge(runs, **ratio, ratio={"focal / mse": 2.5}).verdict == "refuted"
    assert judge(runs, **ratio, ratio={"focal / mse": 2.5}, within="30%").verdict == "holds"


def test_effects_compare_the_spread_of_level_means() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93}, noise=0.0005)
    assert judge(runs, metric="test_accuracy", effects="loss > hidden").verdict == "holds"
    assert judge(runs, metric="test_accuracy", effects="hidden > loss").verdict == "refuted"


def test_an_effect_is_taken_over_cells_that_every_level_has() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93})
    runs = pd.concat([runs.assign(activation=name) for name in "ab"])
    gone = (runs["activation"] == "b") & (runs["loss"] == "focal")
    unequal = runs.assign(test_accuracy=runs["test_accuracy"].mask(gone))  # b without what is bad with a
    assert judge(unequal, metric="test_accuracy", effects="hidden > activation").verdict == "holds"
    (effect,) = judge(unequal, metric="test_accuracy", effects="hidden > activation").outcomes
    assert dict(effect.shown)["activation"].mean == pytest.approx(0, abs=1e-12)
    twice = judge(pd.concat([runs, runs]), metric="test_accuracy", effects="hidden > activation")
    assert twice.verdict == "undecided"
    assert "say in where" in twice.outcomes[0].why


def test_a_ratio_of_what_is_not_above_zero_is_not_taken_from_the_other_runs() -> None:
    runs = frame({"hinge": 0.02, "mse": 0.01}, seeds=6).rename(columns={"test_accuracy": "gap"})
    runs = complete(
        runs[["part", "status", "seed", "loss", "hidden"]].assign(gap=[*[-0.01] * 2, *[0.01] * 22])
    )
    claim: dict[str, Any] = {"factor": "loss", "metric": "gap", "ratio": {"hinge / mse": 1}}
    judgement = judge(runs, **claim)
    assert judgement.verdict == "undecided"
    assert "not above 0" in judgement.outcomes[0].why
    assert judge(runs[runs["seed"] != "0"], **claim).verdict == "holds"


def test_the_margin_of_a_pair_is_a_share_of_what_the_pair_was_compared_on() -> None:
    cells = {"1": "ab", "2": "bc", "3": "ac"}  # every two levels share a cell, all three none
    rows = [
        {"part": "main", "status": "done", "seed": str(seed), "loss": loss, "hidden": cell, "convergence": 10}
        for seed in range(5)
        for cell, losses in cells.items()
        for loss in losses
    ]
    judgement = judge(complete(pd.DataFrame(rows)), factor="loss", metric="convergence", order="a ~ b ~ c")
    assert judgement.verdict == "holds"
    assert "a − b" in claims_frame([judgement])["numbers"][0]


def test_a_reason_with_a_semicolon_is_one_reason() -> None:
    runs = frame({"hinge": 0.965, "mse": 0.960}, noise=0.001)
    assert reasons(judge(runs, **FACTOR, order="hinge ~ mse", margin=0.005)) == [
        "hinge > mse; whether by the margin is open"
    ]
    assert reasons(judge(runs, metric="test_accuracy", at_least=0.99, where={"hidden": "128"})) == [
        "hinge: beyond the limit",
        "mse: beyond the limit",
    ]


def test_an_estimate_that_a_later_look_moves_out_of_the_interval_says_so() -> None:
    """Five differences of .010, then five of .002: their mean lies below what the first look left."""
    runs = frame({"hinge": 0.96, "mse": 0.95}, seeds=10, noise=0.00001)
    late = runs["seed"].astype(int).ge(5) & (runs["loss"] == "hinge")
    runs["test_accuracy"] -= np.where(late, 0.008, 0)
    looks = Looks({"main": SweepLooks(tuple(range(10)), ladder(5))})
    judgement = judge(runs, looks, **FACTOR, order="hinge > mse")
    (pair,) = judgement.outcomes[0].pairs
    assert pair.estimate == pytest.approx(0.006, abs=1e-4)
    assert pair.low > pair.estimate
    assert claims_frame([judgement])["numbers"][0].endswith(BESIDE)


def test_a_share_has_no_interval_below_0() -> None:
    assert CLAIM_METRICS["unstable"].show_interval(0.0, 0.361) == "0.0000 [0.0000, 0.3610]"
    assert CLAIM_METRICS["gap"].show_interval(0.0, 0.361) == "0.0000 ± 0.3610"


def test_times_count_only_where_runs_were_alone() -> None:
    runs = frame({"mse": 0.3, "focal": 0.6}).assign(epoch_cpu_s=lambda f: f["test_accuracy"])
    cost: dict[str, Any] = {"factor": "loss", "metric": "epoch_cpu_s", "order": "focal > mse"}
    judgement = judge(runs, **cost)
    assert judgement.verdict == "undecided"
    assert "timed alone" in judgement.outcomes[0].why
    timing = runs.assign(part="timing", concurrent_runs=1.0)
    assert judge(pd.concat([runs, timing]), **cost).verdict == "holds"
    assert judge(runs.assign(concurrent_runs=1.0), **cost).verdict == "holds"


def test_parts_are_never_averaged_together() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93})
    wrong = frame({"hinge": 0.1, "focal": 0.9}).assign(part="timing")
    both = pd.concat([runs, wrong])
    assert judge(both, **FACTOR, order="hinge > focal").verdict == "holds"
    assert judge(both, **FACTOR, order="hinge > focal", part="timing").verdict == "refuted"


def test_levels_that_always_diverge_come_last() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93})
    gone = runs["loss"] == "hinge"
    runs.loc[gone, "status"], runs.loc[gone, "test_accuracy"] = "diverged", np.nan
    judgement = judge(runs, **FACTOR, order="hinge > focal")
    assert judgement.verdict == "refuted"
    assert judgement.outcomes[0].diverged == 10
    assert claims_frame([judgement])["numbers"][0].endswith("; 10 runs diverged, counted as 0.1135, chance")
    assert judge(runs, **FACTOR, order="focal > hinge").verdict == "holds"
    assert judge(runs, **FACTOR, order="focal ~ hinge").verdict == "refuted"


def test_a_level_without_runs_decides_nothing() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93})
    missing = runs["loss"] == "hinge"
    runs.loc[missing, "status"], runs.loc[missing, "test_accuracy"] = "missing", np.nan
    assert judge(runs, **FACTOR, order="focal > hinge").verdict == "undecided"
    assert judge(runs, **FACTOR, order="focal > mse").verdict == "undecided"
    assert judge(runs, **FACTOR, order="focal > hinge", where={"optimizer": "sgd"}).verdict == "undecided"


def test_runs_that_differ_in_more_are_matched_in_the_rest_or_refused() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93}, margin="–")
    runs.loc[runs["loss"] == "hinge", "margin"] = "5"
    assert judge(runs, **FACTOR, order="hinge > focal").outcomes[0].cells == 2  # an option of hinge alone
    twice = pd.concat([runs, runs[runs["loss"] == "hinge"].assign(margin="1")])
    judgement = judge(twice, **FACTOR, order="hinge > focal")
    assert judgement.verdict == "undecided"
    assert "say in where" in judgement.outcomes[0].why
    assert judge(twice, **FACTOR, order="hinge > focal", where={"margin": [5, "–"]}).verdict == "holds"
    named: dict[str, Any] = {"metric": "test_accuracy", "order": "wide > focal"}
    levels: dict[str, Any] = {"wide": {"loss": "hinge", "margin": 5}, "focal": {"loss": "focal"}}
    assert judge(twice, **named, levels=levels).verdict == "holds"


def test_a_setting_that_changes_along_must_be_named() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93})
    runs = runs.assign(lr=runs["loss"].map({"hinge": "0.1", "focal": "0.2"}))
    assert judge(runs, **FACTOR, order="hinge > focal").verdict == "undecided"
    assert judge(runs, **FACTOR, order="hinge > focal", along=["lr"]).verdict == "holds"


def test_a_claim_with_several_tests_is_refuted_by_one_and_needs_all_to_hold() -> None:
    runs = frame({"hinge": 0.98, "focal": 0.93})
    good, bad = {"order": "hinge > focal"}, {"order": "focal > hinge"}
    open_: dict[str, Any] = {"order": "hinge > focal", "metric": "gap"}
    assert judge(runs, **FACTOR, tests=[good, good]).verdict == "holds"
    assert judge(runs, **FACTOR, tests=[good, bad, open_]).verdict == "refuted"
    assert judge(runs, **FACTOR, tests=[good, open_]).verdict == "undecided"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (5e-4, "0.0005"),
        ("5e-4", "0.0005"),
        ("0.00001", "1e-05"),
        (128, "128"),
        ("128", "128"),
        ([256, 64], "256-64"),
        ("256-64", "256-64"),
        (True, "true"),
        ("gelu", "gelu"),
        (None, "null"),
    ],
)
def test_a_value_is_the_same_however_it_is_written(written: Any, text: str) -> None:
    assert canonical(written) == text


def test_a_chain_is_taken_apart() -> None:
    assert chain("focal > mse ~ softmax_ce") == (("focal", "mse", "softmax_ce"), (">", "~"))
    assert chain("0.01 > 5e-4") == (("0.01", "0.0005"), (">",))


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"order": "a > b"}, "metric = None: must be one of"),
        ({"metric": "speed", "order": "a > b", "factor": "loss"}, "metric = speed: must be one of"),
        ({**FACTOR}, "must have one of order, best"),
        ({**FACTOR, "order": "a > b", "best": "a"}, "has order and best"),
        ({**FACTOR, "order": "a"}, "order = a: must be different levels"),
        ({"metric": "gap", "effects": "a"}, "effects = a: must be different factors"),
        ({"metric": "gap", "effects": "a ~ b"}, "effects = a ~ b: must have > between them"),
        ({**FACTOR, "order": "a ~ b", "margin": 0}, "margin = 0: must be above 0"),
        ({**FACTOR, "order": "a ~ b", "margin": "-1%"}, "margin = -1%: must be above 0"),
        ({"metric": "gap", "about": 1, "within": 0}, "within = 0: must be a number above 0"),
        ({"metric": "gap", "at_least": 1, "expect": "true"}, "expect = true: must be one of holds, refuted"),
        ({"metric": "gap", "at_least": 1, "direction": "up"}, "direction: unknown key"),
        ({"metric": "seconds_to_target", "at_most": 1}, "metric = seconds_to_target: must be one of"),
        ({**FACTOR, "equivalent": "none"}, "equivalent = none: must be all"),
        ({**FACTOR, "ratio": {"a / b": 1, "a / c": 1}}, "must be one 'first / second': number"),
        ({**FACTOR, "best": "a", "among": 3}, "among = 3: must be a list"),
        ({**FACTOR, "ordr": "a > b"}, "ordr: unknown key"),
        ({"metric": "gap", "order": "a > b"}, "needs a factor, or levels"),
        ({"metric": "gap", "at_least": "much"}, "at_least = much: must be a number"),
        ({"metric": "gap", "about": 1}, "about needs within"),
        ({"factor": "loss", "metric": "test_loss", "order": "a ~ b"}, "order needs a margin: test_loss has"),
        ({"factor": "loss", "metric": "test_loss", "equivalent": "all"}, "equivalent needs a margin"),
        ({"metric": "gap", "at_least": 1, "where": "loss"}, "where = loss: must be a mapping"),
        ({"metric": "gap", "tests": "none"}, "tests must be a list"),
        ({"metric": "gap", "at_least": True}, "at_least = True: must be a number"),
        ({"metric": "gap", "at_least": 1e400}, "at_least = inf: must be a number"),
        (
            {"metric": "test_accuracy", "at_least": 90},
            "at_least = 90: must be from 0 to 1, as test_accuracy is",
        ),
        ({"metric": "gap", "at_most": -1.5}, "at_most = -1.5: must be from -1 to 1, as gap is"),
        ({**FACTOR, "best": "a", "margin": 5}, "margin = 5: must be below 1: two values of test_accuracy"),
        ({"metric": "gap", "about": 0, "within": 2}, "within = 2: must be below 2"),
        (
            {"metric": "gap", "about": 0, "within": "5%"},
            "within = 5%: must be a number above 0, in the unit of",
        ),
        ({**FACTOR, "ratio": {"a / b": 2}, "within": 1}, "within = 1: must be a number above 0 and below 1"),
        ({**FACTOR, "ratio": {"a / b": -2}}, "ratio = -2: must be above 0"),
        ({**FACTOR, "order": "a > b", "margin": "5%%"}, "margin = 5%%: must be a number, or one with a %"),
        ({**FACTOR, "order": "a > b", "margin": "nan%"}, "margin = nan%: must be a number, or one with a %"),
        ({**FACTOR, "order": "a > b", "margin": "0_1"}, "margin = 0_1: must be a number"),
        ({**FACTOR, "order": "a > b", "where": {"1": "a", 1: "b"}}, "where: 1 is there twice"),
        (
            {"metric": "gap", "best": "1", "levels": {"1e-1": {"lr": 1}, 0.1: {"lr": 2}}},
            "levels: 0.1 is there twice",
        ),
        ({**FACTOR, "ratio": {"a / a": 2}}, "ratio = {'a / a': 2}: must be one 'first / second'"),
        ({**FACTOR, "order": ["a > b"]}, "order = ['a > b']: must be different levels"),
        ({**FACTOR, "best": {"los": "a"}}, "best = {'los': 'a'}: must be a level of each of loss"),
        ({**FACTOR, "best": "a", "among": []}, "among = []: must be a list of at least one"),
        ({**FACTOR, "best": "a", "among": ["a", "a"]}, "among: a is there twice"),
        ({**FACTOR, "factor": ["loss", "loss"], "best": "a"}, "factor: loss is there twice"),
        ({**FACTOR, "metric": ["gap", "gap"], "best": "a"}, "metric: gap is there twice"),
        ({"metric": "gap", "factor": 5, "best": "a"}, "factor = 5: must be a name, or a list of names"),
        ({"metric": "gap", "at_least": 0, "part": 5}, "part = 5: must be a text"),
        ({"metric": "gap", "at_least": 0, "part": ["a"]}, "part = ['a']: must be a text"),
        ({"metric": "gap", "at_least": 0, "note": ["a"]}, "note = ['a']: must be a text"),
        (
            {"metric": "gap", "at_least": 0, "where": {"loss": []}},
            "where.loss = []: must be a value, or a list",
        ),
        ({"metric": "gap", "at_least": 0, "where": {"loss": {"a": 1}}}, "where.loss = {'a': 1}: must be the"),
        (
            {"metric": "gap", "at_least": 0, "within": 0.1},
            "within: is not read by at_least, but by about, ratio",
        ),
        ({"metric": "gap", "at_least": 0, "margin": 0.1}, "margin: is not read by at_least, but by order"),
        ({**FACTOR, "order": "a > b", "among": ["a"]}, "among: is not read by order, but by best"),
        (
            {"metric": "gap", "within": 0.1, "tests": [{"about": 0}, {"at_least": 0, "within": 0.1}]},
            "within: is not read by at_least",
        ),
        (
            {"metric": "gap", "levels": {"a": {"loss": "x"}, "b": {"loss": "y"}}, "order": "a > c"},
            "order = c: must be one of the levels a, b",
        ),
        ({"metric": "gap", "at_least": 0, "note": "a\x1b[31m"}, r"note = 'a\x1b[31m': must have no signs"),
        (
            {"metric": "gap", "at_least": 0, "where": {"loss": "a\u202e"}},
            "where = 'a\\u202e': must have no signs",
        ),
        ({"metric": "gap", "at_least": "9" * 10**5 + "x"}, f"at_least = {'9' * 80}…: must be a number"),
    ],
)
def test_a_mistake_in_a_claim_is_one_line(claim: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_claims([{"id": "X", "statement": "x", **claim}], "my.yaml")
    assert str(caught.value).startswith("my.yaml: claim X: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_mistakes_in_a_file_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text("claims:\n  - {id: X1, statement: x}\n  - {id: X2}\n")
    with pytest.raises(UserError) as caught:
        judge_file(file, frame({"hinge": 0.9}), ONE_LOOK)
    assert len(str(caught.value).splitlines()) == 2
    file.write_text("claims: [")
    with pytest.raises(UserError, match=r"claims\.yaml:1: cannot be read as YAML"):
        judge_file(file, frame({"hinge": 0.9}), ONE_LOOK)


def aliases(depth: int, link: str = "[{}]".format(", ".join(["*a{0}"] * 10))) -> str:
    """A few lines that stand for more values than any memory holds."""
    return "a0: &a0 {x: 1}\n" + "".join(f"a{k + 1}: &a{k + 1} {link.format(k)}\n" for k in range(depth))


def test_an_id_is_the_same_with_a_space_around_it(tmp_path: Path) -> None:
    claim = "  - {id: %s, statement: x, factor: loss, metric: gap, best: a}\n"
    (tmp_path / "claims.yaml").write_text("claims:\n" + claim % "A" + claim % "' A '")
    with pytest.raises(UserError, match=r"claims\.yaml:3: claim A: id is used twice"):
        read_claims(tmp_path / "claims.yaml")


def test_levels_that_share_runs_are_refused() -> None:
    """Of runs in both, each went to the level named last, and the verdict was about other runs."""
    runs = frame({"hinge": 0.98, "mse": 0.96})
    levels = {"a": {"loss": "hinge"}, "b": {"loss": ["hinge", "mse"]}}
    both = judge(runs, metric="test_accuracy", levels=levels, order="a > b").outcomes[0]
    assert (both.verdict, both.why) == (
        "undecided",
        "levels: some runs are of a and of b; name settings that differ",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "claims:\n  - id: A\n    statement: x\n    id: B\n",
            ":4: cannot be read as YAML (the key id is there twice)",
        ),
        ("claims: []\nclaims: []\n", ":2: cannot be read as YAML (the key claims is there twice)"),
        ("claims:\n- levels: {1: {}, 1.0: {}}\n", ":2: cannot be read as YAML (the key 1.0 is there twice)"),
        ("claims:\n- levels: {true: {}, 1: {}}\n", ":2: cannot be read as YAML (the key 1 is there twice)"),
        ("claims:\n\t- x\n", ":2: cannot be read as YAML"),
        ("[" * 5000, "cannot be read as YAML"),
        ("claims: " + "9" * 5001, "cannot be read as YAML"),
        ("\x00", "cannot be read as YAML"),
        ("- claims", "must be a mapping"),
        (aliases(9), "cannot be read as YAML (its aliases stand for more than 1,000,000 values)"),
        (aliases(24, "{{<<: [*a{0}, *a{0}]}}"), "its aliases stand for more than 1,000,000 values"),
        ("claims: &a\n- [*a]\n", "(line 1: an alias stands within what it stands for)"),
        ("claims: []\n? [a, b]\n: 1\n", ":2: cannot be read as YAML (a key is no text)"),
    ],
)
def test_a_claims_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(content)
    with pytest.raises(UserError) as caught:
        judge_file(file, frame({"hinge": 0.9}), ONE_LOOK)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_claims_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("link")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "absent", tmp_path / "link"):
        with pytest.raises(UserError, match="cannot be read"):
            judge_file(path, frame({"hinge": 0.9}), ONE_LOOK)


def test_a_users_claim_must_name_what_the_runs_have(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    test = 'metric: test_accuracy, factor: depth, order: "a > b"'
    file.write_text(f"claims:\n  - {{id: X1, statement: x, {test}}}\n")
    with pytest.raises(UserError, match="claim X1: depth: no setting of that name; known are"):
        judge_file(file, frame({"hinge": 0.9}), ONE_LOOK)


def test_observations_hold_every_run_with_its_settings_and_figures(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}, seeds=range(5))
    cells[3].status = "diverged"
    results = load(synthetic.write_sweep(tmp_path / "s", cells))
    runs = observe(results)
    assert len(runs) == 20
    assert set(runs["part"]) == {"main"}
    assert set(runs.loc[runs["loss"] == "hinge", "margin"]) == {"5"}
    assert set(runs.loc[runs["loss"] == "mse", "margin"]) == {"–"}
    done = runs["status"] == "done"
    assert runs.loc[done, "test_accuracy"].to_numpy() == pytest.approx(results.done["test_accuracy"])
    assert runs.loc[~done, "test_accuracy"].isna().all()
    assert runs.loc[~done, "unstable"].tolist() == [1.0]


def test_a_sweep_below_a_sweep_is_a_part_of_its_own(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge"]}, seeds=range(5))
    root = synthetic.write_sweep(tmp_path / "s", cells)
    synthetic.write_sweep(root / "timing", cells)
    (root / "measured").mkdir()
    rows = "seed,engine,test_accuracy\n" + "".join(f"{s},numpy,0.9\n{s},torch,0.8\n" for s in range(5))
    (root / "measured" / "engines.csv").write_text(rows)
    runs = observe(load(root))
    assert runs["part"].value_counts().to_dict() == {"main": 10, "timing": 10, "engines": 10}
    engines: dict[str, Any] = {
        "part": "engines",
        "factor": "engine",
        "metric": "test_accuracy",
        "order": "numpy > torch",
    }
    assert judge(runs, **engines).verdict == "holds"


def test_observations_read_back_are_those_written(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}, seeds=range(5))
    runs = observe(load(synthetic.write_sweep(tmp_path / "s", cells)))
    write_observations(runs, tmp_path / "runs.csv")
    pd.testing.assert_frame_equal(read_observations(tmp_path / "runs.csv"), runs)


def test_an_early_dip_is_how_far_accuracy_falls_below_the_best_so_far(tmp_path: Path) -> None:
    (cell,) = synthetic.grid({"loss": ["mse"]}, epochs=10)
    root = synthetic.write_sweep(tmp_path / "s", [cell])
    path = root / cell.name / "history.csv"
    table = pd.read_csv(path)
    table["test_accuracy"] = [0.1, 0.3, 0.2, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    table["train_loss"] = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5]
    table.to_csv(path, index=False)
    row = observe(load(root)).iloc[0]
    assert row["early_dip"] == pytest.approx(0.1)
    assert row["unstable"] == 0
    table["train_loss"] = [9, 8, 7, 6, 6.5, 4, 3, 2, 1, 0.5]
    table.to_csv(path, index=False)
    assert observe(load(root)).iloc[0]["unstable"] == 1


def test_a_missing_run_moves_no_level_where_cells_and_seeds_add_up() -> None:
    claim: dict[str, Any] = {**FACTOR, "order": "hinge > focal"}
    runs = frame({"hinge": 0.97, "focal": 0.95}, noise=0.0)
    missing = (runs["loss"] == "hinge") & (runs["hidden"] == "128") & (runs["seed"] == "1")
    (whole,), (gap,) = (
        [outcome.shown for outcome in judge(part, **claim).outcomes] for part in (runs, runs[~missing])
    )
    for (level, full), (same, less) in zip(whole, gap, strict=True):
        assert level == same
        assert (less.mean, less.half) == pytest.approx((full.mean, full.half))


def test_two_levels_differ_by_what_is_printed_as_their_difference_where_one_has_more_seeds() -> None:
    runs = frame({"hinge": 0.97, "focal": 0.95}, seeds=10, noise=0.004)
    few = runs[(runs["loss"] == "hinge") | runs["seed"].isin(list("01234"))]
    (outcome,) = judge(few, **FACTOR, order="hinge > focal").outcomes
    (hinge, focal), (pair,) = (interval.mean for _, interval in outcome.shown), outcome.pairs
    assert pair.seeds == 5
    assert hinge - focal == pytest.approx(pair.estimate)
