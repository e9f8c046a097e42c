"""`strategy=tune`: equally many trials for every combination, judged apart from what is evaluated."""

import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from sweeps.planning.settings import Settings
from sweeps.planning.strategies.ranges import Range, drawn, searched
from sweeps.records.strategy import TRIALS, key_of
from tests.support.analysis_truth import check
from tests.support.tiny.driver import PROJECT, Tiny, after
from tests.support.tiny.killed import decided, killed, results
from tests.support.tuned import Bench
from tests.support.tuned_truth import CASES

TUNED = ("mode=score", "x=1,2", "seed=0,1", "mode.score.spread=interval(0.001,0.1)", "hydra.sweeper.trials=3")


HALVED = (*TUNED, "step_s=0.1", "hydra.sweeper.rungs=[2,6,18]", "hydra.sweeper.rung_key=steps")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return after(tmp_path_factory.mktemp("tuned"), *TUNED)


def steps(tiny: Tiny) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tiny.plan()["strategy"]["steps"]
    return found


def test_the_looks_are_at_the_seeds_of_the_evaluation(tuned: Tiny) -> None:
    assert [entry["seeds"] for entry in tuned.plan()["history"]] == [[0, 1]] * 3


def test_every_combination_gets_the_same_trials_and_the_named_cells_its_best(tuned: Tiny) -> None:
    trials, evaluation = steps(tuned)
    assert (trials["kind"], len(trials["cells"]), evaluation["kind"], len(evaluation["cells"])) == (
        TRIALS,
        6,
        "",
        4,
    )
    records = {record.cell_id: record for record in tuned.records()}
    tried: dict[int, dict[float, float]] = {}
    for cell in trials["cells"]:
        config, final = records[cell].data["config"], records[cell].data["final"]
        assert config["seed"] == 1000
        tried.setdefault(config["x"], {})[config["mode"]["score"]["spread"]] = final["test_accuracy"]
    assert {*map(tuple, map(sorted, tried.values()))} == {tuple(sorted(tried[1]))}  # the same values for all
    for cell in evaluation["cells"]:
        config = records[cell].data["config"]
        assert config["seed"] in (0, 1)
        own = tried[config["x"]]
        assert own[config["mode"]["score"]["spread"]] == max(own.values())


def test_a_choice_that_a_named_cell_has_anyway_is_evaluated(tmp_path: Path) -> None:
    only = "++hydra.sweeper.tune={mode.score.spread: [0.1, 0.001]}"  # one trial: of what stands there anyway
    tiny = after(tmp_path, *TUNED[:3], "hydra.sweeper.strategy=tune", only, "hydra.sweeper.trials=1")
    trials, evaluation = steps(tiny)
    assert (len(trials["cells"]), len(evaluation["cells"])) == (2, 4)
    assert tiny.plan()["strategy"]["end"]["left"] == []


def test_tuned_again_it_runs_nothing(tuned: Tiny, tmp_path: Path) -> None:
    tiny = tuned.copied_to(tmp_path)
    before = tiny.plan()["cells"]
    assert "(10 kept, 0 run)" in tiny.run(*TUNED).stdout
    assert tiny.plan()["cells"] == before


