"""What a report says of how many runs are behind a figure, and of equal ones."""

import html
from pathlib import Path

import pytest

from reports.analysis.cells import summarise
from reports.analysis.sweep import analyse
from reports.claims.file import parse_claims
from reports.claims.judge import judge_claims
from reports.claims.looks import looks_of as claim_looks
from reports.claims.observations import observe
from reports.page.adapter import content_of
from reports.page.build import make_report
from reports.runs.reader import load
from tests.support import synthetic

AXES = {"loss": ["mse", "hinge"], "activation": ["relu", "gelu"]}


def test_a_mean_is_of_the_runs_that_ended(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(5))
    for one in cells:
        if one.config["seed"] == 4:
            one.status = "missing"
    answer = content_of(
        make_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False).analysis
    ).answer
    assert answer.best[0].note == "mean of 4 runs"


def test_diverged_runs_are_counted_within_the_part_that_is_told(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(5))
    for one in cells:
        if one.choices["loss"] == "mse" and one.choices["activation"] == "relu":
            one.status = "diverged"
    report = make_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False)
    told = [f.text for f in report.findings if f.factor == "activation" and f.metric == "test_accuracy"]
    text = html.unescape(" ".join(told))
    assert "relu 5 of 5" in text or "relu 5 of 10" in text
    assert "in all cells" not in text


def test_equal_runs_have_the_interval_of_rounding(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(2))
    results = load(synthetic.write_sweep(tmp_path, cells))
    results.runs["test_accuracy"] = 0.9
    results.runs["convergence"] = 3.0
    accuracy, epochs = summarise(results, "test_accuracy"), summarise(results, "convergence")
    assert epochs["half"].tolist() == pytest.approx([12.7062 / 12**0.5 / 2**0.5] * 4, rel=1e-4)
    assert accuracy["sd"].tolist() == [0.0] * 4
    assert accuracy["half"].tolist() == pytest.approx([12.7062 * 1e-4 / 12**0.5 / 2**0.5] * 4, rel=1e-4)


def test_levels_of_equal_runs_have_the_interval_of_rounding(tmp_path: Path) -> None:
    """That of two cells, each of whose five figures was rounded to a step."""
    cells = synthetic.grid(AXES, seeds=range(5))
    results = load(synthetic.write_sweep(tmp_path, cells))
    results.runs["test_accuracy"] = results.runs["activation"].map({"relu": 0.9, "gelu": 0.8}).astype(float)
    effects = analyse(results).effects
    by_name = {(each.factor, each.metric.name): each.levels for each in effects}
    levels = by_name["activation", "test_accuracy"]
    rounded = pytest.approx([2.77645 * 1e-4 / 24**0.5 / 5**0.5] * 2, rel=1e-4)
    assert list(levels) == ["relu", "gelu"]
    assert [interval.half for interval in levels.values()] == rounded
    claim = {"id": "X", "statement": "x", "factor": "activation", "metric": "test_accuracy"}
    claims = parse_claims([claim | {"order": "relu > gelu"}], "claims.yaml")
    (judgement,) = judge_claims(claims, observe(results), claim_looks(results))
    assert [interval.half for _, interval in judgement.outcomes[0].shown] == rounded


def test_a_message_that_differs_in_its_numbers_tells_their_range(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=[0])
    for step, one in enumerate(cells):
        one.status = "diverged"
        one.extra = {"diverged": {"what": "loss", "epoch": 1, "step": step}}
    results = load(synthetic.write_sweep(tmp_path, cells))
    results.runs["problem"] = [f"loss not finite in epoch 1, step {10 + k}" for k in range(4)]
    (told,) = content_of(make_report(results, plots=False).analysis).failures
    assert (told.message, told.count) == ("loss not finite in epoch 1, step 10–13", 4)
    results.runs["problem"] = "loss not finite in epoch 1, step 11"
    (told,) = content_of(make_report(results, plots=False).analysis).failures
    assert told.message == "loss not finite in epoch 1, step 11"
