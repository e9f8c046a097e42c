"""A complete run: one definition, by which a sweep keeps, `status` counts and a report shows."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.runs.reader import load
from sweeps.records.record import read_record
from sweeps.view.state import Status
from tests.support import synthetic
from tests.support.tiny.driver import Tiny

Damage = Callable[[Path], object]


def shorten(file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link(file: Path) -> None:
    file.symlink_to(file.rename(file.with_name("elsewhere")))


DAMAGES: dict[str, Damage] = {
    "missing": Path.unlink,
    "empty": lambda file: file.write_bytes(b""),
    "without its last row": shorten,
    "zeros of the same size": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "another number": lambda file: file.write_text(file.read_text().replace("1", "3")),
    "a row more": lambda file: file.write_text(file.read_text() + file.read_text()),
    "a pipe": fifo,
    "a link": link,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_whose_history_is_lost_is_due_in_status_and_sweep_and_heals(
    two_done: Tiny, damage: str
) -> None:
    whole = {record.cell_id: (record.path / "history.csv").read_text() for record in two_done.records()}
    broken, kept = two_done.records()
    DAMAGES[damage](broken.path / "history.csv")
    assert read_record(broken.path).status == "damaged"
    assert Status(two_done.root).counts == {"damaged": 1, "done": 1}
    assert "1 kept, 1 run" in two_done.run("x=1,2").stdout
    assert {r.cell_id: (r.path / "history.csv").read_text() for r in two_done.records()} == whole
    assert [record.status for record in two_done.records()] == ["done", "done"]
    aside = [path.name for path in broken.path.iterdir() if "damaged" in path.name]
    assert aside == ([] if damage == "missing" else ["history.csv.damaged-1"])
    assert read_record(kept.path).data == kept.data


def test_a_job_without_a_history_is_complete_without_one(tiny: Tiny) -> None:
    tiny.run("mode=tell")
    assert json.loads((tiny.record().path / "report.json").read_text())["history_csv"] is None
    assert "1 kept, 0 run" in tiny.run("mode=tell").stdout


def first_version(tmp_path: Path, **training: object) -> tuple[Path, Path]:
    """A sweep of two runs whose records say nothing of their histories; the first one's directory."""
    cells = synthetic.grid({"activation": ["relu", "gelu"]})
    for one in cells:
        one.config["training"] |= training
    synthetic.write_sweep(tmp_path, cells)
    return tmp_path, tmp_path / cells[0].name


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "another number"])
def test_histories_of_the_first_version_are_checked_as_far_as_they_can_be(
    tmp_path: Path, damage: str
) -> None:
    root, folder = first_version(tmp_path)
    assert Status(root).counts == {"done": 2}
    DAMAGES[damage](folder / "history.csv")
    assert Status(root).counts == {"done": 1, "damaged": 1}
    results = load(root)
    assert results.runs["status"].tolist() == ["damaged", "done"]
    assert [problem.path for problem in results.problems] == [folder / "history.csv"]


def test_a_run_of_the_first_version_that_lost_its_patience_is_complete_with_the_epochs_it_had(
    tmp_path: Path,
) -> None:
    _, folder = first_version(tmp_path, patience=3, epochs=40)
    record = json.loads((folder / "report.json").read_text())
    at_best = record["best"]["epoch"] = 20
    (folder / "report.json").write_text(json.dumps(record))
    rows = (folder / "history.csv").read_text().splitlines(keepends=True)
    expected = {at_best + 2: "damaged", at_best + 3: "done", at_best + 4: "damaged"}
    for epochs, status in expected.items():
        more = [f"{number},{rows[-1].partition(',')[2]}" for number in range(len(rows), epochs + 1)]
        (folder / "history.csv").write_text("".join([*rows, *more][: epochs + 1]))
        assert read_record(folder).status == status


def test_a_record_that_claims_no_history_is_reported_without_a_curve(tmp_path: Path) -> None:
    root, folder = first_version(tmp_path)
    record = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps(record | {"history_csv": None}))
    (folder / "history.csv").unlink()
    results = load(root)
    assert results.runs["status"].tolist() == ["done", "done"]
    assert not results.problems
    assert results.runs["convergence"].isna().tolist() == [True, False]
