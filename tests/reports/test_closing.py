"""The end of a sweep in the terminal: what is best, what matters, what failed, and where to look."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reports.closing import closing
from reports.page.build import make_report
from reports.runs.reader import load
from sweeps.records.plan import read_plan
from sweeps.records.record import load_records
from sweeps.view.wording import finished
from tests.support import synthetic
from tests.support.tiny.driver import PROJECT, Tiny

AXES: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "optimizer.lr": [0.01, 0.1],
}
ONE = ["activation=gelu", "loss=hinge", "dataset=sample", "training.epochs=1"]


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path)


def words(root: Path, cells: list[synthetic.Cell]) -> list[str]:
    return list(closing(root, [one.cell_id for one in cells]))


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_the_sentences_at_the_end_are_those_of_the_findings(tmp_path: Path, seeds: int) -> None:
    cells = synthetic.grid(AXES, seeds=range(seeds))
    cells[0].status, cells[1].status = "failed", "diverged"
    root = synthetic.write_sweep(tmp_path / "grid", cells)
    told = words(root, cells)
    findings = make_report(load(root), plots=False).findings
    best = next(finding.text for finding in findings if finding.kind == "best")
    assert told[0] == best
    assert seeds < 3 or "corrected for being picked" in best
    others = [
        line for line in told[1:] if not line.startswith(("May be as good", "Look at it", "Its report"))
    ]
    assert all(any(finding.text.startswith(line) for finding in findings) for line in others)
    matters = "Test accuracy by loss" if seeds == 1 else "Share of the variance"
    assert sum(line.startswith(matters) for line in others) == 1
    assert any("1 of " in line and "failed, with “MemoryError" in line for line in others)
    assert sum(line.startswith("1 of ") and "diverged" in line for line in others) == 1


def test_those_that_may_be_as_good_are_named_the_better_first(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(5))
    told = words(synthetic.write_sweep(tmp_path / "grid", cells), cells)
    count = int(re.search(r"(\d+) may be best", told[0])[1])  # type: ignore[index]
    named = told[1].removeprefix("May be as good: ").removesuffix(".").split("; ")
    assert told[1].startswith("May be as good: ")
    assert len(named) == count if count <= 3 else named[-1] == f"and {count - 3} more"
    cell = r"activation (relu|gelu), loss (mse|hinge), lr (0\.01|0\.1)"
    assert all(re.fullmatch(cell, name) for name in named[:3])


def test_only_the_runs_of_the_command_are_told_of(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(1))
    root = synthetic.write_sweep(tmp_path / "adhoc", cells)
    mine = [one for one in cells if one.values["loss"] == "mse"]
    told = words(root, mine)
    assert "hinge" not in " ".join(told)
    assert "loss" not in told[0]


def test_the_commands_that_show_more_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = synthetic.grid(AXES, seeds=range(1))
    root = synthetic.write_sweep(tmp_path / "runs" / "grid", cells)
    monkeypatch.chdir(tmp_path)
    assert words(root, cells)[-2:] == [
        "Look at it: python -m reports serve runs/grid",
        "Its report: python -m reports runs/grid → runs/grid/report/index.html",
    ]
    Path("Makefile").touch()
    assert words(root, cells)[-2].startswith("Look at it: make watch SWEEP=grid or ")


def test_a_run_alone_prints_its_figures_whatever_they_are_called(tmp_path: Path) -> None:
    one = synthetic.cell({"seed": 0})
    root = synthetic.write_sweep(tmp_path / "one", [one])
    path = root / one.name / "report.json"
    record = json.loads(path.read_text())
    assert words(root, [one])[0].startswith(f"Test accuracy {record['final']['test_accuracy']:.4f}, training")
    path.write_text(json.dumps(record | {"final": {"rmse": 2.53, "test_accuracy": 0.5}}))
    assert words(root, [one])[0] == "Test accuracy 0.5000, rmse 2.53."
    path.write_text(json.dumps(record | {"final": {"rmse": 2.53}}))
    assert words(root, [one])[0] == "Rmse 2.53."


def test_runs_without_any_result_have_no_best(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(1))
    for one in cells:
        one.status = "failed"
    told = words(synthetic.write_sweep(tmp_path / "grid", cells), cells)
    assert told[0] == "No run has ended well."
    assert "8 of 8 runs failed" in told[1]


def test_the_end_of_a_large_sweep_comes_soon(tmp_path: Path) -> None:
    rates = [0.2 / (k + 1) for k in range(10)]
    cells = synthetic.grid({**synthetic.GRID, "optimizer.lr": rates}, seeds=range(2), epochs=3)
    root = synthetic.write_sweep(tmp_path / "grid", cells)
    began = time.monotonic()
    assert words(root, cells)[0].startswith("The highest test accuracy")
    assert time.monotonic() - began < 20  # on a quiet machine a tenth of it


def test_a_single_run_of_a_command_prints_its_accuracy(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sweeps", *ONE, f"hydra.sweep.dir={tmp_path / 'one'}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    (record,) = load_records(tmp_path / "one").values()
    assert f"Test accuracy {record.data['final']['test_accuracy']:.4f}, " in done.stdout
    assert "closing" not in json.dumps(record.data["config"])


def test_an_applications_own_words_are_the_last_and_control_no_terminal(tiny: Tiny) -> None:
    out = tiny.run("x=1,2", "hydra.sweeper.closing=tests.support.tiny.closings.tells").stdout.splitlines()
    assert out[-1] == r"adhoc: 2 ended\x1b[2J"
    assert out[-2].startswith("2 cells: 2 done")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("raises", "RuntimeError: the words failed"),
        ("leaves", "SystemExit: 5"),
        ("is_interrupted", "were interrupted"),
        ("returns_none", "TypeError"),
    ],
)
def test_words_that_fail_fail_no_sweep(tiny: Tiny, name: str, says: str) -> None:
    done = tiny.run("x=1", f"hydra.sweeper.closing=tests.support.tiny.closings.{name}")
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert tiny.record().status == "done"
    code = tiny.run("mode=raise", f"hydra.sweeper.closing=tests.support.tiny.closings.{name}", code=1)
    assert "1 cell: 1 failed" in code.stdout


@pytest.mark.parametrize(
    "name", ["tests.support.tiny.closings.nope", "nope.nope", "nope", "tests.support.tiny.closings.Path.nope"]
)
def test_words_that_nobody_has_are_a_mistake_before_anything_is_written(tiny: Tiny, name: str) -> None:
    err = tiny.run("x=1", f"hydra.sweeper.closing={name}", code=2).stderr
    assert err.startswith(f"error: hydra.sweeper.closing={name}: cannot be imported")
    assert not tiny.root.exists()


def test_a_sweep_that_is_only_planned_has_no_last_words(tiny: Tiny) -> None:
    closing = "hydra.sweeper.closing=tests.support.tiny.closings.tells"
    assert "ended" not in tiny.run("x=1,2", closing, "hydra.sweeper.dry_run=true").stdout


def test_the_commonest_reason_is_told_first_and_once(tiny: Tiny) -> None:
    out = tiny.run("mode=raise", f"x={','.join(map(str, range(8)))}", code=1).stdout.splitlines()[1:]
    assert out[0] == "8 cells failed: ArithmeticError: the job's own mistake"
    assert [line[:5] for line in out[1:6]] == [f"  x={k}" for k in range(5)]
    assert out[6] == "  and 3 more: python -m sweeps.status runs/adhoc lists them"
    assert out[7] == "The same command runs again what has no result."
    assert "".join(out).count("the job's own mistake") == 1
    out = tiny.run("mode=raise", "x=1", "hydra.sweeper.retry=none", code=1).stdout.splitlines()
    assert len(out) == 2
    assert "failed: ArithmeticError" in out[0]


def test_reasons_that_differ_in_numbers_alone_are_one(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(1))
    for k, one in enumerate(cells[:4]):
        one.status = "failed"
        one.extra = {"error": {"type": "MemoryError", "message": f"{k} bytes", "traceback": ""}}
    root = synthetic.write_sweep(tmp_path / "grid", cells)
    plan = read_plan(root)
    assert plan is not None
    text = finished(root, plan, load_records(root), {}, 0, 1.0)
    assert text.startswith("4 cells failed: MemoryError: 0 bytes\n")
    assert text.count("MemoryError") == 1


def test_any_applications_figure_has_its_best(tiny: Tiny) -> None:
    out = tiny.run("x=1,2,3", "seed=0,1,2", "hydra.sweeper.closing=reports.closing.closing").stdout
    told = list(closing(tiny.root, [record.cell_id for record in tiny.records()]))
    assert told[0].startswith("The highest total")
    assert told[0] in out


def test_an_errors_best_is_the_lowest(tiny: Tiny) -> None:
    goal = ("hydra.sweeper.metric=total", "hydra.sweeper.direction=minimize")
    out = tiny.run("x=1,2,3", *goal, "hydra.sweeper.closing=reports.closing.closing").stdout
    assert re.search(r"^The lowest total, [\d.]+, has x 1", out, re.MULTILINE)