def test_other_settings_begin_the_search_anew_and_keep_what_was_run(tuned: Tiny, tmp_path: Path) -> None:
    tiny = tuned.copied_to(tmp_path)
    output = tiny.run(*TUNED[:-1], "hydra.sweeper.trials=4").stdout
    assert "(10 kept, 2 run)" in output  # the first three trials of each are the same, and the best with them
    assert len(steps(tiny)[0]["cells"]) == 8


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["part=a,b", "hydra.sweeper.strategy=tune"], "tune = {}: must say what is tuned"),
        (
            ["x=1,2", "hydra.sweeper.strategy=tune", "++hydra.sweeper.tune={x:[1,2]}"],
            "x = [1, 2]: must not be swept",
        ),
        (
            ["x=1", "hydra.sweeper.strategy=tune", "++hydra.sweeper.tune={x:[1,2]}"],
            "x = [1, 2]: must not be set",
        ),
        (
            ["x=1,2", "hydra.sweeper.strategy=tune", "++hydra.sweeper.tune={part:{log:[1,2]}}"],
            "must be a list of options, as part = a is one",
        ),
        (
            ["x=1,2", "hydra.sweeper.strategy=tune", "++hydra.sweeper.tune={y:{log:[1,2]}}"],
            "must be of a key that the cells have; no cell has y",
        ),
        (
            ["x=1,2", "steps=interval(1,9)"],
            "must be whole numbers, as steps = 3 is one: {int: [1, 9]}, or steps=int(",
        ),
        (["x=1,2", "seed=interval(1,9)"], "must not be swept as well"),
        (["x=1,2", "verbose=interval(1,9)"], "must be a list of values, as verbose = False is no number"),
        (["x=1,2", "steps=interval(5,1)"], "steps=interval(5,1): must go from a number to a larger one"),
        (["x=1,2", "steps=int(interval(1,5))", "hydra.sweeper.strategy=until_decided"], "strategy=tune only"),
        (["x=1,2", "steps=int(interval(1,5))", "hydra.sweeper.trials=0"], "trials = 0: must be at least 1"),
        (["x=1,2", "hydra.sweeper.trials=4"], "trials = 4: has no effect without hydra.sweeper.tune"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_one_line(tiny: Tiny, overrides: list[str], told: str) -> None:
    error = tiny.run("mode=score", *overrides, code=2).stderr
    assert told in error
    assert len(error.splitlines()) == 1
    assert not tiny.root.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"log": [1, 1e-4]}, "must go from a number to a larger one"),
        ({"log": [0, 1]}, "must be above 0 on a log scale"),
        ({"int": [1, 2.5]}, "must have whole numbers as ends"),
        ({"log": [1, 10, 100]}, "must be a list of values, or one of"),
        ({"log": ["a", "b"]}, "must be a list of values, or one of"),
        ({"cubic": [1, 2]}, "must be a list of values, or one of"),
        ("1,2", "must be a list of values, or one of"),
        ([1], "must have at least two values"),
        ({"linear": [0, math.inf]}, "must go from a number to a larger one"),
    ],
)
def test_a_range_that_is_none_says_so(given: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Range.of(given)


def test_a_range_has_both_ends_and_nothing_beyond() -> None:
    assert [Range.of({"log": [1e-4, 1]}).at(s) for s in (0, 0.25, 0.5, 1)] == [1e-4, 1e-3, 1e-2, 1]
    assert [Range.of({"int": [1, 3]}).at(s) for s in (0, 0.4, 0.999, 1)] == [1, 2, 3, 3]
    assert [Range.of(["a", "b"]).at(s) for s in (0, 0.49, 0.5, 0.999)] == ["a", "a", "b", "b"]
    assert Range.of({"linear": [0.9991, 0.99912]}).at(0.5) == 0.9991  # three digits, but inside


def test_trials_are_drawn_alike_whenever_and_for_whatever() -> None:
    ranges = {"lr": Range.of({"log": [1e-4, 1]})}
    assert [drawn(ranges, k) for k in range(3)] == [drawn(ranges, k) for k in range(3)]
    values = [drawn(ranges, k)["lr"] for k in range(400)]
    assert len(set(values)) > 300
    assert 0.4 < sum(value < 0.01 for value in values) / 400 < 0.6  # evenly on a log scale


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr=interval(1e-4,1e-1)", {"log": [1e-4, 1e-1]}),
        ("lr=interval(0.1,0.5)", {"linear": [0.1, 0.5]}),
        ("lr=tag(log,interval(0.1,0.5))", {"log": [0.1, 0.5]}),
        ("lr=interval(-1,1)", {"linear": [-1, 1]}),
        ("lr=int(interval(2,9))", {"int": [2, 9]}),
    ],
)
def test_an_interval_is_a_search(text: str, expected: dict[str, Any]) -> None:
    made, rest = searched(Settings(), ["loss=a,b", text], OverridesParser.create())
    assert (made.strategy, made.tune, rest) == ("tune", {"lr": expected}, ["loss=a,b"])


def test_an_interval_in_a_sweep_file_is_one_unless_the_command_line_has_another_value() -> None:
    settings = Settings(params={"lr": "interval(0.1,0.5)", "loss": "a,b"})
    made, _ = searched(settings, [], OverridesParser.create())
    assert (made.params, made.tune) == ({"loss": "a,b"}, {"lr": {"linear": [0.1, 0.5]}})
    assert searched(settings, ["lr=1,2"], OverridesParser.create())[0].tune == {}


def peak(config: dict[str, Any]) -> float:
    """Best at a rate of .01."""
    return -abs(math.log10(config["lr"]) + 2)


