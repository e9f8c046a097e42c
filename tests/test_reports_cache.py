import os
from pathlib import Path

import pandas as pd
import pytest

import reports.cache
from reports.build import write_report
from reports.cache import CACHE
from reports.collect import load
from reports.history import read_curve
from tests import synthetic

AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The histories that had to be parsed."""
    paths: list[Path] = []
    monkeypatch.setattr(reports.cache, "read_curve", lambda path: (paths.append(path), read_curve(path))[1])
    return paths


def test_a_rebuild_parses_only_new_histories_and_finds_the_same(tmp_path: Path, reads: list[Path]) -> None:
    cells = synthetic.grid(AXES)
    cells[3].status = "missing"
    synthetic.write_sweep(tmp_path, cells)
    first = load(tmp_path)
    write_report(first, plots=False)
    assert len(reads) == 3
    cells[3].status = "done"
    synthetic.write_cell(tmp_path, cells[3])
    reads.clear()
    second = load(tmp_path)
    assert [path.parent.name for path in reads] == [cells[3].name]
    pd.testing.assert_frame_equal(
        first.history.astype({"cell_id": str}), second.history.head(30).astype({"cell_id": str})
    )


def test_a_history_that_changed_is_parsed_again(tmp_path: Path, reads: list[Path]) -> None:
    cells = synthetic.grid(AXES)
    write_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False)
    path = tmp_path / cells[0].name / "history.csv"
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    reads.clear()
    load(tmp_path)
    assert reads == [path]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an archive"])
def test_a_damaged_cache_costs_time_not_truth(tmp_path: Path, reads: list[Path], content: bytes) -> None:
    write_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(AXES))), plots=False)
    (tmp_path / CACHE).write_bytes(content)
    reads.clear()
    assert not load(tmp_path).problems
    assert len(reads) == 4
