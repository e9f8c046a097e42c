import errno
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reports.__main__ import main as reports
from reports.runs.reader import load
from reports.runs.results import FINAL
from reports.tables.grids import grid_tables
from sweeps.records.errors import UserError
from sweeps.records.history import description
from sweeps.status import main as show_status
from tests.support import synthetic

SMALL: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "model.hidden": [[128], [256, 64]],
}


def test_every_planned_cell_has_a_row_and_its_factors_in_the_plans_order(tmp_path: Path) -> None:
    results = load(synthetic.write_sweep(tmp_path, synthetic.grid(SMALL, seeds=(0, 1))))
    assert results.names == ["activation", "loss", "hidden"]
    assert [f.levels for f in results.factors] == [("relu", "gelu"), ("mse", "hinge"), ("128", "256-64")]
    assert len(results.runs) == 16
    assert results.runs["cell"].nunique() == 8
    assert set(results.runs["status"]) == {"done"}


def test_figures_are_those_of_the_records(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    row = load(synthetic.write_sweep(tmp_path, cells)).runs.iloc[3]
    report = json.loads((tmp_path / cells[3].name / "report.json").read_text())
    assert row["test_accuracy"] == report["final"]["test_accuracy"]
    assert row["gap"] == pytest.approx(report["final"]["train_accuracy"] - report["final"]["test_accuracy"])
    assert row["epoch_cpu_s"] == report["timing"]["epoch_cpu_s_median"]


def test_convergence_is_the_first_epoch_at_99_percent_of_the_last(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    results = load(synthetic.write_sweep(tmp_path, cells))
    for one, run in zip(cells, results.runs.itertuples(), strict=True):
        curve = synthetic.learning_curve(one)
        assert run.convergence == 1 + int(np.argmax(curve[:, 4] >= 0.99 * curve[-1, 4]))
        drop = curve[0, 1] - curve[:, 1]
        assert run.convergence_loss == 1 + int(np.argmax(drop >= 0.95 * drop[-1]))


def test_time_to_target_counts_epochs_and_seconds(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    results = load(synthetic.write_sweep(tmp_path, cells), target=0.96)
    curve, run = synthetic.learning_curve(cells[0]), results.runs.iloc[0]
    epoch = 1 + int(np.argmax(curve[:, 4] >= 0.96))
    assert run["epochs_to_target"] == epoch
    assert run["seconds_to_target"] == pytest.approx(curve[:epoch, 6].sum())


def test_states_are_told_apart_and_only_done_runs_have_figures(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    for one, status in zip(cells, ["diverged", "failed", "running", "interrupted", "missing"], strict=False):
        one.status = status
    runs = load(synthetic.write_sweep(tmp_path, cells)).runs
    assert runs["status"].tolist()[:5] == ["diverged", "failed", "lost", "interrupted", "missing"]
    assert runs["test_accuracy"].isna().tolist() == [True] * 5 + [False] * 3
    assert runs["problem"][0] == "loss not finite in epoch 3, step 1800"
    assert runs["problem"][1] == "MemoryError: no <memory> left"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 99}', "\x00\xff"])
def test_a_damaged_record_is_named_and_the_rest_reported(tmp_path: Path, content: str) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    (tmp_path / cells[2].name / "report.json").write_text(content)
    results = load(tmp_path)
    assert results.runs["status"].tolist()[2] == "damaged"
    assert (results.runs["status"] == "done").sum() == 7
    assert [str(p.path.parent.name) for p in results.problems] == [cells[2].name]


@pytest.mark.parametrize(("name", "value"), [("test_accuracy", 93.2), ("train_accuracy", -0.1)])
def test_an_accuracy_that_is_no_share_is_named_and_enters_no_mean(
    tmp_path: Path, name: str, value: float
) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    path = tmp_path / cells[2].name / "report.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"final": record["final"] | {name: value}}))
    results = load(tmp_path)
    assert [problem.reason for problem in results.problems] == [
        f"has a final.{name} of {value}, not in [0, 1]"
    ]
    assert results.runs["status"].tolist()[2] == "damaged"
    assert results.done["test_accuracy"].between(0, 1).all()
    assert len(results.done) == 7


def test_seconds_below_zero_are_named_and_enter_no_mean(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    path = tmp_path / cells[2].name / "report.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"timing": record["timing"] | {"epoch_cpu_s_median": -0.5}}))
    results = load(tmp_path)
    assert [problem.reason for problem in results.problems] == [
        "has a timing.epoch_cpu_s_median of -0.5, below 0"
    ]
    assert (results.done["epoch_cpu_s"] >= 0).all()
    assert len(results.done) == 7


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (synthetic.HEADER, "epoch,train_loss", "has no column train_accuracy"),
        ("\n2,", "\ntwo,", "that is not 9 numbers"),
        ("\n2,", "\n7,", "does not count its epochs"),
    ],
)
def test_a_damaged_history_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    path = tmp_path / cells[0].name / "history.csv"
    path.write_text(path.read_text().replace(old, new))
    results = load(tmp_path)
    assert results.runs["status"][0] == "damaged"
    assert reason in str(results.problems[0])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("test_accuracy", "7", "has test_accuracy 7 in epoch 2, not from 0 to 1"),
        ("train_accuracy", "-0.1", "has train_accuracy -0.1 in epoch 2, not from 0 to 1"),
        ("epoch_cpu_s", "-5", "has epoch_cpu_s -5 in epoch 2, not seconds of 0 or more"),
        ("epoch_wall_s", "inf", "has epoch_wall_s inf in epoch 2, not seconds of 0 or more"),
        ("test_accuracy", "nan", ""),
        ("train_loss", "1e300", ""),
        ("lr", "0,test_accuracy", "has the column test_accuracy twice"),
    ],
)
def test_figures_that_cannot_be_are_not_read_from_a_history_of_the_right_hash(
    column: str, value: str, reason: str, tmp_path: Path
) -> None:
    """An accuracy of 7 was the best test accuracy of its run, and of the sweep."""
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    folder = tmp_path / cells[0].name
    header, first, second, *others = (folder / "history.csv").read_text().split("\n")
    if "," in value:
        lines = [
            line and f"{line},{'test_accuracy' if line == header else 0}"
            for line in (header, first, second, *others)
        ]
    else:
        row = second.split(",")
        row[header.split(",").index(column)] = value
        lines = [header, first, ",".join(row), *others]
    (folder / "history.csv").write_text("\n".join(lines))
    record = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps(record | {"history_csv": description(folder)}))
    results = load(tmp_path)
    assert results.runs["best_test_accuracy"].dropna().between(0, 1).all()
    assert [problem.reason for problem in results.problems] == (
        [f"{reason}; the run has no learning curve"] if reason else []
    )
    assert results.runs["status"][0] == "done"


