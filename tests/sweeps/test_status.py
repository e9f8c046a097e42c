"""python -m sweeps.status: the state of every cell, and why it is run again or not."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.cli.command import command
from sweeps.planning.fingerprint import fingerprint
from sweeps.planning.sources import changed, present, remember, remembered
from sweeps.records import lock
from sweeps.records.errors import UserError
from sweeps.records.layout import cell_dirs
from sweeps.records.plan import Cell, Plan, read_plan, write_plan
from sweeps.records.process import this_process
from sweeps.records.record import write_record
from sweeps.status import main

PROJECT = Path(__file__).parents[2]
MODULES = ["sweeps.records.lock", "conf"]


def a_cell(number: int, **config: Any) -> Cell:
    overrides = [f"activation={('relu', 'gelu')[number % 2]}", f"seed={number // 2}"]
    content = {"seed": number // 2, "activation": {"name": number % 2}, **config}
    return Cell(
        f"{number:012x}", f"{'rg'[number % 2]}elu-seed={number // 2}-{number:012x}", overrides, content, {}
    )


CELLS = [a_cell(number) for number in range(6)]


def record(root: Path, cell: Cell, status: str, **more: Any) -> None:
    (root / cell.name).mkdir(parents=True, exist_ok=True)
    head = {
        "schema": 1,
        "cell_id": cell.id,
        "config": cell.config,
        "overrides": cell.overrides,
        "status": status,
    }
    write_record(root / cell.name, {**head, "code": fingerprint(MODULES), **more})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Hold a sweep of six cells, one in each state that needs no living process."""
    write_plan(tmp_path, Plan("grid", CELLS, code=fingerprint(MODULES)))
    (tmp_path / ".sweep").mkdir()
    remember(tmp_path, MODULES)
    record(tmp_path, CELLS[0], "done", final={"test_accuracy": 0.97123}, timing={"total_wall_s": 31.2})
    record(
        tmp_path, CELLS[1], "failed", error={"type": "builtins.ValueError", "message": "no\nmore"}, attempts=3
    )
    record(tmp_path, CELLS[2], "diverged", diverged={"epoch": 3, "step": 41, "what": "train_loss"})
    record(tmp_path, CELLS[3], "interrupted")
    (tmp_path / CELLS[3].name / "history.csv").write_text("epoch,test_accuracy\n1,0.9\n2,0.95\n")
    (tmp_path / CELLS[4].name).mkdir()
    (tmp_path / CELLS[4].name / "report.json").write_text('{"schema": 1')
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(argument) for argument in arguments]) in (0, 1)
    return capsys.readouterr().out