def test_trials_have_a_seed_that_no_named_cell_has() -> None:
    (kind, trials), (_, evaluation) = Bench().run(peak)
    assert kind == TRIALS
    assert {cell.config["seed"] for cell in trials} == {1001}
    assert {cell.config["seed"] for cell in evaluation} == {0, 1000}
    assert {cell.config["held"] for cell in trials} == {10}
    assert {cell.config["held"] for cell in evaluation} == {0}
    best = max(trials, key=lambda cell: peak(cell.config)).config["lr"]
    assert {cell.config["lr"] for cell in evaluation} == {best}


def test_successive_halving_keeps_the_best_at_each_rung() -> None:
    taken = Bench(rungs=[3, 9, 27]).run(peak)
    sizes = [(kind, {c.config["epochs"] for c in cells}, len(cells)) for kind, cells in taken]
    assert sizes == [(TRIALS, {3}, 18), (TRIALS, {9}, 6), (TRIALS, {27}, 2), ("", {27}, 4)]
    ranked = sorted(
        {cell.config["lr"] for cell in taken[0][1]}, key=lambda lr: peak({"lr": lr}), reverse=True
    )
    assert {cell.config["lr"] for cell in taken[1][1]} == set(ranked[:3])
    assert {cell.config["lr"] for cell in taken[2][1]} == {ranked[0]}


def test_a_trial_that_diverges_is_never_chosen_and_one_without_any_figure_is_told() -> None:
    bench = Bench()
    taken = bench.run(lambda config: None if config["loss"] == "b" or config["lr"] < 0.02 else peak(config))
    evaluation = taken[-1][1]
    assert {cell.config["loss"] for cell in evaluation} == {"a"}
    assert all(cell.config["lr"] >= 0.02 for cell in evaluation)
    assert bench.left == ["  no trial of loss=b has a final.v: not evaluated"]


def test_the_estimator_is_asked_one_trial_at_a_time_and_always_answers_alike() -> None:
    pytest.importorskip("optuna")
    first, second = Bench(sampler="tpe").run(peak), Bench(sampler="tpe").run(peak)
    assert first == second
    assert [len(cells) for _, cells in first] == [8, *[2] * 5, 4]


def test_trial_overrides_are_plain() -> None:
    trials = Bench().run(peak)[0][1]
    assert all([key_of(text) for text in cell.overrides] == ["loss", "held", "lr", "seed"] for cell in trials)


def refused(folder: Path, *overrides: str) -> str:
    """Return the one line that a command to tune our networks ends with; nothing has been written."""
    words = ["activation=relu,gelu", "dataset=sample", "optimizer.lr=interval(0.01,0.1)"]
    done = subprocess.run(
        [sys.executable, "-m", "sweeps", *words, *overrides],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert not [*folder.iterdir()]
    (line,) = done.stderr.splitlines()
    return line


def test_what_trials_cannot_hold_out_is_said_with_the_setting_that_has_them_do_it(tmp_path: Path) -> None:
    line = refused(tmp_path)  # 10,000 of the 60,000 images of MNIST suit it; the sample has 1,500
    assert "training.validation_size = 10000: must be less than the 1500 training examples" in line
    assert "hydra.sweeper.trial = {'training.validation_size': 10000} sets it" in line


def test_trials_without_held_out_examples_are_refused_before_anything_runs(tmp_path: Path) -> None:
    line = refused(tmp_path, "hydra.sweeper.trial={training.validation_size:0}")
    assert "hydra.sweeper.judged_by = final.validation_accuracy: must be one of final." in line
    assert "hydra.sweeper.trial = {'training.validation_size': 0}" in line


@pytest.mark.faults
def test_killed_at_thirty_moments_a_search_ends_with_the_same_plan_runs_and_bits(
    tiny: Tiny, tmp_path: Path
) -> None:
    (tmp_path / "alone").mkdir()
    alone, rng = after(tmp_path / "alone", *HALVED), random.Random(3)
    print(f"{killed(tiny, HALVED, [rng.uniform(0.2, 5) for _ in range(30)])} of 30 kills found it at work")
    assert decided(tiny) == decided(alone)
    assert results(tiny) == results(alone)


def test_what_is_compared_after_tuning_is_wrong_no_more_often_than_it_says() -> None:
    check(CASES["tuned"], 25)
