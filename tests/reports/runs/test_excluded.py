"""Runs that are excluded on purpose: in no figure, never missing, named with the reason in every report."""

from pathlib import Path

import pytest

from reports import load
from reports.__main__ import main
from sweeps.records.excluded import exclude
from tests.support import synthetic

WHY = "the <fan> failed"


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Four planned runs: one failed, one done, one of a strange figure, one missing."""
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}, epochs=3)
    cells[0].status = "failed"
    root = synthetic.write_sweep(tmp_path / "grid", cells)
    exclude(root, [cells[0].cell_id, cells[1].cell_id], WHY, "2026-01-01T00:00:00+00:00")
    return root


def test_they_are_in_no_frame_and_the_rest_is_whole(sweep: Path) -> None:
    results = load(sweep)
    assert len(results.runs) == 2
    assert set(results.runs["status"]) == {"done"}
    assert results.is_whole
    assert not results.unplanned
    assert [line.rpartition(": ")[2] for line in results.excluded] == [WHY, WHY]


def test_every_command_names_them_and_they_are_no_failure(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([str(sweep), "--no-plots"], ["export", str(sweep), "--to", "csv"]):
        assert main(words) == 0
        assert capsys.readouterr().err.count(f"{WHY}\n") == 2
    assert main(["compare", str(sweep), str(sweep)]) == 0
    assert WHY in capsys.readouterr().err


def test_the_page_names_them_as_text(sweep: Path) -> None:
    assert main([str(sweep), "--no-plots"]) == 0
    page = (sweep / "report" / "index.html").read_text()
    assert "2 runs are excluded on purpose" in page
    assert "the &lt;fan&gt; failed" in page
    assert WHY not in page


def test_an_excluded_run_that_is_not_planned_is_not_taken_in_either(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, epochs=3)
    root = synthetic.write_sweep(tmp_path / "grid", cells)
    (root / "sweep.json").unlink()
    exclude(root, [cells[0].cell_id], WHY, "2026-01-01T00:00:00+00:00")
    assert len(load(root, unplanned=True).runs) == 1
