"""A run that another directory under the same `runs` has is taken over, not computed again."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.planning import neighbours
from sweeps.records.plan import Cell
from sweeps.records.record import Record, load_records, read_record
from sweeps.runs import main
from tests.support.tiny.driver import PROJECT, Tiny


def elsewhere(tiny: Tiny, name: str = "other") -> dict[str, Record]:
    return load_records(tiny.cwd / "runs" / name)


def run(tiny: Tiny, *words: str, name: str = "other") -> str:
    return tiny.run(*words, f"hydra.sweep.dir=runs/{name}").stdout


def raw(record: Record) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((record.path / "report.json").read_text())
    return data


def test_a_run_is_taken_over_with_all_it_left_and_its_origin_is_named(two_done: Tiny) -> None:
    plan = run(two_done, "x=1,2,3", "hydra.sweeper.dry_run=true")
    assert "2 of them copied from runs/adhoc" in plan
    assert "copy x=1" in plan
    assert "due  x=3" in plan
    assert not (two_done.cwd / "runs" / "other").exists()
    assert "3 cells: 3 done (0 kept, 2 copied from runs/adhoc, 1 run)" in run(two_done, "x=1,2,3")
    assert "3 cells: 3 done (3 kept, 0 run)" in run(two_done, "x=1,2,3")
    for record in two_done.records():
        copy = elsewhere(two_done)[record.cell_id]
        same = set(raw(record)) - {"launch"}
        assert {key: raw(copy)[key] for key in same} == {key: raw(record)[key] for key in same}
        origin = {"directory": "adhoc", "name": record.path.name, "sweep": "adhoc"}
        assert raw(copy)["origin"] == origin
        files = {path.name for path in record.path.iterdir()}
        assert {path.name for path in copy.path.iterdir()} == files
        for name in files - {"report.json"}:
            assert (copy.path / name).read_bytes() == (record.path / name).read_bytes()


def test_what_is_taken_over_twice_names_where_it_was_made(two_done: Tiny) -> None:
    run(two_done, "x=1,2")
    main([str(two_done.root), "drop", "x=1", "x=2"])
    assert "2 copied from runs/other" in run(two_done, "x=1,2", name="third")
    origins = [raw(record)["origin"]["directory"] for record in elsewhere(two_done, "third").values()]
    assert origins == ["adhoc", "adhoc"]


@pytest.mark.parametrize(
    "words",
    [
        ["hydra.sweeper.reuse=false"],
        ["hydra.sweeper.retry=all"],
        ["hydra.sweeper.fresh=true"],
        ["hydra.sweeper.code=[]"],  # nothing says which code made a run
        ["hydra.sweeper.code=[tests.support.tiny.driver]"],  # other code
        ["step_s=0.001"],  # cannot change a result, but is what is wanted to be measured
    ],
)
def test_what_is_not_the_very_same_is_run(two_done: Tiny, words: list[str]) -> None:
    assert "(0 kept, 2 run)" in run(two_done, "x=1,2", *words)


def test_only_results_are_taken_over_and_no_excluded_run(tiny: Tiny) -> None:
    tiny.run("mode=plain,raise,diverge", code=1)
    main([str(tiny.root), "exclude", "plain", "--reason", "no"])
    out = tiny.run("mode=plain,raise,diverge", "hydra.sweep.dir=runs/other", code=1).stdout
    assert "(0 kept, 1 copied from runs/adhoc, 2 run)" in out


def test_a_run_of_other_data_is_run_here(tiny: Tiny) -> None:
    (tiny.cwd / "data.txt").write_text("one")
    tiny.run("x=1", DATA="one")
    (tiny.cwd / "data.txt").write_text("two")
    assert "(0 kept, 1 run)" in tiny.run("x=1", "hydra.sweep.dir=runs/other", DATA="two").stdout
    (tiny.cwd / "data.txt").write_text("one")
    assert "1 copied from runs/adhoc" in tiny.run("x=1", "hydra.sweep.dir=runs/third", DATA="one").stdout


def test_a_damaged_run_is_not_taken_over_and_one_elsewhere_mends_it(two_done: Tiny) -> None:
    (record, _) = two_done.records()
    (record.path / "history.csv").write_text("0,13\n")
    assert "(0 kept, 1 copied from runs/adhoc, 1 run)" in run(two_done, "x=1,2")
    assert "2 cells: 2 done (1 kept, 1 copied from runs/other, 0 run)" in two_done.run("x=1,2").stdout
    assert list(record.path.parent.glob("*/history.csv.damaged-1")) or list(record.path.glob("*damaged*"))


def test_outside_of_a_folder_called_runs_nothing_is_looked_for(two_done: Tiny) -> None:
    out = two_done.run("x=1,2", "hydra.sweep.dir=elsewhere/adhoc").stdout
    assert "(0 kept, 2 run)" in out


def test_running_a_copy_again_leaves_the_original_as_it_is(two_done: Tiny) -> None:
    run(two_done, "x=1,2")
    before = {path: path.read_bytes() for path in two_done.root.rglob("*") if path.is_file()}
    out = two_done.run("x=1,2", "hydra.sweeper.retry=all", "hydra.sweep.dir=runs/other").stdout
    assert "2 run" in out
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("path", sorted(PROJECT.glob("conf/**/timing.yaml")), ids=lambda path: path.parts[-2])
def test_sweeps_that_measure_times_take_nothing_over(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["hydra"]["sweeper"]["reuse"] is False


def test_links_are_not_taken_along(two_done: Tiny) -> None:
    (record, _) = two_done.records()
    (record.path / "leads").symlink_to("/etc")
    (record.path / "below").mkdir()
    (record.path / "below" / "kept").write_text("x")
    (record.path / "below" / "leads").symlink_to("/etc")
    assert "1 copied" in run(two_done, "x=1")
    (copy,) = elsewhere(two_done).values()
    assert (copy.path / "below" / "kept").read_text() == "x"
    assert not [path for path in copy.path.rglob("*") if path.is_symlink()]


def test_hundreds_of_sweeps_are_looked_through_in_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each folder is listed once, and no record is read but of a cell that is wanted."""
    for sweep in range(200):
        for cell in range(10):
            (tmp_path / "runs" / f"s{sweep}" / f"x-{sweep * 10 + cell:012x}").mkdir(parents=True)
    listed: list[str] = []
    scandir = os.scandir

    def listing(path: Path) -> Any:
        listed.append(str(path))
        return scandir(path)

    def reading(path: Path) -> Record:
        listed.append("a record")
        return read_record(path)

    monkeypatch.setattr(os, "scandir", listing)
    monkeypatch.setattr(neighbours, "read_record", reading)
    wanted = {f"{number:012x}": Cell(f"{number:012x}", "x", [], {}, {}) for number in (7, 5_000)}
    assert neighbours.found(wanted, tmp_path / "runs" / "new", "code") == {}
    assert len(listed) <= 2 * 200 + 2
    assert listed.count("a record") == 1
