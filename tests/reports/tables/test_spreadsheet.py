"""CSV files in a spreadsheet: no text is a formula, numbers stay numbers; and what else values look like."""

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.__main__ import main
from reports.runs.factors import label
from reports.tables.formats import csv_text
from reports.tables.spreadsheet import read_csv, text_cell, text_of, write_csv
from reports.tables.table import Entry, Table, text_table
from tests.support import synthetic

TEXT = st.text(st.sampled_from("a1-=,;\"'\r\n\t ü"), max_size=6)


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|x", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "'=1", "=", "-1+2", "-1 ± 2"]
)
def test_what_would_be_a_formula_stands_behind_a_quote(text: str) -> None:
    assert text_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-1", "+1", "-0.5", "1e-5", "-1.5E+3", "−0.5", "relu", "", "a=b", "'quoted'", "–"]
)
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    assert text_cell(text) == text


@pytest.mark.parametrize(
    "text",
    ["10-5", "12-64", "3/4", "3-4-12", "2024-1-3", "1:30", "mar1", "MAR-1", "1-Mar", "3 dec 12", "Sept 4"],
)
def test_no_name_becomes_a_date(text: str) -> None:
    assert text_cell(text) == f"'{text}"
    assert text_of(f"'{text}") == text


@pytest.mark.parametrize("text", ["0123456789", "73e400000000", "12345678901e1"])
def test_no_id_becomes_a_number(text: str) -> None:
    assert text_cell(text) == f"'{text}"
    assert text_of(f"'{text}") == text


@pytest.mark.parametrize(
    "text", ["256-64", "128-10", "64-32-16", "may", "march", "seed-1", "1.5", "1e-05", "128", "0.5", "4 of 5"]
)
def test_other_names_are_left_alone(text: str) -> None:
    assert text_cell(text) == text


def test_the_reports_csv_files_begin_as_spreadsheets_want_it_and_hold_numbers(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "optimizer.lr": [0.1, 0.01]}, seeds=range(3))
    root = synthetic.write_sweep(tmp_path / "grid", cells)
    assert main([str(root), "--no-plots"]) == main(["export", str(root), "--to", "csv"]) == 0
    files = [*(root / "report/tables").glob("*.csv"), *(root / "export").glob("*.csv")]
    assert len(files) > 20
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in files)
    runs, figures, pairs = (
        pd.read_csv(root / f"report/tables/{n}.csv") for n in ("runs", "cells", "contrasts")
    )
    assert next(iter(runs.columns)) == "cell_id"
    assert len(runs) == 12
    assert runs["lr"].dtype == float
    assert len(figures[figures["metric"] == "test_accuracy"]) == 4
    assert figures["mean"].dtype == float
    numbers = pairs[["estimate", "low", "high", "p", "seeds", "cells", "margin"]]
    assert all(pd.api.types.is_numeric_dtype(kind) for kind in numbers.dtypes)
    rate = pairs[(pairs["metric"] == "test_accuracy") & (pairs["factor"] == "lr")]
    assert set(rate["first"]) | set(rate["second"]) == {"0.1", "0.01"}
    assert set(rate["relation"]) <= set(">≈?")


@given(st.text())
def test_the_text_of_a_cell_is_the_one_that_was_written(text: str) -> None:
    assert text_of(text_cell(text)) == text


