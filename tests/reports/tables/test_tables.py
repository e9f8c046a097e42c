import csv
import io
import re
import shutil
import subprocess
import warnings
from html import unescape
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reports.analysis.intervals import t_interval
from reports.page.build import make_report, make_tables
from reports.runs.metrics import METRICS
from reports.runs.reader import load
from reports.runs.results import Results
from reports.tables.formats import csv_text, markdown
from reports.tables.latex import latex, tex_escape
from reports.tables.number_formats import show_contrast
from reports.tables.table import Entry, Table, text_table
from tests.support import synthetic

NAN = float("nan")
AXES: dict[str, list[Any]] = {
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
        assert [entry for entry in entries if entry.mark] == [best]
        assert best.mark == "best"
        assert best.text == f"{best.value:.4f}"
    assert any("nothing is tested" in note for note in table.notes)


def test_cells_too_far_from_the_best_accuracy_to_be_compared_in_convergence_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in tables_of(sweep(tmp_path / "near", seeds=3)).values():
        assert not any("†" in text for row in texts(table) for text in row)
    monkeypatch.setitem(synthetic.EFFECT, "hinge", -0.2)
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}, seeds=range(3))
    tables = tables_of(load(synthetic.write_sweep(tmp_path / "far", cells)))
    rows = {row[0]: row[1:] for row in texts(tables["convergence"])}
    assert {loss: {text.endswith(" †") for text in row} for loss, row in rows.items()} == {
        "mse": {False},
        "hinge": {True},
    }
    assert sum(note.startswith("†: not compared") for note in tables["convergence"].notes) == 1
    assert not any("†" in text for row in texts(tables["test_accuracy"]) for text in row)


def test_cells_that_share_the_best_figure_are_all_marked(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu", "selu"]}, seeds=range(2))
    for one in cells:
        tied = 0.1 * (int(one.config["seed"]) + (one.choices["activation"] != "gelu"))
        one.extra = {"final": {"test_accuracy": 0.7 + tied, "train_accuracy": 0.9}}
    report = make_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False)
    marks = {row[0].text: row[1].mark for row in report.tables["test_accuracy"].rows}
    assert marks == {"relu": "best", "gelu": "", "selu": "best"}
    text = "The highest test accuracy, 0.8500, is shared by 2 cells: activation relu; activation selu."
    assert report.findings[0].text == text


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


def test_rankings_say_which_levels_lost_runs(tmp_path: Path) -> None:
    rows = tables_of(sweep(tmp_path, seeds=5, _0="diverged"))["rankings"].rows
    notes = {(row[0].text, row[1].text): row[-1].text for row in rows}
    assert notes["Test accuracy", "loss"] == "diverged runs: mse 1"


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
    axes: dict[str, list[Any]] = {
        "loss": ["mse", "hinge"],
        "model.residual": [False, True],
        "training.batch_size": [10, 100, 1000],
    }
    tables = tables_of(load(synthetic.write_sweep(tmp_path, synthetic.grid(axes))))
    assert tables["test_accuracy_by_batch_size"].heads == ("loss", "residual", "10", "100", "1000")
    assert "timing_by_residual" in tables
    assert "rankings" in tables


def test_one_cell_and_one_factor_have_tables_too(tmp_path: Path) -> None:
    one = tables_of(load(synthetic.write_sweep(tmp_path / "one", [synthetic.cell({"seed": 0})])))
    assert len(one["test_accuracy"].rows) == 1
    few = synthetic.grid({"optimizer.lr": [0.1, 0.01]})
    table = tables_of(load(synthetic.write_sweep(tmp_path / "few", few)))["test_accuracy"]
    assert table.heads == ("lr", "Test accuracy")
    assert [row[0] for row in texts(table)] == ["0.01", "0.1"]


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
    assert csv_text(table).splitlines()[0].endswith("best,may_be_best")


