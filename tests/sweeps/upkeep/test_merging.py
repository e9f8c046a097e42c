"""Two machines' directories of a sweep become one; nothing is lost, whenever it is cut short."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sweeps.records.plan import read_plan
from sweeps.records.record import load_records
from sweeps.runs import main
from tests.support.mortal import MORTAL
from tests.support.tiny.driver import PROJECT, Tiny, after


@pytest.fixture(scope="module")
def two_machines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two directories: one with x = 1 and 2, the other with x = 2 and 3."""
    cwd = tmp_path_factory.mktemp("machines")
    for name, values in (("one", "x=1,2"), ("two", "x=2,3")):
        (cwd / name).mkdir()
        after(cwd / name, values)
    return cwd


@pytest.fixture
def here(two_machines: Path, tmp_path: Path) -> Path:
    shutil.copytree(two_machines, tmp_path / "m")
    return tmp_path / "m" / "one" / "runs" / "adhoc"


@pytest.fixture
def there(here: Path) -> Path:
    return here.parents[2] / "two" / "runs" / "adhoc"


def finals(root: Path) -> dict[int, Any]:
    records = load_records(root).values()
    return {record.data["config"]["x"]: record.data["final"] for record in records if record.is_complete}


def content(root: Path) -> dict[str, bytes]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def change(root: Path, x: int, **facts: Any) -> str:
    """Write something else into the record of a run; return its id."""
    (record,) = (r for r in load_records(root).values() if r.data["config"]["x"] == x)
    data = json.loads((record.path / "report.json").read_text())
    (record.path / "report.json").write_text(json.dumps(data | facts))
    return record.cell_id


def test_runs_plans_exclusions_and_notes_come_together(here: Path, there: Path) -> None:
    assert main([str(there), "exclude", "x=3", "--reason", "too warm"]) == 0
    (there / "notes.md").write_text("warm")
    before = content(there)
    assert main([str(here), "merge", str(there)]) == 0
    plan = read_plan(here)
    assert plan is not None
    assert sorted(finals(here)) == [1, 2, 3]
    assert [cell.config["x"] for cell in plan.cells] == [1, 2, 3]
    assert len(plan.history) == 2
    assert json.loads((here / "excluded.json").read_text()) == json.loads(before["excluded.json"])
    assert (here / "notes.md").read_text() == "warm"
    assert content(there) == before
    twice = content(here)
    assert main([str(here), "merge", str(there)]) == 0
    assert content(here) == twice


def test_another_result_of_a_run_is_told_by_its_id_and_both_stay(
    here: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell_id = change(there, 2, final={"total": 7})
    mine, theirs = finals(here)[2], content(there)
    assert main([str(here), "merge", str(there)]) == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert (
        line
        == f"{cell_id}: has another result there (total {mine['total']} here, 7 there); the one here stays"
    )
    assert finals(here)[2] == mine
    assert content(there) == theirs
    assert 3 in finals(here)


def test_a_result_comes_in_where_there_was_only_a_failure_which_is_kept_aside(
    here: Path, there: Path
) -> None:
    change(here, 2, status="failed", error={"type": "OSError", "message": "full"})
    assert main([str(here), "merge", str(there)]) == 0
    assert finals(here)[2] == finals(there)[2]
    (aside,) = (here / ".previous").glob("*/report.json")
    assert json.loads(aside.read_text())["status"] == "failed"


def test_no_name_in_a_plan_leads_a_run_out_of_the_directory(here: Path, there: Path) -> None:
    """A plan that came with a merge names cells of another machine; a later merge wrote where it said."""
    change(here, 2, status="failed")
    (run,) = (record for record in load_records(there).values() if record.data["config"]["x"] == 3)
    plan = json.loads((there / "sweep.json").read_text())
    (cell,) = (cell for cell in plan["cells"] if cell["id"] == run.cell_id)
    mine = json.loads((here / "sweep.json").read_text())
    outside = f"../../../outside-{run.cell_id}"
    mine["cells"].append({**cell, "name": outside})
    (here / "sweep.json").write_text(json.dumps(mine))
    assert main([str(here), "merge", str(there)]) == 0
    assert not (here / outside).exists()
    assert (here / run.path.name / "report.json").exists()


def test_plans_of_other_contracts_are_not_joined(
    here: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = json.loads((there / "sweep.json").read_text())
    (there / "sweep.json").write_text(json.dumps(plan | {"ladder": [3, 7]}))
    before = content(here)
    assert main([str(here), "merge", str(there)]) == 2
    assert "has ladder = [3, 7]" in capsys.readouterr().err
    assert content(here) == before
    assert main([str(here), "merge", str(here)]) == 2


@pytest.mark.parametrize("calls", [1, 3, 6, 9])
def test_killed_anywhere_it_leaves_both_whole_and_goes_on(here: Path, there: Path, calls: int) -> None:
    """The process kills itself at the n-th call that changes names on disk."""
    code = f"""{MORTAL}
from sweeps.runs import main
os.replace, Path.rename, Path.replace = map(mortal, (os.replace, Path.rename, Path.replace))
sys.exit(main(sys.argv[1:]))
"""
    before, mine = content(there), finals(here)
    command = [sys.executable, "-c", code, str(calls), str(here), "merge", str(there)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True)
    assert done.returncode in (-signal.SIGKILL, 0)
    assert content(there) == before
    assert read_plan(here) is not None
    assert {x: final for x, final in finals(here).items() if x in mine} == mine
    assert main([str(here), "merge", str(there)]) == 0
    assert sorted(finals(here)) == [1, 2, 3]
    assert not list((here / ".sweep").glob("incoming-*"))
    tiny = Tiny(here.parents[1])
    assert "3 cells: 3 done (3 kept, 0 run)" in tiny.run("x=1,2,3").stdout


def test_a_clocks_figures_are_no_other_result(
    here: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (known,) = (each.data["final"] for each in load_records(here).values() if each.data["config"]["x"] == 2)
    change(there, 2, final={**known, "fit_s": 1.5})
    assert main([str(here), "merge", str(there)]) == 0
    assert "1 of 2 runs" in capsys.readouterr().out
