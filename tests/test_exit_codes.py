"""The exit code of every command that reads a sweep: 0 all is there, 1 something is missing, 2 a mistake."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.__main__ import main as reports
from sweeps import status, studies
from sweeps.job import inspection
from tests.support import synthetic

COMMANDS: dict[str, Callable[[Path], int]] = {
    "report": lambda root: reports([str(root), "--no-plots"]),
    "compare": lambda root: reports(["compare", str(root), str(root)]),
    "export": lambda root: reports(["export", str(root), "--to", "json"]),
    "status": lambda root: status.main([str(root)]),
    "status --all": lambda root: status.main([str(root), "--all"]),
    "status --json": lambda root: status.main([str(root), "--json"]),
}
CODES = {"done": 0, "diverged": 0, "missing": 1, "failed": 1, "interrupted": 1, "running": 1, "damaged": 1}


@pytest.mark.parametrize("state", CODES)
def test_a_planned_run_without_a_result_is_1_for_every_command(state: str, tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge", "focal"]}, epochs=2)
    cells[0].status = state if state != "damaged" else "done"
    root = synthetic.write_sweep(tmp_path, cells)
    if state == "damaged":
        (root / cells[0].name / "report.json").write_text("{")
    assert {name: command(root) for name, command in COMMANDS.items()} == dict.fromkeys(
        COMMANDS, CODES[state]
    )


MAINS: dict[str, Callable[[list[str]], int]] = {
    "status": status.main,
    "report": reports,
    "compare": lambda words: reports(["compare", *words]),
    "export": lambda words: reports(["export", *words]),
    "studies": studies.main,
    "inspection": inspection.main,
}


@pytest.mark.parametrize("command", MAINS)
def test_a_wrong_option_is_one_line_with_the_name_that_is_like_it(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"compare": ["x", "y"], "export": ["x", "--to", "csv"]}.get(command, ["x"])
    with pytest.raises(SystemExit, match="2"):
        MAINS[command]([*words, "--hlep"])
    said = capsys.readouterr()
    line = "error: unrecognized arguments: --hlep (did you mean --help?); --help shows what there is\n"
    assert (said.out, said.err) == ("", line)


def test_a_wrong_choice_names_the_one_that_is_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        status.main(["x", "--retry", "stal"])
    assert "(did you mean stale?)" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "report", "compare", "inspection"])
def test_a_line_break_in_a_path_splits_no_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(tmp_path / "a\nb")] * (2 if command == "compare" else 1)
    assert MAINS[command](paths) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "a\\nb" in said


def test_what_is_not_planned_is_not_missing(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge", "focal"]}, epochs=2)
    cells[2].status = "failed"
    synthetic.write_cell(tmp_path, cells[2])
    root = synthetic.write_sweep(tmp_path, cells[:2])
    assert {name: command(root) for name, command in COMMANDS.items()} == dict.fromkeys(COMMANDS, 0)
    (root / "sweep.json").unlink()  # without a plan the records are all there is
    assert {name: command(root) for name, command in COMMANDS.items()} == dict.fromkeys(COMMANDS, 1)


def test_numbers_that_differ_are_no_failure_of_a_comparison(tmp_path: Path) -> None:
    for name, epochs in (("a", 2), ("b", 4)):
        synthetic.write_sweep(tmp_path / name, synthetic.grid({"loss": ["mse", "hinge"]}, epochs=epochs))
    assert reports(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0


def test_a_mistake_is_2_for_every_command(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "none"):
        assert {name: command(root) for name, command in COMMANDS.items()} == dict.fromkeys(COMMANDS, 2)