@pytest.mark.parametrize(
    "boundary",
    [
        {"x": [0.0, 1.0], "y": [0.0, 1.0]},
        {"x": [0.0], "y": [0.0], "label": [[0]]},
        {"x": [0.0, 1.0], "y": [0.0, 1.0], "label": [[0, 1]]},
        {"x": [0.0, 1.0], "y": [0.0, 1.0], "label": [[0, 1], [1, "a"]]},
        {"x": [0.0, None], "y": [0.0, 1.0], "label": [[0, 1], [1, 0]]},
        {"x": "a", "y": 1, "label": [[0, 1], [1]]},
    ],
)
def test_a_boundary_that_is_none_is_named_and_not_drawn(tmp_path: Path, boundary: dict[str, object]) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]})
    cells[0].extra = {"boundary": boundary}
    cells[1].extra = {"boundary": {"x": [0.0, 1.0], "y": [0.0, 1.0, 2.0], "label": [[0, 1]] * 3}}
    results = load(synthetic.write_sweep(tmp_path, cells))
    assert [problem.path.parent.name for problem in results.problems] == [cells[0].name]
    assert list(results.boundaries) == [cells[1].cell_id]
    assert len(results.done) == 2


def test_what_may_not_be_read_is_named_and_the_rest_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    shut = {tmp_path / cells[1].name / "report.json", tmp_path / cells[0].name / "history.csv"}
    read_bytes = Path.read_bytes

    def may_read(path: Path) -> bytes:
        if path in shut:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", may_read)
    results = load(tmp_path)
    assert {problem.path for problem in results.problems} == shut
    assert all("cannot be read: Permission denied" in problem.reason for problem in results.problems)
    assert results.runs["status"].tolist() == ["damaged", "damaged", *["done"] * 6]
    shut = {tmp_path / "sweep.json"}
    with pytest.raises(UserError, match=r"cannot read .*sweep\.json: Permission denied"):
        load(tmp_path)


