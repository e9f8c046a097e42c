import csv
import io
from pathlib import Path

import numpy as np
import pytest

from reports.build import make_tables
from reports.collect import load
from reports.formats import csv_text, latex, markdown
from reports.metrics import METRICS
from reports.results import Results
from reports.statistics import t_interval
from reports.tables import Table
from tests import synthetic

AXES = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "model.hidden": [[128], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0005],
}


def tables_of(results: Results) -> dict[str, Table]:
    return {table.name: table for table in make_tables(results)}


def sweep(path: Path, seeds: int = 1, **status: str) -> Results:
    cells = synthetic.grid(AXES, seeds=range(seeds))
    for place, state in status.items():
        cells[int(place[1:])].status = state
    return load(synthetic.write_sweep(path, cells))


def texts(table: Table) -> list[list[str]]:
    return [[entry.text for entry in row] for row in table.rows]


def test_losses_are_rows_and_activations_columns_per_depth_and_weight_decay(tmp_path: Path) -> None:
    table = tables_of(sweep(tmp_path))["test_accuracy"]
    assert table.heads == ("hidden", "weight_decay", "loss", "relu", "gelu")
    assert [row[:3] for row in texts(table)][:3] == [
        ["128", "0", "mse"],
        ["128", "0", "hinge"],
        ["128", "0.0005", "mse"],
    ]
    assert len(table.rows) == 8


def test_one_seed_shows_plain_figures_marks_the_best_and_says_that_nothing_was_tested(tmp_path: Path) -> None:
    table = tables_of(sweep(tmp_path))["test_accuracy"]
    for panel in (table.rows[k : k + 2] for k in range(0, 8, 2)):
        entries = [entry for row in panel for entry in row[3:]]
        best = max(entries, key=lambda entry: entry.value)
        assert [entry for entry in entries if entry.mark] == [best] and best.mark == "best"
        assert best.text == f"{best.value:.4f}"
    assert any("nothing was tested" in note for note in table.notes)


def test_several_seeds_show_the_interval(tmp_path: Path) -> None:
    results = sweep(tmp_path, seeds=5)
    cell = results.runs[results.runs["cell"] == 0]
    interval = t_interval(cell["test_accuracy"])
    table = tables_of(results)["test_accuracy"]
    assert table.rows[0][3].text == f"{interval.mean:.4f} ± {interval.half:.4f}"


def test_diverged_and_missing_runs_are_counted_not_dropped(tmp_path: Path) -> None:
    table = tables_of(sweep(tmp_path, seeds=5, _0="diverged", _5="missing"))["test_accuracy"]
    assert table.rows[0][3].text.endswith("(4 of 5)")
    assert table.rows[2][3].text.endswith("(4 of 5, 1 missing)")


@pytest.mark.parametrize(
    ("status", "text"), [("diverged", "diverged"), ("missing", "missing"), ("failed", "failed")]
)
def test_a_cell_without_a_figure_says_why(tmp_path: Path, status: str, text: str) -> None:
    table = tables_of(sweep(tmp_path, _0=status))["test_accuracy"]
    assert table.rows[0][3].text == text
    assert np.isnan(table.rows[0][3].value)


def test_a_combination_that_was_never_planned_is_a_dash(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES)[1:]
    table = tables_of(load(synthetic.write_sweep(tmp_path, cells)))["test_accuracy"]
    assert table.rows[0][3].text == "–"


def test_losses_are_compared_only_with_themselves(tmp_path: Path) -> None:
    table = tables_of(sweep(tmp_path))["test_loss"]
    assert all(sum(entry.mark == "best" for entry in row) == 1 for row in table.rows)


def test_an_unforeseen_axis_gets_its_own_tables(tmp_path: Path) -> None:
    axes = {"loss": ["mse", "hinge"], "model.residual": [False, True], "training.batch_size": [10, 100, 1000]}
    tables = tables_of(load(synthetic.write_sweep(tmp_path, synthetic.grid(axes))))
    assert tables["test_accuracy_by_batch_size"].heads == ("loss", "residual", "10", "100", "1000")
    assert "timing_by_residual" in tables and "rankings" in tables


def test_one_cell_and_one_factor_have_tables_too(tmp_path: Path) -> None:
    one = tables_of(load(synthetic.write_sweep(tmp_path / "one", [synthetic.cell({"seed": 0})])))
    assert len(one["test_accuracy"].rows) == 1
    few = synthetic.grid({"optimizer.lr": [0.1, 0.01]})
    table = tables_of(load(synthetic.write_sweep(tmp_path / "few", few)))["test_accuracy"]
    assert table.heads == ("lr", "Test accuracy") and [row[0] for row in texts(table)] == ["0.01", "0.1"]


def test_timing_carries_the_number_of_concurrent_runs(tmp_path: Path) -> None:
    table = tables_of(sweep(tmp_path))["timing_by_activation"]
    assert any("up to 2 runs at once" in note for note in table.notes)
    assert table.heads[0] == "activation"


def test_every_format_says_the_same(tmp_path: Path) -> None:
    for table in tables_of(sweep(tmp_path, seeds=5, _0="diverged")).values():
        rows = list(csv.reader(io.StringIO(csv_text(table))))
        assert [row[: len(table.heads)] for row in rows[1:]] == texts(table)
        assert markdown(table).count("\n|") == len(table.rows) + 2
        assert latex(table).count(r" \\") >= len(table.rows) + 1


def test_marks_stand_out_in_every_format(tmp_path: Path) -> None:
    table = tables_of(sweep(tmp_path))["test_accuracy"]
    best = next(entry for entry in table.rows[1] if entry.mark == "best")
    assert f"**{best.text}**" in markdown(table)
    assert rf"\textbf{{{best.text}}}" in latex(table)
    assert csv_text(table).splitlines()[0].endswith("best,not_worse")


def test_latex_escapes_and_balances(tmp_path: Path) -> None:
    text = latex(tables_of(sweep(tmp_path))["unfinished"]) + latex(tables_of(sweep(tmp_path))["rankings"])
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert r"weight\_decay" in text


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(2))
    first = load(synthetic.write_sweep(tmp_path / "a" / "grid", cells))
    synthetic.write_plan(tmp_path / "b" / "grid", cells)
    for one in reversed(cells):
        synthetic.write_cell(tmp_path / "b" / "grid", one)
    second = load(tmp_path / "b" / "grid")
    for a, b in zip(make_tables(first), make_tables(second), strict=True):
        assert (csv_text(a), markdown(a), latex(a)) == (csv_text(b), markdown(b), latex(b))


def test_every_metric_prints_every_kind_of_number() -> None:
    for metric in METRICS.values():
        assert metric.show(float("nan")) == "–"
        assert "e" not in metric.show(0.00001234)
        assert " ± " in metric.show_interval(0.5, 0.01)