def test_columns_with_marks_are_told_apart_in_csv(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["a b", "c d"]})
    for one in cells:
        one.name, one.extra = one.cell_id, {"final": {"test_accuracy": 0.5}}
    table = tables_of(load(synthetic.write_sweep(tmp_path, cells)))["test_accuracy"]
    across = Table("x", "x", ("a b", "c d"), ((table.rows[0][1], table.rows[1][1]),))
    assert csv_text(across) == "a b,c d,best,may_be_best\n0.5000,0.5000,a b; c d,\n"


def test_markdown_shows_every_text_as_it_is() -> None:
    for text in ("&amp;", "a|b", "<b>", "*x*", "_x_", "~~x~~", "`x`", "[x](y)", "\\", "$\\foo$", "# 1"):
        html = (
            MarkdownIt("commonmark").enable("table").render(markdown(text_table("x", "x", ["h"], [[text]])))
        )
        cell = re.search(r"<td[^>]*>(.*?)</td>", html)
        assert cell
        assert unescape(cell[1]) == text
        assert "<" not in cell[1]


HOSTILE = "[a_b] & c%$#{}~^\\ <script>\n*\u202e\x07|ε"


def hostile(path: Path) -> list[Table]:
    axes: dict[str, list[Any]] = {"loss": ["mse", HOSTILE], "activation": ["relu", "gelu", "selu"]}
    cells = synthetic.grid(axes, seeds=range(2))
    for number, one in enumerate(cells):
        one.name = f"{number}-{one.cell_id}"
    cells[0].status = "failed"
    cells[0].extra = {"error": {"type": "Error", "message": HOSTILE, "traceback": ""}}
    return make_tables(load(synthetic.write_sweep(path, cells, sweep=HOSTILE)))


def columns_of(line: str) -> int:
    """The number of cells of a line of a LaTeX table."""
    return len(re.findall(r"(?<!\\)&", line)) + 1


