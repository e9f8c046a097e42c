"""What a report must say of sweeps whose truth is known, read from what `python -m reports DIR` leaves."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.__main__ import main
from tests.support import synthetic
from tests.support.truth import effect, findings_of, pair, write

ACTIVATIONS = {"activation": ["relu", "gelu", "selu"]}


def noisy(sd: float = 0.001, **shifts: float) -> Any:
    """A truth in which each level named by its text shifts the accuracy."""

    def truth(values: dict[str, Any], rng: np.random.Generator) -> float:
        labels = [str(value) for value in values.values()]
        return 0.95 + sum(shifts.get(label, 0.0) for label in labels) + float(rng.normal(0, sd))

    return truth


def test_one_seed_has_means_and_differences_and_nothing_is_tested(tmp_path: Path) -> None:
    found = findings_of(write(tmp_path, ACTIVATIONS, 1, noisy(gelu=0.01)))
    (said,) = (f["text"] for f in found if f["kind"] == "evidence")
    assert said.startswith("1 seed: nothing is tested")
    own = effect(found, "activation")
    assert "1 seed: nothing is tested" in own["text"]
    assert [p["relation"] for p in own["pairs"]] == ["?"] * 3
    assert all(p["p"] is None and p["low"] is None and p["estimate"] is not None for p in own["pairs"])
    assert not [f for f in found if f["kind"] in ("variance", "size")]
    assert "interactions" not in " ".join(f["text"] for f in found)


def test_three_seeds_planned_at_first_decide_a_large_difference(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> float:
        return {"relu": 0.95, "gelu": 0.43}[values["activation"]] + float(rng.normal(0, 0.02))

    own = effect(findings_of(write(tmp_path, {"activation": ["relu", "gelu"]}, 3, truth, [3])), "activation")
    found = pair(own, "relu", "gelu")
    assert (found["first"], found["relation"], found["look"], found["decided_at"]) == ("relu", ">", 3, 3)
    assert found["p"] < 0.05
    assert found["low"] > 0
    assert "not tested" not in own["text"]
    assert "too few" not in own["text"]


def test_a_question_that_stays_open_says_what_it_would_take(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"]}
    own = effect(findings_of(write(tmp_path, axes, 3, noisy(0.01, gelu=0.004), [3])), "activation")
    found = pair(own, "relu", "gelu")
    assert found["relation"] == "?"
    assert found["power"]["detectable"] > 0
    assert f"3 seeds show {found['power']['detectable']:.4f} with 80 %" in own["text"]
    assert "the one seen would take" in own["text"]


def test_a_rate_over_eight_values_with_a_diverged_run(tmp_path: Path) -> None:
    rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]

    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        rate = float(values["optimizer.lr"])
        if rate == 3.0 and values["seed"] == 2 and values["activation"] == "relu":
            return "diverged"
        return 0.97 - 0.01 * abs(math.log10(rate / 0.1)) + float(rng.normal(0, 0.0008))

    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "optimizer.lr": rates}
    found = findings_of(write(tmp_path, axes, 5, truth, [5]))
    own = effect(found, "lr")
    assert len(own["pairs"]) == 28
    assert all(p["look"] == 5 for p in own["pairs"])
    means = [
        float(part.split(" ")[-1]) for part in own["text"].partition(": ")[2].partition(" (")[0].split(", ")
    ]
    assert means == sorted(means, reverse=True)
    assert len(means) == 8
    shown = [p for p in own["pairs"] if p["relation"] == ">"]
    assert len(shown) >= 18
    assert "3 1 of 10" in own["text"]
    assert "comes from divergence" in own["text"]
    (shares,) = (f["text"] for f in found if f["kind"] == "variance")
    told = [float(part.split(" %")[0].split(" ")[-1]) for part in shares.partition(": ")[2].split(", ")]
    assert sum(told) == pytest.approx(100, abs=1e-9)


def test_an_order_that_turns_round_has_no_main_effect(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> float:
        ahead = {("relu", "mse"): 0.03, ("selu", "hinge"): 0.029}
        return 0.9 + ahead.get((values["activation"], values["loss"]), 0.0) + float(rng.normal(0, 0.001))

    axes: dict[str, list[Any]] = {"activation": ["relu", "selu"], "loss": ["mse", "hinge"]}
    found = findings_of(write(tmp_path, axes, 5, truth, [5]))
    own = [f for f in found if f["factor"] == "activation" and f["metric"] == "test_accuracy"]
    assert [f["kind"] for f in own] == ["interaction", "conditional_effect", "conditional_effect"]
    assert "the order turns round with loss: relu is ahead of selu with mse" in own[0]["text"]
    within = {f["within"]["loss"]: f["pairs"][0] for f in own[1:]}
    assert {k: (p["first"], p["relation"]) for k, p in within.items()} == {
        "mse": ("relu", ">"),
        "hinge": ("selu", ">"),
    }
    table = (tmp_path / "report" / "tables" / "rankings.csv").read_text()
    assert "the order turns round with loss: no main effect" in table


def test_a_level_that_diverges_in_nine_of_ten_seeds_is_last_and_the_rest_is_tested(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        shift = {"relu": 0.0, "gelu": 0.01, "selu": 0.012}[values["activation"]]
        lost = values["activation"] == "selu" and values["seed"] != 4
        return "diverged" if lost else 0.95 + shift + float(rng.normal(0, 0.001))

    found = findings_of(write(tmp_path, ACTIVATIONS, 10, truth, [10]))
    own = effect(found, "activation")
    assert own["text"].startswith("Test accuracy by activation: gelu 0.9")
    assert "selu 9 of 10" in own["text"]
    assert own["text"].partition(" (")[0].split(", ")[-1].startswith("selu ")
    assert pair(own, "gelu", "relu")["relation"] == ">"
    assert pair(own, "gelu", "selu")["from_divergence"] > 0.7
    (best,) = (f["text"] for f in found if f["kind"] == "best")
    assert "has activation gelu" in best


def test_a_mistyped_level_is_named_as_left_out_and_the_rest_is_tested(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        wrong = values["activation"] == "rleu" and (values["seed"], values["loss"]) != (0, "mse")
        shift = 0.01 if values["activation"] == "gelu" else 0.04 * (values["activation"] == "rleu")
        return "failed" if wrong else 0.95 + shift + float(rng.normal(0, 0.001))

    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu", "rleu"], "loss": ["mse", "hinge", "focal"]}
    found = findings_of(write(tmp_path, axes, 10, truth, [10]))
    own = effect(found, "activation")
    assert "left out: rleu (1 of 30 runs have a result)" in own["text"].replace("Left", "left")
    assert [{p["first"], p["second"]} for p in own["pairs"]] == [{"gelu", "relu"}]
    assert own["pairs"][0]["relation"] == ">"
    assert "29 of 90 runs failed" in " ".join(f["text"] for f in found if f["kind"] == "failure")
    assert all(p["look"] == 10 for p in effect(found, "loss")["pairs"])


def test_a_diagonal_without_runs_costs_no_whole_seed_or_cell(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {
        "activation": ["relu", "gelu"],
        "loss": ["mse", "hinge", "focal", "softmax_ce"],
    }
    losses = list(axes["loss"])

    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        gone = values["activation"] == "relu" and losses.index(values["loss"]) == values["seed"]
        noise = float(rng.normal(0, 0.001))
        return "failed" if gone else 0.95 + 0.002 * (values["activation"] == "gelu") + noise

    found = pair(effect(findings_of(write(tmp_path, axes, 5, truth, [5])), "activation"), "gelu", "relu")
    assert (found["seeds"], found["cells"], found["first"]) == (5, 4, "gelu")
    assert found["relation"] in (">", "≈")
    assert found["low"] > 0


def test_a_rate_at_chance_is_not_said_to_converge_soonest(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "optimizer.lr": [0.01, 0.1, 3.0]}
    cells = synthetic.grid(axes, seeds=range(5), epochs=10)
    synthetic.write_plan(tmp_path, cells)
    for one in cells:
        folder = synthetic.write_cell(tmp_path, one)
        if one.values["optimizer.lr"] == 3.0:  # chance, from the first epoch on
            rows = [f"{k},2.3,0.11,2.3,0.11,3.0,0.1,0.1,1.0" for k in range(1, 11)]
            (folder / "history.csv").write_text("\n".join([synthetic.HEADER, *rows]) + "\n")
            one.extra = {"final": {"train_accuracy": 0.11, "test_accuracy": 0.11}}
            record = synthetic.record(one, synthetic.learning_curve(one), "grid")
            (folder / "report.json").write_text(json.dumps(record))
    own = effect(findings_of(tmp_path), "lr", "convergence")
    assert {level for p in own["pairs"] for level in (p["first"], p["second"])} == {"0.01", "0.1"}
    assert "too far from the best accuracy: 3 10" in own["text"]


@pytest.mark.parametrize(("status", "done"), [("failed", 0), ("failed", 1), ("missing", 1)])
def test_a_level_of_few_results_is_told_as_that(status: str, done: int, tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        few = values["activation"] == "gelu"
        return status if few and values["seed"] >= done else 0.95 + 0.01 * few + float(rng.normal(0, 0.001))

    found = findings_of(write(tmp_path, ACTIVATIONS, 5, truth))
    best = next(f["text"] for f in found if f["kind"] == "best")
    assert ("has activation gelu (1 of its 5 runs has a result)" in best) == (done == 1)
    assert "a result)" not in best or done == 1
    for metric in ("test_accuracy", "convergence"):
        told = effect(found, "activation", metric)["text"]
        assert "too far from the best accuracy" not in told
        lost = status == "failed"
        assert (f"Left out: gelu ({done} of 5 runs have a result)" in told) == lost
        assert ("not tested (4 runs to come)" in told) != lost


@pytest.mark.parametrize("lost", [0, 1])
def test_missing_runs_are_told_only_where_a_comparison_lacks_some(lost: int, tmp_path: Path) -> None:
    cells = [
        synthetic.cell({"activation": activation, "loss": loss, "seed": seed}, epochs=2)
        for activation, loss in (("relu", "mse"), ("gelu", "mse"), ("relu", "hinge"))  # a star, not a grid
        for seed in range(5)
    ]
    for one in cells[:lost]:
        one.status = "failed"
    told = effect(findings_of(synthetic.write_sweep(tmp_path, cells)), "activation")["text"]
    assert "1 matched cell" in told
    assert ("adjusted for missing runs" in told) == bool(lost)


def test_sizes_of_effects_are_told_with_the_seeds_that_they_are_of(tmp_path: Path) -> None:
    def truth(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
        if values["seed"] >= 3 and values["activation"] == "relu":
            return "missing"
        return 0.95 + 0.01 * float(values["loss"] == "mse") + float(rng.normal(0, 0.001))

    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}
    found = findings_of(write(tmp_path, axes, 5, truth))
    (told,) = (f["text"] for f in found if f["kind"] == "size")
    assert re.search(r"0\.0\d+ against 0\.0\d+ over 3 seeds, p", told)


@pytest.mark.parametrize("concurrent", [1, 2])
def test_an_order_of_seconds_says_what_else_may_be_in_it(concurrent: int, tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=range(5), epochs=2)
    for one in cells:
        seconds = {"relu": 0.1, "gelu": 0.2}[one.values["activation"]] + 0.001 * one.values["seed"]
        timing = {"epoch_cpu_s_median": seconds, "epoch_wall_s_median": seconds, "total_wall_s": 1.0}
        one.extra = {"timing": timing | {"blas_threads": 1, "concurrent_runs": concurrent}}
    synthetic.write_sweep(tmp_path, cells)
    found = findings_of(tmp_path)
    beside = "With up to 2 runs at once a difference may be due to what ran beside them, and when."
    told = effect(found, "activation", "epoch_cpu_s")["text"]
    assert "relu is ahead of gelu" in told
    assert told.endswith(f" {beside}") == (concurrent == 2)
    assert beside not in effect(found, "activation", "test_accuracy")["text"]


def test_losses_are_not_compared_across_losses_and_other_concurrency_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, loss, concurrent in (("a", "mse", 2), ("b", "softmax_ce", 1)):
        cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": [loss]}, seeds=range(5), epochs=2)
        for one in cells:
            timing = {"epoch_cpu_s_median": 0.1, "epoch_wall_s_median": 0.1, "total_wall_s": 1.0}
            one.extra = {"timing": timing | {"blas_threads": 1, "concurrent_runs": concurrent}}
        synthetic.write_sweep(tmp_path / name, cells, sweep=name)
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    out = capsys.readouterr().out
    assert "Test accuracy" in out
    assert "| Test loss" not in out
    assert "Test loss is left out: values of different losses cannot be compared." in out
    assert "Times were measured under other conditions" in out
    assert "2 runs at once" in out


def test_epochs_to_a_target_that_one_of_ten_runs_reaches_are_not_the_best(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=range(10), epochs=5)
    synthetic.write_plan(tmp_path, cells)
    for one in cells:
        folder = synthetic.write_cell(tmp_path, one)
        lucky = one.values["activation"] == "gelu" and one.values["seed"] == 3
        reached = 1 if lucky else 3 if one.values["activation"] == "relu" else 99
        rows = [f"{k},1,0.9,1,{0.96 if k >= reached else 0.9},0.1,0.1,0.1,1.0" for k in range(1, 6)]
        (folder / "history.csv").write_text("\n".join([synthetic.HEADER, *rows]) + "\n")
    main([str(tmp_path), "--no-plots", "--target", "0.95"])
    rows = (tmp_path / "report" / "tables" / "epochs_to_target.csv").read_text().splitlines()
    best = {row.split(",")[0]: row.split(",")[2] != "" for row in rows[1:]}
    assert best == {"relu": True, "gelu": False}


def test_two_levels_without_an_interaction_have_no_share_of_it(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}
    found = findings_of(write(tmp_path, axes, 5, noisy(gelu=0.005, hinge=0.01), [5]))
    (shares,) = (f["text"] for f in found if f["kind"] == "variance")
    told = dict(part.rsplit(" ", 2)[:2] for part in shares.partition(": ")[2].rstrip(".").split(", "))
    assert float(told["interactions"]) < 1.0


def test_findings_say_what_the_contract_names(tmp_path: Path) -> None:
    found = findings_of(write(tmp_path, ACTIVATIONS, 5, noisy(gelu=0.01), [5]))
    assert all({"kind", "factor", "metric", "within", "text"} <= set(finding) for finding in found)
    keys = {"first", "second", "estimate", "low", "high", "p", "relation", "seeds", "cells"}
    for finding in found:
        for each in finding.get("pairs", []):
            assert keys <= set(each)
            assert each["relation"] in (">", "≈", "?")
            if each["relation"] == ">" and finding["metric"] == "test_accuracy":
                assert each["low"] > 0  # the better one is the first
            if each["p"] is not None:
                assert (each["p"] <= 0.05) == (each["low"] > 0 or each["high"] < 0)


def test_a_margin_and_a_ladder_of_the_plan_are_kept_to(tmp_path: Path) -> None:
    truth = noisy(0.0005, gelu=0.003)
    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"]}
    narrow = effect(findings_of(write(tmp_path / "a", axes, 8, truth, [2, 8], margin=0.001)), "activation")
    wide = effect(findings_of(write(tmp_path / "b", axes, 8, truth, [2, 8], margin=0.02)), "activation")
    assert (narrow["margin"], narrow["pairs"][0]["relation"]) == (0.001, ">")
    assert (wide["margin"], wide["pairs"][0]["relation"]) == (0.02, "≈")
    assert narrow["pairs"][0]["look"] == 5
    assert "the first 5 of 8 seeds" in narrow["text"]
    own = effect(findings_of(write(tmp_path / "c", axes, 8, truth, [2, 8], ladder=[4, 8])), "activation")
    assert own["pairs"][0]["look"] == 8