def test_the_torn_last_line_of_a_running_history_is_ignored(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    cells[0].status = "interrupted"
    synthetic.write_sweep(tmp_path, cells)
    with (tmp_path / cells[0].name / "history.csv").open("a") as file:
        file.write("4,0.1,0.9")
    results = load(tmp_path)
    assert not results.problems
    assert results.runs["epochs"][0] == 3


def test_cells_outside_the_plan_are_named_but_not_taken_in_unless_asked(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    synthetic.write_plan(tmp_path, cells[:6])
    assert set(load(tmp_path).unplanned) == {cell.name for cell in cells[6:]}
    assert len(load(tmp_path).runs) == 6
    everything = load(tmp_path, unplanned=True)
    assert (len(everything.runs), everything.unplanned) == (8, ())


def test_cells_that_differ_in_a_setting_nobody_swept_are_never_averaged(tmp_path: Path) -> None:
    long, short = synthetic.grid(SMALL, epochs=10), synthetic.grid(SMALL, epochs=5)
    synthetic.write_sweep(tmp_path, long)
    for one in short:
        synthetic.write_cell(tmp_path, one)
    results = load(tmp_path, unplanned=True)
    assert results.names == ["activation", "loss", "hidden", "training.epochs"]
    assert results.runs["cell"].nunique() == 16


def test_without_a_plan_every_setting_that_varies_is_a_factor(tmp_path: Path) -> None:
    for one in synthetic.grid(SMALL):
        synthetic.write_cell(tmp_path, one)
    assert set(load(tmp_path).names) == {"activation", "loss", "hidden"}


def test_an_option_of_one_choice_makes_variants_of_that_choice(tmp_path: Path) -> None:
    margins = [synthetic.cell({"loss": "hinge", "loss.margin": m, "seed": 0}) for m in (1.0, 5.0)]
    cells = [*margins, synthetic.cell({"loss": "mse", "seed": 0})]
    for one in cells:
        one.values["activation"] = "relu"
    results = load(synthetic.write_sweep(tmp_path, cells))
    assert results.factor("loss").levels == ("hinge, margin 1", "hinge, margin 5", "mse")
    hinge = results.where(loss="hinge")
    assert hinge.names == ["margin"]
    assert hinge.factor("margin").numeric


def test_a_setting_that_others_determine_is_no_factor(tmp_path: Path) -> None:
    rates = {"relu": 0.1, "gelu": 0.01}
    cells = [
        synthetic.cell({"activation": activation, "loss": loss, "optimizer.lr": rates[activation], "seed": 0})
        for activation in rates
        for loss in ("mse", "hinge")
    ]
    results = load(synthetic.write_sweep(tmp_path, cells))
    assert results.names == ["activation", "loss"]
    assert [factor.along for factor in results.factors] == [("optimizer.lr",), ()]


def test_mistakes_of_the_user_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such directory"):
        load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file: is no directory; a report needs"):
        load(tmp_path / "file")
    with pytest.raises(UserError, match="no run records"):
        load(tmp_path)


COMMANDS: dict[str, Callable[[Path, Path], int]] = {
    "status": lambda root, _: show_status([str(root)]),
    "report": lambda root, _: reports([str(root), "--no-plots"]),
    "compare": lambda root, whole: reports(["compare", str(whole), str(root)]),
    "export": lambda root, _: reports(["export", str(root), "--to", "csv"]),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: '{"cells": 3}', "is damaged: it has NoneType as base, not dict; run the sweep again"),
        (lambda text: text[: len(text) // 2], "is damaged: it is truncated or no JSON: "),
        (
            lambda text: text.replace('"schema": 1', '"schema": 2'),
            "has schema 2, not 1: another version ",
        ),
        (
            lambda text: text.replace('"schema": 1', '"schema": 1.0'),
            "has schema 1.0, not 1: another version ",
        ),
        (
            lambda text: text.replace('"schema": 1', '"cells": [], "schema": 1'),
            "is damaged: it is truncated or no JSON: cells is there twice; run the sweep again",
        ),
    ],
)
def test_every_command_gives_the_same_answer_on_a_plan_that_cannot_be_believed(
    tmp_path: Path,
    change: Callable[[str], str],
    message: str,
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, root = (synthetic.write_sweep(tmp_path / name, synthetic.grid(SMALL)) for name in ("a", "b"))
    plan = root / "sweep.json"
    plan.write_text(change(plan.read_text()))
    before = sorted(root.rglob("*"))
    assert COMMANDS[command](root, whole) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"error: {plan} {message}")
    assert sorted(root.rglob("*")) == before


def test_what_cannot_change_a_result_is_no_factor_and_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "optimizer.momentum": [0.9, 0.5]})
    for cell, kept in zip(cells, ("none", "none", "none", "last"), strict=True):
        cell.config["training"]["save_weights"] = kept
    synthetic.write_sweep(tmp_path, cells)
    before = load(tmp_path)
    assert "training.save_weights" in before.settings
    synthetic.write_plan(tmp_path, cells, ignore=["training.save_weights"])
    assert "training.save_weights" not in load(tmp_path).settings
    assert load(tmp_path).names == ["activation", "momentum"]
    planned = synthetic.grid({"activation": ["relu", "gelu"], "optimizer.lr": [0.5]})
    for cell in planned:
        cell.config["training"]["save_weights"] = "best"
    synthetic.write_plan(tmp_path, planned, ignore=["training.save_weights"])
    line = "2 runs here differ only in optimizer.lr: 0.01 → 0.5"
    assert line in load(tmp_path).near_misses
    show_status([str(tmp_path)])
    assert f"  {line}\n" in capsys.readouterr().out


