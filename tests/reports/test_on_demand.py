"""One plot and one table on demand: right numbers, the formats asked for, mistakes in one line."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.__main__ import main
from reports.on_demand import plot_of, table_of
from reports.runs.query import where
from reports.runs.reader import load
from tests.support import synthetic

AXES: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "optimizer.lr": [0.1, 0.01, 0.001],
}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = synthetic.grid(AXES, seeds=range(3), epochs=4)
    return synthetic.write_sweep(tmp_path_factory.mktemp("sweep"), cells)


def test_a_point_is_the_mean_over_the_cells_and_seeds_of_its_level(sweep: Path) -> None:
    results = load(sweep)
    drawing = plot_of(results, "lr", "test", "loss").arguments[0]
    runs = results.runs.assign(lr=results.runs["lr"].astype(float))
    for line in drawing.lines:
        own = runs[runs["loss"] == line.name.removeprefix("loss ")].groupby("lr")["test_accuracy"].mean()
        assert list(line.x) == own.index.tolist()
        assert np.allclose([point.mean for point in line.points], own)
    assert drawing.log
    assert drawing.error_axis


def test_a_curve_over_the_epochs_is_the_mean_of_all_runs(sweep: Path) -> None:
    results = where(load(sweep), "loss=hinge")
    line = plot_of(results, "epoch", "train_loss").arguments[0].lines[0]
    assert np.allclose([p.mean for p in line.points], results.history.groupby("epoch")["train_loss"].mean())


@pytest.mark.parametrize(("x", "y"), [("epoch", "train_loss"), ("lr", "test_loss"), ("epoch", "grad_norm")])
@pytest.mark.parametrize("by", ["", "activation", "loss"])
def test_no_mean_is_taken_over_different_losses_of_what_they_scale(
    sweep: Path, x: str, y: str, by: str
) -> None:
    results = load(sweep)
    drawing = plot_of(results, x, y, by).arguments[0]
    for line in drawing.lines:
        chosen = dict(part.rsplit(" ", 1) for part in line.name.split(", "))
        assert set(chosen) == {"loss", by} - {""}
        own = results.runs
        for name, level in chosen.items():
            own = own[own[name] == level]
        frame = results.history.merge(own[["cell_id"]]) if x == "epoch" else own
        expected = frame.assign(**{x: frame[x].astype(float)}).groupby(x)[y].mean()
        assert list(line.x) == expected.index.tolist()
        assert np.allclose([point.mean for point in line.points], expected)
    assert len(drawing.lines) == (4 if by == "activation" else 2)
    assert "Values of different losses cannot be compared" in drawing.note


def test_a_figure_says_what_its_means_are_over(sweep: Path) -> None:
    results = load(sweep)
    over = "Means over activation, loss and 3 seeds. Bars: 95 % intervals over seeds."
    assert plot_of(results, "lr", "test_accuracy").arguments[0].note == over
    alone = where(results, "activation=relu & loss=hinge & seed=0")
    assert plot_of(alone, "lr", "test_accuracy").arguments[0].note == "Single runs."


def test_epochs_are_whole_numbers_along_an_axis(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=range(1), epochs=2)
    plot = plot_of(load(synthetic.write_sweep(tmp_path, cells)), "epoch", "test_accuracy")
    (axes,) = plot.paint(*plot.arguments).axes
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1, 2]


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_plot_is_written_in_the_format_that_its_name_ends_in(
    sweep: Path, tmp_path: Path, suffix: str, magic: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"figure.{suffix}"
    assert main(["plot", str(sweep), "--x", "activation", "--y", "gap", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(magic)
    assert capsys.readouterr().out.strip() == str(out)


def test_a_table_has_the_settings_where_they_were_asked_for(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "table",
        str(sweep),
        "--rows",
        "lr",
        "--cols",
        "loss",
        "--where",
        "activation=gelu",
        "--to",
        "csv",
    ]
    assert main(words) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    runs = load(sweep).runs
    assert [row["lr"] for row in rows] == ["0.001", "0.01", "0.1"]
    own = runs[(runs["activation"] == "gelu") & (runs["lr"] == "0.1") & (runs["loss"] == "hinge")]
    assert rows[2]["hinge"].startswith(f"{own['test_accuracy'].mean():.4f} ±")


@pytest.mark.parametrize("form", ["md", "latex"])
def test_a_table_comes_in_every_format(sweep: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", str(sweep), "--metric", "gap", "--to", form]) == 0
    assert {"md": "| --: |", "latex": r"\begin{tabular}"}[form] in capsys.readouterr().out


def test_all_cells_stand_in_a_table(sweep: Path) -> None:
    table = table_of(load(sweep))
    assert len(table.rows) * (len(table.heads) - table.leading) == 12


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["plot", "--x", "actvation", "--y", "test"], "x: there is no actvation; did you mean activation"),
        (["plot", "--x", "momentum", "--y", "test"], "momentum has one level"),
        (
            ["plot", "--x", "lr", "--y", "test_acuracy"],
            "y: there is no test_acuracy; did you mean test_accuracy",
        ),
        (["plot", "--x", "lr", "--y", "test", "--by", "lr"], "by: lr is along x already"),
        (["plot", "--x", "lr", "--y", "test", "--out", "figure.gif"], "must end in .png"),
        (["plot", "--x", "lr", "--y", "test", "--where", "loss=hing"], "did you mean hinge"),
        (["table", "--to", "md", "--rows", "lr", "--cols", "lr"], "lr is down the side already"),
        (["table", "--to", "md", "--metric", "acc"], "metric: there is no acc"),
    ],
)
def test_a_mistake_is_one_line_with_what_is_near(
    sweep: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([words[0], str(sweep), *words[1:]]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert says in shown.err


def test_a_command_that_there_is_not_names_the_one_that_is_like_it(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plto", str(sweep), "--x", "lr", "--y", "test"]) == 2
    said = "error: plto: no such command, and no such directory (did you mean plot?)\n"
    assert capsys.readouterr() == ("", said)


def test_a_directory_above_a_sweep_or_within_it_leads_to_the_sweep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = synthetic.write_sweep(
        tmp_path / "runs" / "grid", synthetic.grid({"loss": ["mse"]}, seeds=range(1))
    )
    run = next(path for path in sweep.iterdir() if path.is_dir())
    for directory in (sweep.parent, run):
        assert main([str(directory)]) == 2
        said = f"{directory}: no run records and no plan in this directory (did you mean {sweep}?)"
        assert capsys.readouterr() == ("", f"error: {said}\n")
        assert not (directory / "report").exists()


def test_a_directory_without_a_sweep_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", str(tmp_path), "--x", "lr", "--y", "test"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