def test_a_frame_is_read_as_it_was_written(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"=head": ["=a", "-b"], "x": [-1.5, 2.0], "level": pd.Categorical(["@x", "-3"]), "none": [None, "y"]}
    )
    write_csv(frame, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "'=head,x,level,none\n'=a,-1.5,'@x,\n'-b,2.0,-3,y\n"
    read = read_csv(tmp_path / "x.csv")
    assert read.to_dict("list") == {
        "=head": ["=a", "-b"],
        "x": ["-1.5", "2.0"],
        "level": ["@x", "-3"],
        "none": ["", "y"],
    }


def test_a_frame_is_written_as_pandas_writes_it(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "figure": [0.1, math.nan, math.inf, -0.0, 1e-5, 1e16, 123456789.125, 1 / 3],
            "again": [0.0, -0.0, 0.0, 0.1, 0.1, -0.0, math.nan, math.nan],
            "text": pd.Series(["a,b", None, "a,b", 'x"y', "", "z", None, ""], dtype="str"),
            "count": np.arange(8),
            "some": pd.array([1, None] * 4, dtype="Int64"),
            "yes": [True, False] * 4,
            "level": pd.Categorical(["a", "b", None, "a"] * 2),
            "mixed": ["a,b", 'x"y', "line\nend", 1, True, 0.1, None, math.nan],
            "e, f": ["", "ü", "–", " ", "a", "b", "c", "d"],
        }
    )
    for rows in (frame, frame[:0], frame[["level"]]):
        write_csv(rows, tmp_path / "own.csv", "utf-8-sig")
        rows.to_csv(tmp_path / "pandas.csv", index=False, lineterminator="\n", encoding="utf-8-sig")
        assert (tmp_path / "own.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4), st.sampled_from([1, 2]))
def test_a_table_is_written_as_the_standard_library_writes_it(rows: list[tuple[str, str]], wide: int) -> None:
    texts = [row[:wide] for row in [("head", "other"), *rows]]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([*map(text_cell, row)] for row in texts)
    assert csv_text(text_table("t", "T", texts[0], texts[1:])) == buffer.getvalue()


def test_the_marks_of_a_table_stand_beside_their_rows() -> None:
    rows = ((Entry("a"), Entry("1", "best"), Entry("2", "near"), Entry("3", "best")), (Entry("b"),) * 4)
    table = Table("t", "T", ("", "x,y", "z", "1-2"), rows, leading=1)
    assert csv_text(table).splitlines() == [
        ',"x,y",z,\'1-2,best,may_be_best',
        'a,1,2,3,"x,y; 1-2",z',
        "b,b,b,b,,",
    ]


def test_a_table_holds_no_formula() -> None:
    text = csv_text(text_table("t", "T", ("=head", "b"), [("=cmd", "-0.5"), ("@x", "+1")]))
    assert text.splitlines() == ["'=head,b", "'=cmd,-0.5", "'@x,+1"]


def test_a_name_that_is_a_formula_is_exported_as_text_everywhere(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "=cmd|x!A0"]}, epochs=2)
    root = synthetic.write_sweep(tmp_path, cells)
    assert main([str(root), "--no-plots"]) == main(["export", str(root), "--to", "csv"]) == 0
    files = [*(root / "report" / "tables").glob("*.csv"), *(root / "export").glob("*.csv")]
    assert sum("'=cmd" in path.read_text() for path in files) >= 3
    for path in files:
        assert not [
            cell for cell in path.read_text().replace("\n", ",").split(",") if cell.strip('"').startswith("=")
        ]


def test_a_loss_that_was_infinite_is_null_in_json(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge"]}, epochs=3)
    cells[0].status = "diverged"
    root = synthetic.write_sweep(tmp_path, cells)
    history = root / cells[0].name / "history.csv"
    rows = history.read_text().splitlines()
    history.write_text("\n".join([*rows[:-1], "3,inf,0.1,-inf,0.1,0.01,1,1,nan"]) + "\n")
    assert main(["export", str(root), "--to", "json"]) == 0

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = (root / "export" / "history.json").read_text()
    (last,) = [row for row in json.loads(text, parse_constant=refuse) if row["cell_id"] == cells[0].cell_id][
        -1:
    ]
    assert last["train_loss"] is last["test_loss"] is last["grad_norm"] is None
    assert last["lr"] == 0.01


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64(0.01), "0.01"),
        (np.float64(2), "2"),
        (np.float64(math.nan), "–"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.str_("a"), "a"),
        ((np.int64(128), np.int64(64)), "128-64"),
    ],
)
def test_a_value_is_shown_alike_whatever_holds_it(value: object, shown: str) -> None:
    assert label(value) == shown


def test_a_comparison_prints_plain_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, lr in (("a", 0.01), ("b", 0.1)):
        synthetic.write_sweep(
            tmp_path / name, synthetic.grid({"optimizer.lr": [lr], "loss": ["mse", "hinge"]}, epochs=2)
        )
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    text = capsys.readouterr().out
    assert "np." not in text
    assert "optimizer.lr" in text
    assert "| 0.01" in text.replace("\\", "")


def test_a_report_without_plots_leaves_the_earlier_ones(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path, synthetic.grid({"loss": ["mse", "hinge"]}, epochs=2))
    plots = root / "report" / "plots"
    assert main([str(root), "--no-plots"]) == 0
    assert not plots.exists()
    plots.mkdir()
    (plots / "mine.png").write_bytes(b"picture")
    assert main([str(root), "--no-plots"]) == 0
    assert (plots / "mine.png").read_bytes() == b"picture"
    assert not list(root.glob(".report-*"))
