"""What a sweep is about where classes are of uneven size: one rule, from the plan to the page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp.datasets import suspicions
from mlp.metrics import predicted
from mlp.training import EVALUATION_BATCH
from reports.closing import closing
from reports.page.adapter import content_of
from reports.page.build import make_report
from reports.runs import figures
from reports.runs.reader import load
from sweeps.job.components import Components, build
from sweeps.job.main import about
from tests.sweeps.test_own_data_sweeps import sweep

BALANCED, ACCURACY = "test_balanced_accuracy", "test_accuracy"
MNIST = {"_target_": "mlp.datasets.Sample"}


def write(path: Path, *sizes: int) -> dict[str, Any]:
    """Write a csv with so many examples of each class, half of them easy; return its configuration."""
    rng = np.random.default_rng(len(sizes))
    rows = [
        f"{place + rng.normal(0, 0.7):.3f},{rng.random():.3f},{name}"
        for place, (name, size) in enumerate(zip("abc", sizes, strict=False))
        for _ in range(size)
    ]
    path.write_text("\n".join(["x,z,label", *rows]) + "\n")
    return {"_target_": "mlp.datasets.File", "path": str(path), "test_share": 0.5, "split_seed": 0}


@pytest.mark.parametrize(
    ("sets", "metric"),
    [
        ([(60, 20)], BALANCED),
        ([(30, 20)], ACCURACY),  # 15 and 10 test examples: not more than 1.5 times as many
        ([(32, 20)], BALANCED),
        ([(30, 30), (60, 20)], BALANCED),
        ([(30, 30), (24, 24, 24)], ACCURACY),
        ([(60, 20), None], ACCURACY),  # whose runs do not tell what they get right of each class
        ([None], ACCURACY),
    ],
)
def test_one_uneven_data_set_is_enough_where_all_runs_tell_of_each_class(
    tmp_path: Path, sets: list[tuple[int, ...] | None], metric: str
) -> None:
    configs = [
        {"dataset": MNIST if sizes is None else write(tmp_path / f"{n}.csv", *sizes)}
        for n, sizes in enumerate(sets)
    ]
    held_out = f"final.{metric.replace('test', 'validation')}"
    assert about(configs, None) == {"metric": metric, "judged_by": held_out}
    assert about(configs, ACCURACY)["judged_by"] == "final.validation_accuracy"
    assert about(configs, BALANCED)["judged_by"] == "final.validation_balanced_accuracy"


def test_what_is_uneven_is_one_number(tmp_path: Path) -> None:
    assert suspicions.UNEVEN == figures.UNEVEN
    for sizes in ((30, 20), (32, 20), (20, 32, 40)):
        data = build("dataset", write(tmp_path / "some.csv", *sizes)).load()
        by_class = [[0, int(total)] for total in np.bincount(data.y_test)]
        assert suspicions.is_uneven(data) == figures.is_uneven(by_class)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a csv of uneven classes, and two sweeps of it, one of which names its metric."""
    folder = tmp_path_factory.mktemp("uneven")
    write(folder / "few.csv", 60, 12)
    common = (
        *("dataset.path=few.csv", "dataset.split_seed=0", "activation=relu,tanh", "seed=0,1,2"),
        "training.validation_size=20",
    )
    for arguments in (
        ("hydra.sweep.dir=fair",),
        ("hydra.sweep.dir=named", "hydra.sweeper.metric=test_accuracy", "hydra.sweeper.reuse=false"),
    ):
        done = sweep(folder, *common, *arguments)
        assert done.returncode == 0, done.stderr
        (folder / arguments[0].partition("=")[2] / "said").write_text(done.stdout)
    return folder


def records(root: Path) -> Iterator[dict[str, Any]]:
    yield from (json.loads(path.read_text()) for path in root.glob("*/report.json"))


