"""Applications that know nothing of us: what they return is ranked by their own metric, in their words."""

import csv
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.compare import compare
from reports.on_demand import plot_of, table_of
from reports.runs.query import where
from reports.runs.reader import load
from reports.sources.judged import judged
from sweeps.records.errors import UserError
from tests.support.browser import READY, browser, find_chromium

ROOT = Path(__file__).parents[2]
APPLICATIONS = ROOT / "tests" / "support" / "applications"
OURS = re.compile(r"accurac|epoch|network|test image|test set|training|neural|chance", re.IGNORECASE)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}


def sweep(folder: Path, name: str, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, str(APPLICATIONS / f"{name}.py"), *arguments]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def report(folder: Path, *arguments: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "reports", *arguments]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the sweeps of the three applications, each with its report."""
    folder = tmp_path_factory.mktemp("applications")
    for name in ("classifier", "regression", "objective"):
        sweep(folder, name)
        report(folder, f"runs/{name}", *(["--no-plots"] if name == "classifier" else []))
    return folder


def records(root: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(root.glob("*/report.json")):
        if path.parent.name != "report":
            yield json.loads(path.read_text())


def mean(root: Path, figure: str, **settings: Any) -> float:
    """The mean of a figure over the runs with these settings, from their records alone."""
    found = [
        record["final"][figure]
        for record in records(root)
        if all(record["config"][key] == value for key, value in settings.items())
    ]
    return statistics.fmean(found)


def findings(root: Path, **wanted: str) -> list[dict[str, Any]]:
    every = json.loads((root / "report" / "findings.json").read_text())
    return [each for each in every if all(each[key] == value for key, value in wanted.items())]


def all_text(root: Path) -> str:
    """Everything that the report says: findings, tables, and the page without its script and style."""
    files = [root / "report" / "findings.json", *(root / "report" / "tables").iterdir()]
    page = (root / "report" / "index.html").read_text()
    page = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    return "\n".join([*(path.read_text() for path in files), re.sub(r"<[^>]*>", " ", page)])


def table(root: Path, name: str) -> list[dict[str, str]]:
    with (root / "report" / "tables" / f"{name}.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_plan_and_records_say_what_the_sweep_is_about(swept: Path) -> None:
    rmse = {"name": "rmse", "direction": "minimize"}
    assert json.loads((swept / "runs/regression/sweep.json").read_text())["metric"] == rmse
    assert all(record["metric"] == rmse for record in records(swept / "runs/regression"))
    assert all(set(record["final"]) == {"value"} for record in records(swept / "runs/objective"))
    record = next(records(swept / "runs/classifier"))
    assert record["metric"] == {"name": "accuracy", "direction": "maximize"}
    assert set(record["final"]) == {"accuracy", "fit_s"}
    assert record["timing"]["total_wall_s"] > 0
    assert record["history_csv"] is None


def test_the_largest_is_best_where_it_is_to_be_maximised(swept: Path) -> None:
    root = swept / "runs/classifier"
    means = {k: mean(root, "accuracy", neighbours=k) for k in (1, 5, 40)}
    top = max(means, key=lambda k: means[k])
    [best] = findings(root, kind="best")
    assert best["metric"] == "accuracy"
    assert best["text"].startswith(f"The highest accuracy, {means[top]:.4f}")
    assert f"has neighbours {top};" in best["text"]
    [effect] = findings(root, kind="effect", metric="accuracy")
    for pair in effect["pairs"]:
        first, second = means[int(pair["first"])], means[int(pair["second"])]
        assert pair["estimate"] == pytest.approx(first - second)
        assert first >= second
    [cost] = findings(root, kind="effect", metric="fit_s")
    seconds = {k: mean(root, "fit_s", neighbours=k) for k in (1, 5, 40)}
    assert all(seconds[int(p["first"])] <= seconds[int(p["second"])] for p in cost["pairs"])
    assert "(exploratory)" in cost["text"]


def test_the_smallest_is_best_where_it_is_to_be_minimised(swept: Path) -> None:
    root = swept / "runs/regression"
    cells = {(s, p): mean(root, "rmse", step=s, penalty=p) for s in (0.1, 0.3) for p in (0, 0.1, 1)}
    (step, penalty), least = min(cells.items(), key=lambda item: item[1])
    [best] = findings(root, kind="best")
    assert best["text"].startswith(f"The lowest rmse, {least:.3f}")
    assert f"has step {step:g}, penalty {penalty:g};" in best["text"]
    [effect] = findings(root, kind="effect", metric="rmse", factor="penalty")
    means = {p: statistics.fmean(v for (_, q), v in cells.items() if q == p) for p in (0, 0.1, 1)}
    pairs = {(p["first"], p["second"]): p for p in effect["pairs"]}
    assert set(pairs) == {("0", "0.1"), ("0", "1"), ("0.1", "1")}, "the smaller one stands first"
    for (first, second), pair in pairs.items():
        assert pair["estimate"] == pytest.approx(means[float(first)] - means[float(second)])
        assert pair["low"] < pair["high"] < 0
        assert pair["relation"] == ">"
    assert effect["margin"] == pytest.approx(0.1 * means[0]), "a tenth of the best level's value"
    [row] = [row for row in table(root, "rankings") if row["factor"] == "penalty"]
    assert row["a > b means that a"] == "has the lower rmse"
    marked = [row for row in table(root, "best_cells") if row["standing"] == "best mean"]
    assert [(row["step"], row["penalty"]) for row in marked] == [(f"{step:g}", f"{penalty:g}")]


def test_a_single_number_is_the_figure_called_value(swept: Path) -> None:
    root = swept / "runs/objective"
    [best] = findings(root, kind="best")
    assert best["text"] == "The lowest value, 1e-06, has x 2, config.name up."
    assert findings(root, kind="evidence")[0]["text"].startswith("1 seed: nothing is tested")
    [effect] = findings(root, kind="effect", factor="config.name")
    assert [p["estimate"] for p in effect["pairs"]] == [pytest.approx(-4e-6)]
    assert "seed=" not in all_text(root), "it has no seed that a command could add"


@pytest.mark.parametrize("name", ["classifier", "regression", "objective"])
def test_the_report_has_no_word_of_networks(swept: Path, name: str) -> None:
    text = all_text(swept / "runs" / name)
    if name == "classifier":
        text = re.sub(r"\baccuracy\b", "", text)  # what it calls its figure
    assert not OURS.findall(text)
    columns = set(table(swept / "runs" / name, "runs")[0])
    assert not columns & {"parameters", "gap", "convergence", "best_epoch", "final_epoch", "lr_now"}
    names = [path.stem for path in (swept / "runs" / name / "report").glob("plots/*")]
    assert not [each for each in names if OURS.search(each)]


def test_curves_have_the_columns_that_the_application_gave_them(swept: Path) -> None:
    results = load(swept / "runs/regression")
    assert results.step == "iteration"
    assert results.curve_columns == ["rmse", "step size"]
    last = results.history.groupby("cell_id", observed=True).last()
    for record in records(swept / "runs/regression"):
        assert last.loc[record["cell_id"], "rmse"] == record["final"]["rmse"]
        assert last.loc[record["cell_id"], "epoch"] == 400
    report(swept, "export", "runs/regression", "--to", "csv")
    with (swept / "runs/regression/export/history.csv").open(encoding="utf-8-sig") as file:
        assert next(csv.reader(file)) == ["cell_id", "iteration", "rmse", "step size"]
    shutil.rmtree(swept / "runs/regression/export")
    drawing = plot_of(results, "iteration", "rmse", "step").arguments[0]
    assert (drawing.x, drawing.y, len(drawing.lines)) == ("iteration", "rmse", 2)
    assert len(drawing.lines[0].x) == 40


def test_failures_and_what_is_not_finite_are_runs(swept: Path, tmp_path: Path) -> None:
    shutil.copytree(swept / "runs", tmp_path / "runs")
    out = sweep(tmp_path, "regression", "step=0.1,0.3,9", "penalty=0,1,-1", code=1)
    assert "27 cells: 12 done, 9 failed, 6 diverged (12 kept" in out
    root = tmp_path / "runs/regression"
    lost = [record for record in records(root) if record["config"]["step"] == 9 and "final" in record]
    assert [record["final"]["rmse"] for record in lost] == [None] * 6
    assert all("final.rmse" in record["nonfinite"] for record in lost)
    report(tmp_path, "runs/regression", "--no-plots", code=1)
    [effect] = findings(root, kind="effect", metric="rmse", factor="step")
    worst = max(
        r["final"]["rmse"] for r in records(root) if r["status"] == "done" and r["config"]["penalty"] != 0.1
    )
    [pair] = [p for p in effect["pairs"] if {p["first"], p["second"]} == {"0.1", "9"}]
    kept = statistics.fmean(mean(root, "rmse", step=0.1, penalty=p) for p in (0, 1))
    assert pair["first"] == "0.1"
    assert pair["estimate"] == pytest.approx(kept - worst)
    assert "each counts as the worst figure of any finished run" in effect["text"]
    assert findings(root, kind="failure")[0]["text"].startswith("9 of 27 runs failed")
    assert not OURS.findall(all_text(root))


def test_claims_are_about_its_metric(swept: Path, tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(
        "claims:\n"
        "- {id: A, statement: less is better, factor: penalty, metric: rmse, order: '0 > 0.1 > 1'}\n"
        "- {id: B, statement: more is better, factor: penalty, metric: rmse, order: '1 > 0'}\n"
        "- {id: C, statement: steps are alike, factor: step, metric: rmse, equivalent: all}\n"
    )
    found = judged(load(swept / "runs/regression"), file)
    assert found
    assert [j.verdict for j in found.claims] == ["holds", "refuted", "holds"]
    file.write_text("claims:\n- {id: A, statement: x, factor: step, metric: test_accuracy, order: '1 > 2'}\n")
    with pytest.raises(UserError, match=r"metric = test_accuracy: must be one of rmse, largest weight"):
        judged(load(swept / "runs/regression"), file)


def test_tables_queries_and_comparisons_know_its_figures(swept: Path) -> None:
    results = load(swept / "runs/regression")
    made = table_of(results)
    assert made.name == "rmse"
    assert table_of(results, "largest weight").name == "largest weight"
    few = where(results, "rmse<10")
    assert set(few.settings["penalty"]) == {0}
    told = compare(results, results)
    assert "Largest differences in rmse" in told
    assert not OURS.findall(told)
    with pytest.raises(UserError, match="its runs have no rmse"):
        compare(results, load(swept / "runs/objective"))


def test_a_metric_that_runs_lack_is_named_and_nothing_is_lost(swept: Path, tmp_path: Path) -> None:
    shutil.copytree(swept / "runs", tmp_path / "runs")
    out = sweep(tmp_path, "regression", "hydra.sweeper.metric=mae", "hydra.sweeper.direction=minimize")
    assert "18 kept" in out
    assert "18 results without mae, which hydra.sweeper.metric names" in out
    out = report(tmp_path, "runs/regression", "--no-plots", code=1)
    assert "is done but has no final.mae; it has rmse, largest weight" in out
    sweep(tmp_path, "regression")
    assert "lowest rmse" in report(tmp_path, "runs/regression", "--no-plots") or findings(
        tmp_path / "runs/regression", kind="best", metric="rmse"
    )


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (["hydra.sweeper.direction=up"], "direction = up: must be maximize or minimize, or null"),
        (["hydra.sweeper.metric=''"], "metric = : must be the name of a figure"),
        (
            ["hydra.sweeper.metric=test_loss", "hydra.sweeper.direction=null"],
            "must be maximize or minimize for",
        ),
    ],
)
def test_a_metric_must_say_what_is_better(tmp_path: Path, setting: list[str], told: str) -> None:
    assert told in sweep(tmp_path, "regression", *setting, code=2)
    assert not (tmp_path / "runs").exists()


@pytest.mark.page
@pytest.mark.skipif(find_chromium() is None, reason="needs Chromium")
def test_the_page_in_a_browser_is_about_its_metric(swept: Path) -> None:
    with browser(str(find_chromium())) as page:
        page.open((swept / "runs/regression/report/index.html").as_uri())
        page.run(READY)
        text = page.run("document.body.innerText")
        metrics = page.run("[...document.querySelectorAll('select option')].map(o => o.textContent)")
    assert not OURS.findall(text)
    assert "rmse" in text
    assert "iteration" in str(metrics) + text
    assert {"rmse", "largest weight"} <= set(metrics)


def test_a_curve_is_not_asked_of_an_application_without_one(swept: Path) -> None:
    with pytest.raises(UserError, match=r"^x: epoch needs a learning curve, and no run has a history\.csv$"):
        plot_of(load(swept / "runs" / "objective"), "epoch", "value")


def test_its_bundle_says_how_it_is_verified(swept: Path, tmp_path: Path) -> None:
    report(swept, "bundle", "runs/regression", "--to", str(tmp_path / "it.zip"))
    with zipfile.ZipFile(tmp_path / "it.zip") as archive:
        (readme,) = (name for name in archive.namelist() if name.endswith("README.md"))
        text = archive.read(readme).decode()
    assert "mlp-verify . --cells 5 --application 'python regression.py' # trains five" in text
    assert "unknown" not in text
