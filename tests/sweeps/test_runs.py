"""python -m sweeps.runs: the runs of a sweep by their ids."""

import json
import shutil
from pathlib import Path

import pytest

from sweeps.execution.directory import command_folder
from sweeps.records.layout import SUPERSEDED
from sweeps.records.record import load_records
from sweeps.runs import main
from tests.support.tiny.driver import PROJECT, Tiny


@pytest.fixture
def root(two_done: Tiny) -> Path:
    return two_done.root


def ids(root: Path) -> list[str]:
    return list(load_records(root))


def run(root: Path, *words: str, code: int = 0) -> None:
    assert main([str(root), *words]) == code


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> str:
    run(root, *words, code=2)
    return capsys.readouterr().err


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_each_run_is_listed_with_what_tells_it_from_others(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = ids(root)
    run(root, "exclude", second[:5], "--reason", "the fan failed")
    said(capsys)
    run(root, "list")
    heading, *rows = said(capsys).splitlines()
    assert heading.split() == ["id", "status", "test_accuracy", "attempts", "overrides"]
    assert rows[0].split() == [first, "done", "1", "x=1"]
    assert rows[1].split() == [second, "done", "1", "x=2", "excluded:", "the", "fan", "failed"]


def test_exactly_the_runs_that_are_named_are_run_again(two_done: Tiny, root: Path) -> None:
    first, second = (record for record in two_done.records())
    plan, kept = two_done.plan(), (second.path / "report.json").read_bytes()
    out = two_done.run(f"hydra.sweeper.only=['{first.cell_id}']").stdout
    assert "1 cell: 1 done (0 kept, 1 run)" in out
    again = two_done.records()[0]
    assert again.data["launch"] != first.data["launch"]
    assert {**again.data, "overrides": ["x=1"]}["final"] == first.data["final"]
    (old,) = (root / SUPERSEDED).glob("*/report.json")
    assert json.loads(old.read_bytes())["launch"] == first.data["launch"]
    assert (second.path / "report.json").read_bytes() == kept
    now = two_done.plan()
    assert now["cells"] == plan["cells"]
    assert now["command"] == plan["command"]
    assert len(now["history"]) == len(plan["history"]) + 1


@pytest.mark.parametrize(("program", "shown"), [("mlp-runs", "mlp-sweep"), ("runs.py", "python -m sweeps")])
def test_the_command_that_is_shown_is_called_as_this_one_was(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: str, shown: str
) -> None:
    """Installed elsewhere than in `python`, the package's modules are not that program's."""
    monkeypatch.setattr("sys.argv", [f"/anywhere/{program}"])
    monkeypatch.setattr("sweeps.upkeep.run_again.require_ours", lambda *_: None)
    monkeypatch.setattr("sweeps.execution.in_turn.Commands.run", lambda *_, **__: 0)
    run(root, "rerun", ids(root)[0])
    assert said(capsys).startswith(f"{shown} hydra.sweep.dir=")


@pytest.mark.parametrize("name", ["", " ", "/"])
def test_an_empty_name_is_no_run(root: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """It was the only run of a sweep of one."""
    run(root, "drop", ids(root)[0])
    before = content(root)
    capsys.readouterr()
    for words in (["drop"], ["exclude", "--reason", "x"], ["rerun"]):
        err = refused(capsys, root, *words, name)
        assert f"{name!r} is no cell: give its id, or some of its name" in err
    assert content(root) == before


def test_another_application_is_run_again_by_its_own_command(
    two_done: Tiny, root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(two_done.cwd)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    (first, _), launches = ids(root), [record.data["launch"] for record in two_done.records()]
    run(root, "rerun", first[:6], code=2)
    assert "--application 'python app.py'" in capfd.readouterr().err
    run(root, "rerun", first[:6], "--application", "python -m tests.support.tiny.app")
    assert "1 cell: 1 done (0 kept, 1 run)" in capfd.readouterr().out
    now = [record.data["launch"] for record in two_done.records()]
    assert [one == other for one, other in zip(launches, now, strict=True)] == [False, True]


def test_what_makes_another_cell_by_now_is_not_run_as_the_old_one(two_done: Tiny, root: Path) -> None:
    first, _ = ids(root)
    before = content(root)
    error = two_done.run(f"hydra.sweeper.only=['{first}']", "hydra.sweeper.ignore=[]", code=2).stderr
    assert "makes another cell now" in error
    assert "neither plans nor records" in two_done.run("hydra.sweeper.only=['0123456789ab']", code=2).stderr
    assert content(root) == before


def test_a_dropped_run_can_be_brought_back_as_it_was(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = content(root)
    first, second = ids(root)
    run(root, "drop", first, "--reason", "a trial")
    assert ids(root) == [second]
    run(root, "list")
    assert "1 dropped run in .dropped" in said(capsys)
    run(root, "restore", first[:4])
    assert content(root) == before


def test_what_was_dropped_is_run_anew_and_both_are_kept(two_done: Tiny, root: Path) -> None:
    first, _ = ids(root)
    run(root, "drop", first)
    assert "2 cells: 2 done (1 kept, 1 run)" in two_done.run("x=1,2").stdout
    run(root, "restore", first, code=2)
    run(root, "drop", first)
    assert sorted(path.name[-2:] for path in (root / ".dropped").iterdir()) == [".1", ".2"]


def test_an_excluded_run_is_neither_run_nor_missing(two_done: Tiny, root: Path) -> None:
    first, second = ids(root)
    run(root, "exclude", first, "--reason", "a power cut")
    run(root, "drop", first)
    out = two_done.run("x=1,2").stdout
    assert "2 cells: 1 done, 1 excluded (1 kept, 0 run)" in out
    assert ids(root) == [second]
    run(root, "include", first)
    assert not (root / "excluded.json").exists()
    assert "2 cells: 2 done (1 kept, 1 run)" in two_done.run("x=1,2").stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["drop", "zzzz"], "no cell is called zzzz"),
        (["drop", "x="], "may be any of 2 cells"),
        (["exclude", "x=1", "--reason", " "], "--reason: must say why"),
        (["include", "x=1"], "is not excluded"),
        (["restore", "x=1"], "no dropped run is called so"),
        (["merge", "elsewhere"], "there is no such directory"),
        (["rename", ".hidden"], "must be a name for a directory"),
        (["rename", ""], "'': must be a name for a directory"),
        (["rename", "."], "is there already"),
        (["rename", ".."], "must be a name for a directory, not hidden"),
        (
            ["rename", "two\nlines"],
            "'two\\nlines': must be a name for a directory, in signs that can be printed",
        ),
        (["rename", "abc-0123456789ab"], "not a cell's"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    before = content(root)
    line = refused(capsys, root, *words)
    assert why in line
    assert line.count("\n") == 1
    assert content(root) == before


def test_nothing_is_moved_while_somebody_works_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = root.with_name("other")
    shutil.copytree(root, other)
    with command_folder(root, "20260101-000000-1a2b3c4d"):
        for words in (["drop", "x=1"], ["rename", "new"], ["merge", str(other)]):
            assert "is in use by process" in refused(capsys, root, *words)
    assert len(ids(root)) == 2
    assert not (root / ".dropped").exists()


def test_damage_to_the_list_of_exclusions_is_told_and_not_passed_over(
    two_done: Tiny, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "excluded.json").write_text('{"x": {"reason": 1}}')
    assert "excluded.json is damaged" in refused(capsys, root, "list")
    assert "excluded.json is damaged" in two_done.run("x=1,2", code=2).stderr


def test_a_renamed_sweep_goes_on_by_the_command_that_is_told(
    two_done: Tiny, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(two_done.cwd)
    run(Path("runs/adhoc"), "rename", "better")
    out = said(capsys)
    assert "runs/adhoc is runs/better now" in out
    assert "hydra.sweep.dir=" in out
    assert not root.exists()
    assert not list((root.with_name("better") / ".sweep").glob("lock*"))
    assert "(2 kept, 0 run)" in two_done.run("x=1,2", "hydra.sweep.dir=runs/better").stdout


def test_a_missing_word_is_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in ((["exclude", ids(root)[0]], "--reason"), (["rerun"], "ID"), (["rerunn"], "rerun")):
        with pytest.raises(SystemExit) as ended:
            main([str(root), *words])
        error = capsys.readouterr().err
        assert ended.value.code == 2
        assert said in error
        assert error.startswith("error: ")
        assert error.count("\n") == 1