def test_a_sweep_of_uneven_classes_is_about_balanced_accuracy_everywhere(folder: Path) -> None:
    root = folder / "fair"
    goal = {"name": BALANCED, "direction": "maximize"}
    assert json.loads((root / "sweep.json").read_text())["metric"] == goal
    shares: dict[str, list[float]] = {}
    for record in records(root):
        assert record["metric"] == goal
        recalls = [right / total for right, total in record["test_by_class"]]
        assert record["final"][BALANCED] == pytest.approx(sum(recalls) / 2)
        shares.setdefault(record["choices"]["activation"], []).append(sum(recalls) / 2)
        held_out = record["final"]["validation_balanced_accuracy"]
        assert 0 <= held_out <= 1
    report = make_report(load(root), plots=False)
    assert report.analysis.results.main.name == BALANCED
    assert report.rankings[0].metric.name == BALANCED
    assert not report.rankings[0].exploratory
    assert next(iter(report.rankings[0].shown.values())).means == pytest.approx(
        {name: np.mean(values) for name, values in shares.items()}
    )
    best = next(each for each in report.findings if each.kind == "best")
    assert (best.metric, best.chosen_by) == (BALANCED, "validation_balanced_accuracy")
    assert "of always naming the largest class 0.8571" in best.text  # 12 of 14 test examples
    told = list(closing(root, [record["cell_id"] for record in records(root)]))
    assert told[0] == best.text
    assert told[0] in (root / "said").read_text()
    content = content_of(report.analysis)
    assert content.sweep.metrics[0].name == BALANCED
    assert any("classes are of uneven size" in text for text in content.answer.sentences)
    assert report.tables["best_cells"].heads[1] == "Balanced validation accuracy"
    assert BALANCED in report.tables


def test_a_metric_that_is_named_stays_and_what_is_fair_stands_beside_it(folder: Path) -> None:
    root = folder / "named"
    assert json.loads((root / "sweep.json").read_text())["metric"]["name"] == ACCURACY
    report = make_report(load(root), plots=False)
    assert report.rankings[0].metric.name == ACCURACY
    best = next(each for each in report.findings if each.kind == "best")
    assert (best.metric, best.chosen_by) == (ACCURACY, "validation_accuracy")
    assert "balanced test accuracy" in best.text
    assert "of always naming the largest class 0.8571" in best.text


def test_held_out_examples_are_judged_class_by_class(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for path in (folder / "fair").glob("*/report.json"):
        record = json.loads(path.read_text())
        part = Components.of(record["config"])
        run = part.trainer(part.data())
        run.run()
        given = predicted(run.network, run.train, EVALUATION_BATCH)[run.validation_rows]
        true = run.train.y[run.validation_rows]
        recalls = [float((given[true == label] == label).mean()) for label in np.unique(true)]
        assert record["final"]["validation_balanced_accuracy"] == pytest.approx(np.mean(recalls))


def test_trials_on_uneven_classes_are_judged_by_what_is_fair(folder: Path) -> None:
    done = sweep(
        folder,
        *("dataset.path=few.csv", "optimizer.lr=interval(0.01,0.1)", "hydra.sweeper.trials=2", "seed=0"),
        *("hydra.sweeper.trial={training.validation_size:20}", "hydra.sweep.dir=tuned"),
    )
    assert done.returncode == 0, done.stderr
    strategy = json.loads((folder / "tuned" / "sweep.json").read_text())["strategy"]
    assert strategy["settings"]["judged_by"] == "final.validation_balanced_accuracy"


def test_a_loss_cannot_be_the_metric_without_a_direction(folder: Path) -> None:
    done = sweep(folder, "dataset.path=few.csv", "hydra.sweeper.metric=test_loss", "hydra.sweep.dir=never")
    assert done.returncode == 2
    assert "hydra.sweeper.direction = null: must be maximize or minimize" in done.stderr
    assert not (folder / "never").exists()


def test_a_sweep_without_a_name_is_about_what_all_have_who_share_its_directory(tmp_path: Path) -> None:
    write(tmp_path / "few.csv", 60, 12)
    root, uneven = tmp_path / "runs" / "adhoc", ("dataset.path=few.csv", "dataset.split_seed=0")
    named = (*uneven, f"hydra.sweeper.metric={BALANCED}")
    for arguments, metric in ((("dataset=sample",), ACCURACY), (uneven, ACCURACY), (named, BALANCED)):
        done = sweep(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        assert json.loads((root / "sweep.json").read_text())["metric"]["name"] == metric
        if metric == ACCURACY:  # which all runs have
            assert not load(root).problems