def test_counts_come_first_then_what_has_no_result(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = answer(capsys, root).splitlines()
    assert lines[0] == (
        f"{root} (grid): 6 cells: 1 done, 1 missing, 1 diverged, 1 interrupted, 1 damaged, 1 failed"
    )
    assert lines[1] == "  4 cells would be run by the same command again"
    rows = {line.split()[0]: line for line in lines[2:]}
    assert set(rows) == {"failed", "damaged", "interrupted", "diverged", "missing"}
    assert rows["failed"].endswith(f"{CELLS[1].name}  ValueError: no, 3 attempts")
    assert rows["diverged"].endswith("train_loss not finite, epoch 3, step 41")
    assert rows["interrupted"].endswith("after epoch 2")
    assert "report.json is truncated" in rows["damaged"]


def test_all_lists_done_cells_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = answer(capsys, root, "--all").splitlines()
    assert len(lines) == 2 + 6
    assert lines[-1].endswith(f"{CELLS[0].name}  test accuracy 0.9712, 31 s")


def test_every_status_of_a_record_has_its_place(root: Path) -> None:
    from sweeps.records.schema import BY_URGENCY, STATUSES

    assert set(BY_URGENCY) == {*STATUSES, "lost", "damaged", "missing"}


def test_json_says_it_all(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads(answer(capsys, root, "--json"))
    assert content["sweep"] == "grid"
    assert content["counts"] == dict.fromkeys(
        ("done", "failed", "diverged", "interrupted", "damaged", "missing"), 1
    )
    assert [cell["id"] for cell in content["cells"]] == [cell.id for cell in CELLS]
    assert [cell["due"] for cell in content["cells"]] == [False, True, False, True, True, True]


def test_a_running_cell_names_its_process_and_epoch(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    worker = {key: value for key, value in asdict(this_process()).items() if key != "token"}
    record(root, CELLS[3], "running", worker=worker)
    (row,) = [line for line in answer(capsys, root).splitlines() if line.startswith("running")]
    assert row.endswith(f"after epoch 2, process {worker['pid']} on {worker['host']}")


def test_a_process_that_died_is_lost(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {"host": this_process().host, "pid": 2**22 - 1, "process_started": "0"}
    record(root, CELLS[3], "running", worker=gone)
    assert any(line.startswith("lost ") for line in answer(capsys, root).splitlines())


def test_the_sweep_that_runs_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with lock.acquire(root / ".sweep" / "lock"):
        assert f"{this_process()} is running this sweep" in answer(capsys, root)


def test_cells_outside_the_plan_are_counted_apart(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(root, a_cell(9), "done")
    text = answer(capsys, root)
    assert "6 cells: 1 done" in text
    assert "1 recorded cell outside the plan (--all lists them)" in text
    assert f"{a_cell(9).name}  outside the plan" in answer(capsys, root, "--all")


def test_without_a_plan_the_records_are_shown(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "sweep.json").unlink()
    assert "(no plan): 5 cells: 1 done" in answer(capsys, root)


def test_of_many_cells_never_started_some_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plan(tmp_path, Plan("grid", [a_cell(number) for number in range(50)]))
    lines = answer(capsys, tmp_path).splitlines()
    assert lines[-1] == "and 40 more that were never started (--all lists them)"
    assert len(lines) == 2 + 10 + 1
    assert len(answer(capsys, tmp_path, "--all").splitlines()) == 2 + 50


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "next time: skipped (done); hydra.sweeper.retry=all: run"),
        (1, "next time: run (failed); hydra.sweeper.retry=none: skipped"),
        (2, "next time: skipped (diverged); hydra.sweeper.retry=all: run"),
        (3, "next time: run (interrupted); hydra.sweeper.retry=none: skipped"),
        (4, "next time: run (report.json is truncated"),
        (5, "next time: run (never run)"),
    ],
)
def test_explain_says_what_the_next_sweep_does(
    root: Path, number: int, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in (CELLS[number].id, CELLS[number].name, f"runs/grid/{CELLS[number].name}/"):
        assert expected in answer(capsys, root, "--explain", text)


def test_explain_follows_the_retry_mode(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, root, "--explain", CELLS[0].id, "--retry", "all")
    assert "next time: run (done, run again by retry=all), from its first epoch" in text


def test_explain_names_the_source_that_changed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = remembered(root)
    old = dict(known[fingerprint(MODULES)])
    old["conf/__init__.py"] = "0" * 64
    old["conf/gone.py"] = "1" * 64
    (root / ".sweep" / "code.json").write_text(json.dumps({"0123456789ab": old, **known}))
    record(root, CELLS[0], "done", code="0123456789ab")
    text = answer(capsys, root, "--explain", CELLS[0].id)
    assert "skipped (done, made by other code); hydra.sweeper.retry=stale or all: run" in text
    assert "code changed since: conf/__init__.py, conf/gone.py" in text
    assert "1 result made by other code (hydra.sweeper.retry=stale runs them again)" in answer(capsys, root)


def test_explain_without_the_sources_gives_the_fingerprints(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(root, CELLS[0], "done", code="0123456789ab")
    text = answer(capsys, root, "--explain", CELLS[0].id)
    assert f"code: 0123456789ab then, {fingerprint(MODULES)} now" in text


def test_explain_names_the_value_that_changed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edited config file makes a new cell of the same overrides; the old one falls out of the plan."""
    before = replace(a_cell(5), id="ffffffffffff", name="gelu-seed=2-ffffffffffff")
    before.config["activation"] = {"name": 1, "alpha": 1.67}
    record(root, before, "done")
    new = answer(capsys, root, "--explain", CELLS[5].id)
    assert f"nearest is {before.name} (recorded, but not planned); from that to this cell changed" in new
    assert "activation.alpha: 1.67 → (none)" in new
    old = answer(capsys, root, "--explain", before.name)
    assert "is not in the plan: the sweep does not run it, its report leaves it out" in old
    assert "activation.alpha: (none) → 1.67" in old


def test_explain_does_not_invent_relatives(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    far = replace(a_cell(8), config=dict.fromkeys("abcdefgh", 1))
    record(root, far, "done")
    assert "nearest" not in answer(capsys, root, "--explain", CELLS[5].id)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no such directory"),
        (["empty"], "holds no plan and no run records"),
        (["a_file"], "is no directory"),
        (["broken"], "sweep.json is damaged"),
        (
            ["sweep", "--explain", "nobody"],
            "no cell is called nobody: neither the plan nor the records know it",
        ),
        (["sweep", "--explain", "elu"], "elu may be any of 6 cells, such as"),
    ],
)
def test_mistakes_are_told_in_one_line_with_exit_code_2(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    for name in ("broken", "empty", "sweep"):
        Path(name).mkdir()
    Path("broken/sweep.json").write_text("{")
    write_plan(Path("sweep"), Plan("grid", CELLS))
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert message in told.err
    assert told.err.count("\n") == 1


def test_the_command_needs_neither_hydra_nor_the_network_library(root: Path) -> None:
    script = (
        "import sys; from sweeps.status import main; code = main([sys.argv[1]]); "
        "heavy = {'hydra', 'numpy', 'mlp', 'rich'} & set(sys.modules); sys.exit(heavy or code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(root)], cwd=PROJECT, capture_output=True, text=True
    )
    assert run.returncode == 1, "what has no result is 1"
    assert not run.stderr, "nothing heavy was loaded"


def test_looking_changes_nothing_on_disk(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def everything() -> list[tuple[str, int]]:
        return sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob("*"))

    before = everything()
    answer(capsys, root)
    answer(capsys, root, "--explain", CELLS[0].id)
    assert everything() == before


# What every command does alike.


@pytest.mark.parametrize(
    ("streams", "encoding", "shown"),
    [(">&- 2>&- <&-", "utf-8", ""), ("2>&- <&-", "ascii", "(gr?n): 6 cells")],
)
def test_streams_may_be_closed_or_know_few_characters(
    root: Path, streams: str, encoding: str, shown: str
) -> None:
    write_plan(root, Plan("grün", CELLS, code=fingerprint(MODULES)))
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m sweeps.status "$1" {streams}', sys.executable, str(root)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert shown in done.stdout


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, ""),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), 2, "error: runs: Permission denied\n"),
        (OSError(errno.ENOSPC, "No space left"), 2, "error: No space left\n"),
    ],
)
def test_what_the_machine_refuses_and_the_user_ends_is_no_traceback(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @command
    def fail() -> int:
        raise error

    assert fail() == code
    assert capsys.readouterr().err == line


def test_a_directory_that_cannot_be_read_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for read in (read_plan, cell_dirs):
        with pytest.raises(UserError, match=r"^cannot read .*: File name too long$"):
            read(Path("x" * 5000))


# Which sources changed.


def test_sources_are_remembered_once_for_each_fingerprint(tmp_path: Path) -> None:
    (tmp_path / ".sweep").mkdir()
    remember(tmp_path, MODULES)
    first = (tmp_path / ".sweep" / "code.json").stat().st_mtime_ns
    remember(tmp_path, MODULES)
    assert (tmp_path / ".sweep" / "code.json").stat().st_mtime_ns == first
    assert list(remembered(tmp_path)) == [fingerprint(MODULES)]
    assert present(tmp_path)[0] == fingerprint(MODULES)


def test_nothing_remembered_is_nothing_known(tmp_path: Path) -> None:
    remember(tmp_path, [])
    assert remembered(tmp_path) == {}
    assert present(tmp_path) == ("", {})


@pytest.mark.parametrize("content", ["[]", '{"a": 5}', '{"a": null, "b": ["c"]}'])
def test_sources_that_cannot_be_believed_are_nothing_known(root: Path, content: str) -> None:
    (root / ".sweep" / "code.json").write_text(content)
    assert remembered(root) == {}
    assert main([str(root)]) == 1


def test_a_change_is_a_file_that_differs_came_or_went() -> None:
    assert changed({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == ["b", "c", "d"]


def test_a_folder_of_sweeps_lists_the_sweeps_below_it(
    root: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path_factory.mktemp("runs")
    root.rename(runs / "grid")
    one = CELLS[0]
    (runs / "study" / "timing").mkdir(parents=True)
    write_plan(runs / "study" / "timing", Plan("timing", [one], code=""))
    record(
        runs / "study" / "timing",
        one,
        "done",
        final={"rmse": 1.5},
        metric={"name": "rmse", "direction": "minimize"},
    )
    record(runs / "by_hand", one, "done", final={"test_accuracy": 0.5})
    (runs / "notes").mkdir()
    lines = answer(capsys, runs).splitlines()
    assert lines == [
        f"{runs}/by_hand (no plan): 1 cell: 1 done",
        f"{runs}/grid (grid): 6 cells: 1 done, 1 missing, 1 diverged, 1 interrupted, 1 damaged, 1 failed",
        f"{runs}/study/timing (timing): 1 cell: 1 done",
    ]
    assert main([str(runs)]) == 1
    assert main([str(runs / "study")]) == 0
    capsys.readouterr()
    assert [each["sweep"] for each in json.loads(answer(capsys, runs, "--json"))] == [None, "grid", "timing"]
    assert "rmse 1.5" in answer(capsys, runs / "study" / "timing", "--all")
    assert main([str(runs), "--explain", "x"]) == 2
    assert "holds several sweeps" in capsys.readouterr().err
