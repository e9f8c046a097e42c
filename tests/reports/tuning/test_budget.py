"""Best so far, rankings at each number of trials, edges: against what can be worked out by hand."""

import json
import math
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.claims.observations import observe
from reports.closing import closing
from reports.commands import run_plot
from reports.page.build import make_report
from reports.published.again import kept_runs
from reports.runs.reader import load
from reports.tuning.budget import BestSoFar, best_so_far, ranking, running_best, sensitivity, stable_from
from reports.tuning.plot import CUT, paint
from reports.tuning.told import tuning_of
from reports.tuning.trials import share, trials_in
from sweeps.records.errors import UserError
from tests.support import synthetic


def test_the_best_so_far_is_the_mean_over_all_orders_of_the_trials() -> None:
    figures = np.array([[0.5, 0.9, 0.7, 0.6]])
    exact = np.mean([np.maximum.accumulate(order) for order in permutations(figures[0])], axis=0)
    curve = best_so_far(running_best(figures), np.array([True]))
    assert curve.mean == pytest.approx(exact, abs=0.01)
    assert [curve.mean[-1], curve.low[-1], curve.high[-1]] == pytest.approx([0.9] * 3)
    assert (curve.low[0], curve.high[0]) == (0.5, 0.9)


def test_options_that_change_places_with_more_trials_are_told_from_where_on_they_stay() -> None:
    """a is good whatever is tried, b better at its best: after one trial a leads, after all of them b."""
    figures = np.array([[0.80, 0.81, 0.80, 0.81], [0.2, 0.2, 0.2, 0.9]])
    best = running_best(figures)
    curves = [best_so_far(best, np.arange(2) == place) for place in range(2)]
    assert (ranking(curves, 1), ranking(curves, 4)) == ([0, 1], [1, 0])
    assert stable_from(curves) == 4
    assert [sensitivity(figures, np.arange(2) == place, 0.01) for place in range(2)] == [1, 0.25]


def test_a_first_trial_far_behind_does_not_hide_the_differences_of_the_last() -> None:
    """Errors of 5 % and 2 % stand as far apart as those of 50 % and 20 %; bands do not push means aside."""
    far = BestSoFar(np.array([0.4, 0.95]), np.array([0.0, 0.95]), np.array([0.9, 0.95]))
    near = BestSoFar(np.array([0.5, 0.98]), np.array([0.1, 0.98]), np.array([0.9, 0.98]))
    (axes,) = paint("", "best validation accuracy", {"far": far, "near": near}).axes
    down, up = (
        axes.transAxes.inverted().transform(axes.transData.transform((2, y)))[1] for y in (0.95, 0.98)
    )
    assert up - down > 0.2
    assert axes.get_ylim()[0] < 0.4

    wild = BestSoFar(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([900.0, 1.0]))
    figure = paint("", "best score", {"wild": wild})
    (axes,) = figure.axes
    assert axes.get_ylim()[1] < 5
    assert any(CUT in text.get_text().replace("\n", " ") for text in figure.texts)


@pytest.mark.parametrize(
    ("given", "value", "expected"),
    [
        ({"log": [1e-4, 1]}, 1e-2, 0.5),
        ({"linear": [0, 2]}, 0.5, 0.25),
        ([0.3, 0.1, 0.2], 0.1, 0.0),
        ([0.3, 0.1, 0.2], 0.3, 1.0),
    ],
)
def test_where_a_value_lies_in_its_range(given: Any, value: float, expected: float) -> None:
    assert share(given, value) == pytest.approx(expected)


def test_options_without_an_order_have_no_edge() -> None:
    assert math.isnan(share(["relu", "gelu"], "relu"))


