"""Reports on own data: what is chosen by what, which splits seeds have, classes of uneven size."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.analysis.counting import counted
from reports.analysis.new_images import answers_by_cell, half_widths
from reports.analysis.sweep import analyse
from reports.exports.trackers.runs import tracked
from reports.findings.finding import as_json
from reports.findings.report import findings
from reports.images import images
from reports.page.adapter import content_of
from reports.page.build import make_report, write_report
from reports.runs.reader import load
from reports.runs.results import Results
from reports.runs.test_sets import test_set
from sweeps.records.errors import UserError
from tests.support import synthetic

EXAMPLES = 20
VALIDATION = {"relu": 0.91, "gelu": 0.95, "tanh": 0.90}
TEST = {"relu": 0.96, "gelu": 0.90, "tanh": 0.80}


def own(
    tmp_path: Path,
    *,
    held_out: bool = True,
    split: dict[str, Any] | None = None,
    classes: tuple[int, int] = (10, 10),
    extra: dict[str, float] | None = None,
    **settings: Any,
) -> Results:
    """A sweep of three activations, five seeds, in which validation and test say different things."""
    cells = synthetic.grid({"activation": list(TEST)}, seeds=range(5))
    for one in cells:
        name, jitter = one.choices["activation"], 0.001 * one.config["seed"]
        right = round(EXAMPLES * TEST[name])
        bits = np.arange(EXAMPLES) < right
        final = {
            "train_loss": 0.1,
            "train_accuracy": 0.99,
            "test_loss": 0.2,
            "test_accuracy": right / EXAMPLES,
        }
        if held_out:
            final |= {"validation_loss": 0.2, "validation_accuracy": VALIDATION[name] + jitter}
        one.extra = {
            "final": final | (extra or {}),
            "dataset": {"name": "apples.csv", "sha256": "a" * 64, "split": split, "labels": ["a", "b"]},
            "test_correct": base64.b64encode(np.packbits(bits).tobytes()).decode(),
            "test_by_class": [
                [min(right, classes[0]), classes[0]],
                [right - min(right, classes[0]), classes[1]],
            ],
        }
        one.config["training"] |= {"validation_size": 50 if held_out else 0}
        one.config["dataset"] = {"_target_": "mlp.datasets.File", "path": "apples.csv", **settings}
        one.choices["dataset"] = "file"
    return load(synthetic.write_sweep(tmp_path, cells))


def test_the_best_cell_is_chosen_by_held_out_examples_and_its_test_figure_told(tmp_path: Path) -> None:
    results = own(tmp_path)
    analysis = analyse(results)
    best = analysis.best[""]
    cell = int(best.cells[best.leaders[0]])
    assert results.cells.loc[cell, "activation"] == "gelu"
    assert best.use.metric.name == "validation_accuracy"
    (finding,) = json.loads(as_json([each for each in findings(analysis) if each.kind == "best"]))
    assert finding["chosen_by"] == "validation_accuracy"
    assert finding["metric"] == "test_accuracy"
    assert finding["text"].startswith("The highest validation accuracy, 0.9520")
    assert "it has test accuracy 0.9000 ± 0.0179" in finding["text"]
    answer = content_of(analysis).answer
    assert answer.best[0].figure == "90.00 %"
    assert answer.best[0].note.startswith("with the best validation acc")
    assert any("is chosen by validation accuracy, on held-out examples" in text for text in answer.sentences)


def test_without_held_out_examples_it_is_chosen_on_the_test_set_and_that_is_said(tmp_path: Path) -> None:
    analysis = analyse(own(tmp_path, held_out=False))
    (finding,) = json.loads(as_json([each for each in findings(analysis) if each.kind == "best"]))
    assert finding["chosen_by"] == finding["metric"] == "test_accuracy"
    assert "has activation relu" in finding["text"]
    page = write_report(analysis.results, plots=False).read_text()
    assert "chosen by test accuracy itself, for no examples were held out (training.validation_size)" in page


def test_one_run_without_held_out_figures_leaves_the_choice_to_the_test_set(tmp_path: Path) -> None:
    results = own(tmp_path)
    path = next(tmp_path.glob("*/report.json"))
    record = json.loads(path.read_text())
    del record["final"]["validation_accuracy"]
    path.write_text(json.dumps(record))
    assert analyse(results).best[""].use.metric.name == "validation_accuracy"
    assert analyse(load(tmp_path)).best[""].use.metric.name == "test_accuracy"


def test_validation_figures_are_in_every_table_frame_and_export(tmp_path: Path) -> None:
    report = make_report(load(own(tmp_path).directory), plots=False)
    results = report.analysis.results
    assert results.runs["validation_accuracy"].between(0.9, 0.96).all()
    assert {"validation_accuracy", "validation_loss"} <= set(report.tables)
    assert report.tables["best_cells"].heads[:3] == (
        "activation",
        "Validation accuracy",
        "Test accuracy, finished runs ± 95 %",
    )
    assert any(effect.metric.name == "validation_accuracy" for effect in report.rankings)
    assert "validation_accuracy" in {metric.name for metric in content_of(report.analysis).sweep.metrics}
    assert all({"validation_accuracy", "validation_loss"} <= run.figures.keys() for run in tracked(results))
    without = load(own(tmp_path / "without", held_out=False).directory)
    assert "validation_accuracy" not in without.metrics


SEED = {"test_share": 0.2, "seed": 3, "by": "seed"}
FIXED = {"test_share": 0.2, "seed": 3, "by": "split_seed"}


@pytest.mark.parametrize(
    ("split", "known", "told"),
    [
        (SEED, False, "Each seed has a split of its own into training and test examples"),
        (FIXED, True, "All seeds have one split into training and test examples (dataset.split_seed: 3)"),
        (None, True, ""),
    ],
)
def test_test_examples_are_followed_over_seeds_only_where_seeds_share_them(
    tmp_path: Path, split: dict[str, Any] | None, known: bool, told: str
) -> None:
    results = own(tmp_path, split=split)
    assert bool(answers_by_cell(results)) is known
    assert half_widths(results).notna().all() == known
    assert results.split.startswith(told)
    assert ("Bouthillier et al. 2021" in results.split) == bool(told)
    report = make_report(results, plots=False)
    table, content = report.tables["best_cells"], content_of(report.analysis)
    assert ("± for new images" in table.heads) is known
    for texts in (table.notes, content.answer.sentences, [text for _, text in content.about.facts]):
        assert any(told in text for text in texts) if told else not any("split_seed" in t for t in texts)


FAIR = {"test_balanced_accuracy": 0.7, "test_macro_f1": 0.68, "test_majority_accuracy": 0.85}


def test_uneven_classes_have_their_fair_figures_first(tmp_path: Path) -> None:
    report = make_report(own(tmp_path, classes=(17, 3), extra=FAIR, held_out=False), plots=False)
    names = list(dict.fromkeys(effect.metric.name for effect in report.rankings))
    assert names[:3] == ["test_balanced_accuracy", "test_macro_f1", "test_accuracy"]
    text = next(finding.text for finding in report.findings if finding.kind == "best")
    assert "balanced test accuracy 0.7000 ± 0.0000, macro F1 on the test set 0.6800" in text
    assert "test accuracy of always naming the largest class 0.8500" in text
    answer = content_of(report.analysis).answer
    (uneven,) = (text for text in answer.sentences if text.startswith("The classes are of uneven size."))
    assert "balanced test accuracy 70.00 ± 0.00 %, macro F1 on the test set 68.00 ± 0.00 %" in uneven
    assert "Balanced test accuracy" in report.tables["best_cells"].heads


def test_even_classes_have_accuracy_first_and_the_others_beside(tmp_path: Path) -> None:
    report = make_report(own(tmp_path, extra=FAIR, held_out=False), plots=False)
    assert report.rankings[0].metric.name == "test_accuracy"
    assert {"test_balanced_accuracy", "test_macro_f1", "test_majority_accuracy"} <= set(report.tables)
    assert "Balanced test accuracy" not in report.tables["best_cells"].heads


def test_a_diverged_run_counts_as_the_largest_class_but_not_above_a_run_that_finished(
    tmp_path: Path,
) -> None:
    even = analyse(own(tmp_path / "even", held_out=False)).best[""].use
    assert even.counting.diverged == pytest.approx(0.5)
    uneven = own(tmp_path / "uneven", extra=FAIR, classes=(17, 3), held_out=False)
    use = analyse(uneven).best[""].use
    assert test_set(uneven).chance == pytest.approx(0.85)
    assert uneven.done["test_accuracy"].min() == 0.8
    assert use.counting.diverged is None
    assert use.why == "0.8000, the worst figure of any finished run"
    assert use.examples == EXAMPLES


def test_a_diverged_run_counts_as_one_class_of_those_tested_in_balanced_accuracy(tmp_path: Path) -> None:
    """Of three classes one has no test example; what the best is chosen by has a worst of its own."""
    fair = FAIR | {"validation_balanced_accuracy": 0.45}
    own(tmp_path, extra=fair, classes=(17, 3), split=SEED)
    for number, path in enumerate(sorted(tmp_path.glob("*/report.json"))):
        record = json.loads(path.read_text())
        record["metric"] = {"name": "test_balanced_accuracy", "direction": "maximize"}
        record["test_by_class"].append([0, 0])
        record["final"]["test_balanced_accuracy"] += 0.01 * number
        if number in (0, 1):
            record |= {"status": "diverged", "final": {}, "diverged": {"what": "loss", "epoch": 1}}
        path.write_text(json.dumps(record))
    plan = tmp_path / "sweep.json"
    if plan.is_file():
        planned = json.loads(plan.read_text())
        planned["metric"] = {"name": "test_balanced_accuracy", "direction": "maximize"}
        plan.write_text(json.dumps(planned))
    results = load(tmp_path)
    assert test_set(results).classes == 2
    use = counted(results, "test_balanced_accuracy")
    assert (use.counting.diverged, use.why[:6]) == (0.5, "0.5000")
    analysis = analyse(results)
    assert analysis.best[""].use.why == "0.4500, the worst figure of any finished run"
    (share,) = (finding.text for finding in findings(analysis) if finding.kind == "variance")
    assert "balanced test accuracy, corrected for noise, a diverged run counted as 0.5000, the bal" in share


def test_a_scale_is_a_factor_and_a_path_is_not(tmp_path: Path) -> None:
    cells = []
    for seed in range(3):
        for scale in ("none", "standard"):
            one = synthetic.cell({"activation": "relu", "seed": seed})
            dataset = {"_target_": "mlp.datasets.File", "path": f"{seed}.csv", "scale": scale}
            one.config["dataset"], one.choices["dataset"] = dataset, "file"
            one.extra = {"dataset": {"name": "a.csv", "sha256": "a" * 64}}
            one.cell_id = f"{seed}{'0' if scale == 'none' else '1'}{one.cell_id[2:]}"
            one.values["dataset.scale"] = scale
            one.name = f"a-{one.cell_id}"
            cells.append(one)
    results = load(synthetic.write_sweep(tmp_path, cells))
    assert results.names == ["scale"]
    assert not results.repeated
    assert len(results.runs) == 6


def test_images_are_not_told_of_where_seeds_have_other_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no image that all of its runs were tested on"):
        images(own(tmp_path, split=SEED), ["relu"])
    told = images(own(tmp_path / "fixed", split=FIXED), ["relu"])
    assert "5 seeds, 20 images" in told
    assert "| a | 10 | 1.0000 |" in told
