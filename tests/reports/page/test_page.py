import errno
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.__main__ import main
from reports.analysis.sweep import analyse
from reports.compare import cells_table, match
from reports.page.adapter import content_of
from reports.page.build import write_report
from reports.page.view import compact, render
from reports.runs.reader import load
from reports.runs.results import natural
from tests.support import synthetic
from tests.support.packed import unpacked
from tests.support.page_scale import GOALS, build

AXES: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "optimizer.weight_decay": [0.0, 0.0005],
}
HOSTILE = "<script>alert(1)</script></script>&\u202e" + "x" * 300


class Page(HTMLParser):
    """Collects what matters of a page: ids, links, images, scripts, attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes |= set(found)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found["href"] or ""] if "href" in found else []
        self.images += [found] if tag == "img" else []


def rendered(path: Path, cells: list[synthetic.Cell], sweep: str = "grid") -> str:
    return render(content_of(analyse(load(synthetic.write_sweep(path, cells, sweep)))))


def runs_of(text: str) -> tuple[list[str], list[str]]:
    """Return the folders and states of all runs in the data of a page."""
    block = re.search(r'id="block">(.*?)</script>', text, re.S)
    assert block
    head, columns = unpacked(block[1])
    return head["folders"].split("\n"), [head["status_texts"][int(place)] for place in columns["status"]]


def page_of(path: Path, seeds: int = 1, **more: str) -> str:
    cells = synthetic.grid(AXES, seeds=range(seeds))
    for place, state in more.items():
        cells[int(place[1:])].status = state
    return rendered(path, cells)


def test_one_seed_says_that_nothing_was_tested(tmp_path: Path) -> None:
    text = html.unescape(page_of(tmp_path))
    assert "nothing is tested" in text
    assert "relu > gelu" not in text
    assert "gelu > relu" not in text


def test_five_seeds_rank(tmp_path: Path) -> None:
    assert "hinge > mse" in html.unescape(page_of(tmp_path, seeds=5))


def test_an_incomplete_sweep_says_what_is_missing(tmp_path: Path) -> None:
    text = page_of(tmp_path, _0="missing", _1="failed")
    assert "1 run has no result yet" in text  # as the sentence says; the other has failed
    assert "python -m reports serve" in text
    assert "no result yet" not in page_of(tmp_path / "whole")


def test_every_link_within_the_page_leads_somewhere(tmp_path: Path) -> None:
    page = Page(page_of(tmp_path, seeds=5, _0="diverged", _1="missing"))
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert len(inside) > 5
    assert set(inside) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_every_file_that_the_page_names_exists(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES)
    index = write_report(load(synthetic.write_sweep(tmp_path, cells)), jobs=1)
    page = Page(index.read_text(encoding="utf-8"))
    files = [link for link in page.links if not link.startswith(("#", "data:"))]
    assert len(files) > 20
    assert all((index.parent / file).is_file() for file in files)
    assert files[0] == "tables/runs.csv"
    assert page.images == []


def test_nothing_leaves_the_disk_and_nothing_unsigned_runs(tmp_path: Path) -> None:
    text = page_of(tmp_path)
    assert not re.search(r"https?:|//cdn|@import", text.replace("http://www.w3.org/2000/svg", ""))
    assert "default-src 'none'" in html.unescape(text)
    assert "unsafe" not in text
    assert not {name for name in Page(text).attributes if name.startswith("on") or name == "style"}


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {"loss": ["mse", HOSTILE], "activation": ["relu", "gelu"]}
    cells = synthetic.grid(axes)
    for one, name in zip(cells, "abcd", strict=True):
        one.name = f"{name}-{one.cell_id}"
    cells[0].status = "failed"
    cells[0].extra = {"error": {"type": "Error", "message": HOSTILE, "traceback": HOSTILE}}
    text = rendered(tmp_path, cells, HOSTILE)
    assert Page(text).tags.count("script") == 2
    assert "alert(1)</script>" not in text


def test_the_page_holds_every_run(tmp_path: Path) -> None:
    folders, states = runs_of(page_of(tmp_path, seeds=2, _3="missing"))
    assert len(folders) == 16
    assert folders.count("") == 1
    assert folders[3] == ""
    assert states.count("missing") == 1
    assert states.count("done") == 15


def test_the_same_records_give_the_same_page(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(2))
    assert rendered(tmp_path, cells) == rendered(tmp_path, cells)


@pytest.mark.parametrize("status", ["missing", "diverged", "failed"])
def test_a_sweep_without_any_result_has_a_page(tmp_path: Path, status: str) -> None:
    cells = synthetic.grid(AXES)
    for one in cells:
        one.status = status
    text = write_report(load(synthetic.write_sweep(tmp_path, cells)), jobs=1).read_text(encoding="utf-8")
    assert ("No run has finished yet." if status == "missing" else "No run has ended well.") in text
    assert ("8 of 8 runs diverged." in text) == (status == "diverged")
    assert "nothing was tested" not in text


def test_cells_of_different_numbers_of_seeds_are_not_multiplied(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=range(3))[:-2]
    page = html.unescape(rendered(tmp_path / "some", cells))
    assert "<span>1 to 3 seeds</span>" in page
    assert "<b>4</b> done" in page
    assert "<span>2 seeds</span>" in page_of(tmp_path / "all", seeds=2)


def test_the_only_cell_is_not_said_to_be_ahead_of_others(tmp_path: Path) -> None:
    for seeds in (1, 5):
        cells = synthetic.grid({"activation": ["relu"]}, seeds=range(seeds))
        page = rendered(tmp_path / str(seeds), cells)
        assert "the only cell" in page
        assert re.search(r"<b>97\.\d\d %", page)
        assert "may be as good" not in page
        assert "all others" not in page


def test_a_factor_of_too_many_levels_is_said_not_to_be_ranked(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {
        "optimizer.lr": [0.001 * k for k in range(1, 22)],
        "activation": ["relu", "gelu"],
    }
    cells = synthetic.grid(axes, seeds=(0, 1), epochs=2)
    page = rendered(tmp_path, cells)
    assert "Test accuracy by lr: not compared, for more than 20 levels." in page


# The command line


def test_the_command_builds_everything_and_again_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    synthetic.write_sweep(tmp_path, synthetic.grid(AXES, epochs=3))
    assert main([str(tmp_path)]) == 0
    assert str(tmp_path / "report" / "index.html") in capsys.readouterr().out
    first = {f.relative_to(tmp_path): f.read_bytes() for f in (tmp_path / "report").rglob("*") if f.is_file()}
    assert {path.suffix for path in first} == {
        ".html",
        ".json",
        ".csv",
        ".md",
        ".tex",
        ".png",
        ".svg",
        ".npz",
        ".jsonl",
    }
    assert main([str(tmp_path)]) == 0
    assert first == {
        f.relative_to(tmp_path): f.read_bytes() for f in (tmp_path / "report").rglob("*") if f.is_file()
    }
    assert not list(tmp_path.glob(".report-*"))


def test_a_damaged_record_ends_with_exit_code_1_and_the_rest_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = synthetic.grid(AXES)
    synthetic.write_sweep(tmp_path, cells)
    (tmp_path / cells[0].name / "report.json").write_text("{")
    assert main([str(tmp_path), "--no-plots"]) == 1
    assert cells[0].name in capsys.readouterr().err
    assert "could not be believed" in (tmp_path / "report" / "index.html").read_text()


def test_mistakes_end_with_exit_code_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["nowhere"],
        [str(tmp_path)],
        ["compare", "nowhere", "there"],
        ["export", "x", "--to", "csv"],
    ):
        assert main(words) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), "--target", "2"])
    assert stop.value.code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["report", "export"])
def test_where_nothing_can_be_written_one_line_says_so(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = synthetic.write_sweep(tmp_path / "sweep", synthetic.grid(AXES, epochs=2))

    def read_only(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", read_only)
    words = [str(sweep), "--no-plots"] if what == "report" else ["export", str(sweep), "--to", "csv"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {sweep}")
    assert error.endswith(": Read-only file system\n")


def test_an_export_to_a_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = synthetic.write_sweep(tmp_path / "sweep", synthetic.grid(AXES, epochs=2))
    (tmp_path / "file").touch()
    assert main(["export", str(sweep), "--to", "csv", "--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'file'}: File exists\n"


def test_a_file_in_the_place_of_the_report_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = synthetic.write_sweep(tmp_path, synthetic.grid(AXES, epochs=2))
    (sweep / "report").write_text("mine")
    assert main([str(sweep), "--no-plots"]) == 2
    assert "report: is a file" in capsys.readouterr().err
    assert (sweep / "report").read_text() == "mine"
    assert not list(sweep.glob(".report*"))


def test_latex_of_a_study_has_its_claims_too(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["hinge", "focal"]}, epochs=2)
    sweep = synthetic.write_sweep(tmp_path, cells, "tuned_grid")
    assert main(["export", str(sweep), "--to", "latex"]) == 0
    assert r"\label{tab:claims}" in (tmp_path / "export" / "tables.tex").read_text()


def test_a_report_that_is_interrupted_says_nothing_and_keeps_the_old_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = synthetic.write_sweep(tmp_path, synthetic.grid(AXES, epochs=2))
    assert main([str(sweep), "--no-plots"]) == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    capsys.readouterr()

    def interrupt(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("reports.page.build.render", interrupt)
    assert main([str(sweep), "--no-plots"]) == 130
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path != tmp_path} == before
    assert capsys.readouterr().err == ""


def test_export_writes_tidy_frames(tmp_path: Path) -> None:
    synthetic.write_sweep(tmp_path, synthetic.grid(AXES))
    for form in ("csv", "json", "latex"):
        assert main(["export", str(tmp_path), "--to", form]) == 0
    runs = pd.read_csv(tmp_path / "export" / "runs.csv")
    assert len(runs) == 8
    assert runs["weight_decay"].tolist()[:2] == [0.0, 0.0005]
    assert len(pd.read_csv(tmp_path / "export" / "history.csv")) == 80
    assert len(json.loads((tmp_path / "export" / "runs.json").read_text())) == 8
    assert r"\begin{table}" in (tmp_path / "export" / "tables.tex").read_text()


def test_parquet_read_back_is_the_frame(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    cells = synthetic.grid(AXES, seeds=range(2))
    cells[0].status = "diverged"
    synthetic.write_sweep(tmp_path, cells)
    assert main(["export", str(tmp_path), "--to", "parquet"]) == 0
    results = load(tmp_path)
    runs = pd.read_parquet(tmp_path / "export" / "runs.parquet")
    expected = natural(results, results.runs).drop(columns="cell")
    pd.testing.assert_frame_equal(runs, expected, check_dtype=False)
    assert {name: kind.kind for name, kind in runs.dtypes.items() if kind.kind != "O"} == {
        name: kind.kind for name, kind in expected.dtypes.items() if kind.kind != "O"
    }
    history = pd.read_parquet(tmp_path / "export" / "history.parquet")
    pd.testing.assert_frame_equal(history, results.history.astype({"cell_id": str}), check_dtype=False)


def test_parquet_without_a_writer_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    synthetic.write_sweep(tmp_path, synthetic.grid(AXES))
    monkeypatch.setattr("reports.exports.frames.find_spec", lambda name: None)
    assert main(["export", str(tmp_path), "--to", "parquet"]) == 2
    assert "pyarrow" in capsys.readouterr().err
    assert not (tmp_path / "export").exists()


def test_compare_says_where_there_is_nothing_to_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seeds in (("first", (0, 1)), ("second", (2, 3))):
        synthetic.write_sweep(tmp_path / name, synthetic.grid({"loss": ["mse", "hinge"]}, seeds, epochs=2))
    assert main(["compare", str(tmp_path / "first"), str(tmp_path / "first")]) == 0
    assert "nothing could be compared" not in capsys.readouterr().out
    assert main(["compare", str(tmp_path / "first"), str(tmp_path / "second")]) == 0
    assert capsys.readouterr().out.startswith("No finished runs agree in the seed")
    (tmp_path / f"damaged-{'a' * 12}").mkdir()
    (tmp_path / f"damaged-{'a' * 12}" / "report.json").write_text("{")
    assert main(["compare", str(tmp_path), str(tmp_path / "second")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}: has no run that could be compared\n"


def test_compare_matches_cells_by_what_they_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synthetic.write_sweep(tmp_path / "a", synthetic.grid(AXES, seeds=range(3), epochs=10))
    fewer = {**AXES, "activation": ["relu"]}
    synthetic.write_sweep(tmp_path / "b", synthetic.grid(fewer, seeds=range(3), epochs=4))
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    text = capsys.readouterr().out
    assert re.search(r"Test accuracy +\| −0\.0\d+ .*\| 3 +\| 4 ", text)
    assert re.search(r"training.epochs +\| 10 +\| 4 ", text)
    assert "Cells only in" in text
    assert "4 cells matched." in text
    assert "seeds are too few runs" not in text


def test_the_cells_that_differ_most_are_not_called_different_for_being_picked(tmp_path: Path) -> None:
    sides = []
    for size in (100, 1000):  # which changes nothing here
        axes = {**synthetic.GRID, "optimizer.weight_decay": [0.0], "training.batch_size": [size]}
        cells = synthetic.grid(axes, seeds=range(5), epochs=2)
        sides.append(load(synthetic.write_sweep(tmp_path / str(size), cells)))
    table = cells_table(match(*sides))
    p = [row[table.heads.index("p")].text for row in table.rows]
    assert len(p) == 20
    assert min(map(float, p)) > 0.05
    assert "corrected over all of them" in table.notes[0]


def test_the_page_of_the_default_grid_keeps_to_its_size(tmp_path: Path) -> None:
    page, _, _ = build(96, tmp_path)
    assert page.stat().st_size <= GOALS[96][0] * 1e6


def test_the_pages_script_is_without_comments_and_its_texts_are_whole() -> None:
    source = """// about
    const a = { // of what follows
      b: "// no comment", c: 'x', // and 'quoted'
      d: [1,
        2],
    };
    """
    assert compact(source) == "const a = {b: \"// no comment\", c: 'x', // and 'quoted'\nd: [1,2],};"