RATES = (0.0011, 0.03, 0.9)


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    """Two losses by two seeds at their best of three rates: mse at the largest, hinge at the middle one."""
    trials, evaluation, named = [], [], []
    for loss, best in (("mse", 0.9), ("hinge", 0.03)):
        for rate in RATES:
            one = synthetic.cell({"loss": loss, "optimizer.lr": rate, "seed": 1000}, 3)
            figure = 0.9 - abs(math.log10(rate / best)) / 100
            one.extra = {
                "final": {"test_accuracy": 0.99, "train_accuracy": 0.5, "validation_accuracy": figure}
            }
            trials.append(one)
        for seed in (0, 1):
            evaluation.append(synthetic.cell({"loss": loss, "optimizer.lr": best, "seed": seed}, 3))
            named.append([f"loss={loss}", f"seed={seed}"])
    settings = {"tune": {"optimizer.lr": {"log": [1e-3, 1]}}, "trials": 3, "sampler": "random", "rungs": None}
    settings |= {"judged_by": "final.validation_accuracy", "rung_key": None, "trial": {}}
    steps = [
        {"why": "trials", "kind": "trials", "cells": [one.cell_id for one in trials], "runs": 6},
        {"why": "evaluation", "kind": "", "cells": [one.cell_id for one in evaluation], "runs": 4},
    ]
    strategy = {"name": "tune", "settings": settings, "named": named, "steps": steps, "end": None}
    synthetic.write_plan(tmp_path, [*trials, *evaluation], strategy=strategy)
    for one in (*trials, *evaluation):
        synthetic.write_cell(tmp_path, one)
    return tmp_path


def test_trials_are_in_no_comparison_and_left_out_by_nobody(tuned: Path) -> None:
    results = load(tuned)
    assert len(results.runs) == 4
    assert results.unplanned == ()
    assert set(results.runs["seed"]) == {0, 1}
    assert results.runs["test_accuracy"].max() < 0.99


def test_trials_are_published_as_a_part_of_their_own(tuned: Path) -> None:
    frame = observe(load(tuned))
    assert frame["part"].value_counts().to_dict() == {"main": 4, "trials": 6}
    trials = frame[frame["part"] == "trials"]
    assert set(trials["seed"]) == {"1000"}
    assert set(trials["test_accuracy"]) == {0.99}
    kept = [(run.part, run.record.cell_id) for run in kept_runs(tuned, frame)]
    assert kept == [*zip(frame["part"], frame["cell_id"], strict=True)]


def test_what_was_chosen_is_told_with_what_lies_at_the_edge(tuned: Path) -> None:
    report = make_report(load(tuned), plots=False)
    rows = [[entry.text for entry in row] for row in report.tables["tuning"].rows]
    assert rows == [
        ["mse", "0.9", "0.9000", "optimizer.lr", "3", "0"],
        ["hinge", "0.03", "0.9000", "", "3", "0"],
    ]
    told = [finding.text for finding in report.findings if finding.kind == "tuning"]
    assert told[0].startswith(
        "3 trials of optimizer.lr for each of 2 combinations, judged by validation accuracy"
    )
    assert told[1] == "Chosen: mse optimizer.lr=0.9; hinge optimizer.lr=0.03."
    assert told[-1] == "1 of 2 chosen settings lie at the edge of their range: mse."


def test_the_end_of_a_sweep_says_what_was_chosen(tuned: Path) -> None:
    chosen = "Chosen: mse optimizer.lr=0.9; hinge optimizer.lr=0.03."
    ids = [*load(tuned).runs["cell_id"]]
    assert chosen in closing(tuned, ids)
    assert chosen in closing(tuned, ids[:1])


def test_a_trial_without_a_figure_counts_as_the_worst(tuned: Path) -> None:
    path = next(path for path in tuned.glob("*lr=0.0011*/report.json") if "mse" in path.parent.name)
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"status": "diverged", "final": {}}))
    tuning = tuning_of(trials_in(tuned))
    assert tuning is not None
    assert tuning.trials.judged.min() == pytest.approx(0.9 - math.log10(0.9 / 0.03) / 100)
    assert [row[-1].text for row in make_report(load(tuned), plots=False).tables["tuning"].rows] == ["1", "0"]


def test_the_plot_against_trials_is_drawn_and_what_it_cannot_show_is_refused(
    tuned: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "trials.png"
    assert run_plot([str(tuned), "--x", "trials", "--by", "loss", "--out", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    for words, told in (
        (["--y", "test_accuracy"], "y: must be left out"),
        (["--by", "x"], "by: there is no x"),
    ):
        with pytest.raises(UserError, match=told):
            run_plot([str(tuned), "--x", "trials", *words, "--out", str(picture)])


def test_a_sweep_that_tunes_nothing_has_no_trials(tmp_path: Path) -> None:
    synthetic.write_sweep(tmp_path, synthetic.grid({"loss": ["mse", "hinge"]}, epochs=3))
    assert trials_in(tmp_path) is None
    with pytest.raises(UserError, match="has no trials"):
        run_plot([str(tmp_path), "--x", "trials"])