def test_a_planned_sweep_without_any_record_is_all_missing(tmp_path: Path) -> None:
    synthetic.write_plan(tmp_path, synthetic.grid(SMALL))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(load(tmp_path).runs["status"]) == {"missing"}


def with_held_out(root: Path, *, patience: int | None, first_version: bool) -> tuple[Path, pd.DataFrame]:
    """A run whose best validation accuracy is in epoch 4, its best test accuracy in epoch 7, of ten."""
    (one,) = synthetic.grid({"activation": ["relu"]})
    one.config["training"] |= {"validation_size": 100, "patience": patience, "epochs": 10}
    synthetic.write_sweep(root, [one])
    folder = root / one.name
    curve = pd.read_csv(folder / "history.csv")
    curve["test_accuracy"] = [0.50, 0.60, 0.70, 0.80, 0.81, 0.82, 0.90, 0.85, 0.84, 0.83]
    curve["validation_accuracy"] = [0.5, 0.6, 0.7, 0.9, *[0.8] * 6]
    curve["validation_loss"] = 1.0
    curve["train_loss"] = [1.0, 0.6, 0.52, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.01]
    if patience:
        curve = curve[: 4 + patience]
    curve.to_csv(folder / "history.csv", index=False)
    record = json.loads((folder / "report.json").read_text())
    epochs = [curve.iloc[number - 1].to_dict() for number in (4, 7)]
    record["best"] = epochs[0] | {"epoch": 4}
    record["final"] = {name: (epochs[0] if patience else curve.iloc[-1])[name] for name in FINAL}
    if not first_version:
        more = {"best_by": "validation_accuracy", "best_by_test": epochs[1] | {"epoch": 7}}
        record |= more | {"final_epoch": 4 if patience else 10, "history_csv": description(folder)}
    (folder / "report.json").write_text(json.dumps(record))
    return root, load(root).runs


@pytest.mark.parametrize("first_version", [True, False])
def test_the_best_epochs_by_test_and_by_validation_are_told_apart(
    tmp_path: Path, first_version: bool
) -> None:
    root, runs = with_held_out(tmp_path, patience=None, first_version=first_version)
    columns = ["best_epoch", "best_test_accuracy", "selected_epoch", "selected_test_accuracy"]
    assert runs[columns].iloc[0].tolist() == [7, 0.90, 4, 0.80]
    tables = {table.name: table for table in grid_tables(load(root))}
    assert tables["best_test_accuracy"].title == "Best test accuracy of any epoch"
    selected = "Test accuracy of the epoch with the best validation accuracy"
    assert tables["selected_test_accuracy"].title == selected
    assert runs["convergence"].tolist() == [7.0]  # 99 % of .83, the last


@pytest.mark.parametrize("first_version", [True, False])
def test_with_patience_convergence_is_that_of_the_network_that_was_restored(
    tmp_path: Path, first_version: bool
) -> None:
    _, runs = with_held_out(tmp_path, patience=4, first_version=first_version)
    assert runs["test_accuracy"].tolist() == [0.80]
    assert runs["convergence"].tolist() == [4.0]  # 99 % of .80, the restored one; of .85, the last, it was 7
    assert runs["convergence_loss"].tolist() == [3.0]  # 95 % of the drop to .5
    assert runs["epochs_to_target"].tolist() == [4.0]
    assert runs["epochs"].tolist() == [8.0]


def test_without_held_out_examples_no_table_speaks_of_them(tmp_path: Path) -> None:
    results = load(synthetic.write_sweep(tmp_path, synthetic.grid(SMALL)))
    assert not [table.name for table in grid_tables(results) if "selected" in table.name]
    assert results.runs["selected_epoch"].isna().all()


def test_seconds_that_runs_in_lockstep_have_shared_are_compared_with_none(tmp_path: Path) -> None:
    cells = synthetic.grid(SMALL)
    synthetic.write_sweep(tmp_path, cells)
    path = tmp_path / cells[3].name / "report.json"
    report = json.loads(path.read_text())
    report["timing"]["lockstep"] = 8
    path.write_text(json.dumps(report))
    runs = load(tmp_path, target=0.1).runs
    assert runs["epoch_cpu_s"].isna().tolist() == [number == 3 for number in range(8)]
    assert runs["epoch_wall_s"].isna().tolist() == [number == 3 for number in range(8)]
    assert runs["seconds_to_target"].isna().tolist() == [number == 3 for number in range(8)]
    assert runs["test_accuracy"].notna().all()