def test_latex_tables_are_well_formed_whatever_their_texts(tmp_path: Path) -> None:
    tables = [*hostile(tmp_path / "hostile"), *make_tables(sweep(tmp_path / "plain", seeds=5, _0="diverged"))]
    for table in tables:
        text = latex(table)
        opened: list[str] = []
        for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
            assert what == "begin" or opened.pop() == name
            opened += [name] if what == "begin" else []
        assert not opened
        rules = [text.index(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")]
        assert rules == sorted(rules)
        body = text[rules[0] : rules[2]].splitlines()
        rows = [line for line in body if line.endswith(r" \\")]
        assert len(rows) == len(table.rows) + (2 if "longtable}" in text else 1)  # heads again on each page
        between = {line for line in body if not line.endswith(r" \\")}
        assert between <= {r"\toprule", r"\midrule", r"\addlinespace", r"\endfirsthead", r"\endhead"}
        assert {columns_of(line) for line in rows} == {len(table.heads)}
        columns = re.search(r"\\begin\{(?:tabular|longtable)\}\{([lr]+)\}", text)
        assert columns
        assert len(columns[1]) == len(table.heads)
        bare = re.sub(r"\\[&%$#_{}]", "", text)
        assert bare.count("{") == bare.count("}")
        assert bare.count("$") % 2 == 0
        assert not re.search(r"[#^~]|\x07|\u202e", bare)
        assert text.count("%") - text.count(r"\%") == 1
        assert not [line for line in text.splitlines() if line.startswith(("[", "*"))]


def compilers() -> list[str]:
    """The LaTeX engines that there are; they differ in the letters that they know."""
    return [path for name in ("pdflatex", "lualatex", "xelatex", "tectonic") if (path := shutil.which(name))]


def compiled(tables: list[Table], folder: Path, compiler: str) -> tuple[str, Path]:
    """Set tables in an article on A4 with the packages that they name; return the log and the PDF."""
    texts = [latex(table) for table in tables]
    needed = {name for text in texts for name in re.findall(r"booktabs|longtable", text.splitlines()[0])}
    head = [r"\documentclass[a4paper]{article}", rf"\usepackage{{{','.join(sorted(needed))}}}"]
    body = [r"\begin{document}", *(rf"{text}\clearpage" for text in texts), r"\end{document}"]
    source = "\n".join([*head, *body])
    folder.mkdir()
    (folder / "tables.tex").write_text(source, encoding="utf-8")
    flags = [] if compiler.endswith("tectonic") else ["-interaction=nonstopmode", "-halt-on-error"]
    for _ in range(2):  # a longtable knows its columns from the time before
        done = subprocess.run([compiler, *flags, "tables.tex"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout, folder / "tables.pdf"


def test_latex_compiles_and_no_table_is_cut(tmp_path: Path) -> None:
    """With the engine that knows fewest letters, between the margins and on the page."""
    if not compilers():
        pytest.skip("no LaTeX here")
    plain = make_tables(sweep(tmp_path / "plain", seeds=5, _0="diverged"))
    for number, tables in enumerate((hostile(tmp_path / "sweep"), plain)):
        log, pdf = compiled(tables, tmp_path / str(number), compilers()[0])
        assert pdf.is_file()
        over = [float(points) for points in re.findall(r"Overfull \\hbox \((\d+\.\d+)pt", log)]
        assert max(over, default=0) <= 12  # points of a line of notes or of a cell; not of a column
        assert "Float too large" not in log
        assert "Missing character" not in log


# Properties

STATES = ("done", "diverged", "failed", "missing", "interrupted")


@st.composite
def sweeps(draw: st.DrawFn) -> list[synthetic.Cell]:
    """A small grid, of which any cells may be left out of the plan and any runs have no result."""
    axes: dict[str, list[Any]] = {
        "activation": ["relu", "gelu"][: draw(st.integers(1, 2))],
        "loss": ["mse", "hinge"][: draw(st.integers(1, 2))],
        "optimizer.lr": [0.1, 0.01][: draw(st.integers(1, 2))],
    }
    cells = synthetic.grid(axes, seeds=range(draw(st.integers(1, 2))), epochs=2)
    planned = draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    states = draw(st.sampled_from([("done",), ("diverged",), STATES]))
    kept = [one for one, keep in zip(cells, planned, strict=True) if keep] or cells[:1]
    for one in kept:
        one.status = draw(st.sampled_from(states))
    return kept


def as_text(results: Results) -> list[str]:
    return [text(table) for table in make_tables(results) for text in (csv_text, markdown, latex)]


@settings(max_examples=10, deadline=None)
@given(sweeps(), st.randoms())
def test_any_sweep_has_tables_and_the_order_of_its_records_changes_none(
    cells: list[synthetic.Cell], random: Random
) -> None:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        first = load(synthetic.write_sweep(Path(folder) / "a" / "grid", cells))
        shuffled = random.sample(cells, len(cells))
        synthetic.write_plan(Path(folder) / "b" / "grid", cells)
        for one in shuffled:
            if one.status != "missing":
                synthetic.write_cell(Path(folder) / "b" / "grid", one)
        assert as_text(first) == as_text(load(Path(folder) / "b" / "grid"))
    done = [one for one in cells if one.status == "done"]
    assert len(first.done) == len(done)
    assert int(first.cells["runs"].sum()) == len(cells)
    figures = [entry.value for row in tables_of(first)["test_accuracy"].rows for entry in row]
    assert np.isfinite(figures).sum() == first.done["cell"].nunique()


def test_a_run_that_repeats_the_settings_and_seed_of_another_is_named_and_left_out(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge"], "optimizer.lr": [1.0, 0.1]})
    again = synthetic.cell({"loss": "mse", "optimizer.lr": 1, "seed": 0})
    for one in [*cells, again]:
        synthetic.write_cell(tmp_path, one)
    results = load(tmp_path)
    assert len(results.runs) == 4
    assert not results.problems
    assert results.repeated.startswith("1 run, which repeats the settings, data and seed of another (")
    assert len(tables_of(results)["test_accuracy"].rows) == 2


def test_an_unknown_factor_or_setting_is_named(tmp_path: Path) -> None:
    results = sweep(tmp_path)
    with pytest.raises(KeyError, match="no factor depth: the sweep varies activation, loss"):
        results.factor("depth")
    with pytest.raises(KeyError, match="depth: no setting of that name"):
        results.where(depth=2)


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(2))
    first = load(synthetic.write_sweep(tmp_path / "a" / "grid", cells))
    synthetic.write_plan(tmp_path / "b" / "grid", cells)
    for one in reversed(cells):
        synthetic.write_cell(tmp_path / "b" / "grid", one)
    second = load(tmp_path / "b" / "grid")
    for a, b in zip(make_tables(first), make_tables(second), strict=True):
        assert (csv_text(a), markdown(a), latex(a)) == (csv_text(b), markdown(b), latex(b))


def test_no_interval_is_rounded_away() -> None:
    seconds = METRICS["epoch_cpu_s"]
    assert seconds.show_interval(0.1211, 0.0004) == "0.1211 ± 0.0004"
    assert seconds.show_interval(0.121, 0.004) == "0.121 ± 0.004"
    assert show_contrast(SimpleNamespace(estimate=0.000312, low=0.000297, high=0.000327), seconds) == (
        "+0.00031",
        "+0.00030",
        "+0.00033",
    )
    nothing = SimpleNamespace(estimate=NAN, low=NAN, high=NAN)
    assert show_contrast(nothing, seconds) == ("–", "–", "–")


def test_every_metric_prints_every_kind_of_number() -> None:
    for metric in METRICS.values():
        assert metric.show(float("nan")) == "–"
        assert "e" not in metric.show(0.00001234)
        assert " ± " in metric.show_interval(0.5, 0.01)


def test_captions_say_on_what_a_table_stands(tmp_path: Path) -> None:
    tables = tables_of(sweep(tmp_path, seeds=2))
    for table in tables.values():
        assert table.about.endswith(" epochs, 2 seeds")
        assert table.about.startswith("mnist, ")
        assert tex_escape(f"{table.title} (mnist, ") in latex(table)
        assert table.about in markdown(table)


def test_a_table_that_fits_is_left_as_it_is() -> None:
    small = latex(Table("t", "T", ("a", "b"), ((Entry("x"), Entry("0.9812")),)))
    assert not re.search(r"\[t\]|tabcolsep|longtable", small)


def test_letters_are_smaller_before_a_word_or_a_figure_is_broken() -> None:
    heads = ("factor", "level", *(f"metric {k}" for k in range(5)))
    rows = (tuple(Entry(text) for text in ("activation", "softmax_ce", *["0.9812 ± 0.0004"] * 5)),)
    text = latex(Table("t", "T", heads, rows))
    assert r"0.9812 $\pm$ 0.0004" in text
    assert "[t]" not in text


def test_what_reads_as_a_relation_or_a_greek_letter_is_set_as_one() -> None:
    assert tex_escape("a ≈ b ≤ c ≥ d, β ∞") == r"a $\approx$ b $\le$ c $\ge$ d, $\beta$ $\infty$"


def test_a_long_table_repeats_its_heads_on_every_page() -> None:
    rows = tuple((Entry(str(k)), Entry("0.5")) for k in range(100))
    text = latex(Table("t", "T", ("first", "second"), rows))
    assert text.count("first & second") == 2
    assert text.index(r"\endfirsthead") < text.index(r"\endhead") < text.index("0 & 0.5")


def test_a_table_with_more_columns_than_a_text_has_room_for_is_centred_on_the_page() -> None:
    heads = tuple(f"column number {k}" for k in range(20))
    rows = (tuple(Entry("some words of text") for _ in heads),)
    assert r"\makebox[\textwidth][c]{" in latex(Table("t", "T", heads, rows))
    assert r"\setlength{\LTleft}" in latex(Table("t", "T", heads, rows * 100))
