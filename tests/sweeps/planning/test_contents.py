"""Data edited under the same name: runs of other content are due again, kept aside, and named."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.__main__ import main as reports
from sweeps.planning.due import Retry, verdict
from sweeps.records.content import Content
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan, read_plan, write_plan
from sweeps.records.record import Record, load_records
from sweeps.status import main as status
from tests.support.tiny.driver import PROJECT, Tiny, after

DRY = "hydra.sweeper.dry_run=true"
OLD, NEW = (hashlib.sha256(text.encode()).hexdigest() for text in ("old", "new"))
CHANGE = f"(data.txt: {OLD[:12]}, now {NEW[:12]})"


def write(tiny: Tiny, text: str) -> None:
    (tiny.cwd / "data.txt").write_text(text)


def contents(tiny: Tiny) -> dict[int, str]:
    """The hash that the record of each seed holds."""
    return {r.data["config"]["seed"]: r.data["dataset"]["sha256"] for r in tiny.records() if r.is_complete}


@pytest.fixture(scope="module")
def ran_on_old(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    tiny = Tiny(tmp_path_factory.mktemp("old"))
    write(tiny, "old")
    tiny.run("seed=0,1")
    return tiny


@pytest.fixture
def edited(ran_on_old: Tiny, tmp_path: Path) -> Tiny:
    """The application after `seed=0,1`, whose data were edited since."""
    tiny = ran_on_old.copied_to(tmp_path)
    plan = tiny.plan()
    plan["datasets"][0]["file"] = str(tmp_path / "data.txt")
    (tiny.root / "sweep.json").write_text(json.dumps(plan))
    write(tiny, "new")
    return tiny


def test_plan_and_records_hold_the_hash_and_the_id_does_not(ran_on_old: Tiny, tmp_path: Path) -> None:
    plan = ran_on_old.plan()
    assert [each["sha256"] for each in plan["datasets"]] == [OLD]
    assert [cell["dataset"] for cell in plan["cells"]] == [0, 0]
    assert contents(ran_on_old) == {0: OLD, 1: OLD}
    without_data = after(tmp_path, "seed=0,1")
    assert {r.cell_id for r in without_data.records()} == {r.cell_id for r in ran_on_old.records()}
    assert not without_data.plan()["datasets"]


def test_results_of_other_data_are_due_named_and_kept_aside(edited: Tiny) -> None:
    before = {r.path.name: (r.path / "report.json").read_bytes() for r in edited.records()}
    dry = edited.run("seed=0,1,2", DRY)
    assert "3 due" in dry.stdout
    assert "2 done, but of other data than data.txt holds now" in dry.stdout
    assert dry.stderr == "warning: the data are text\n"
    done = edited.run("seed=0,1,2")
    assert f"2 results of other data {CHANGE}: run again; the old ones are kept in" in done.stdout
    assert "3 cells: 3 done (0 kept, 3 run)" in done.stdout
    assert contents(edited) == {0: NEW, 1: NEW, 2: NEW}
    aside = edited.root / ".superseded"
    assert {f"{name}.1" for name in before} == {path.name for path in aside.iterdir()}
    for name, content in before.items():
        assert (aside / f"{name}.1" / "report.json").read_bytes() == content
    again = edited.run("seed=0,1,2").stdout
    assert "(3 kept, 0 run)" in again
    assert "other data" not in again
    assert len(list(aside.iterdir())) == 2


def test_status_sees_the_edited_file_and_does_without_it(
    edited: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    status([str(edited.root), "--all"])
    told = capsys.readouterr().out
    assert "2 cells: 2 other data\n" in told
    assert f"2 results of other data {CHANGE}: due again" in told
    assert "2 cells would be run by the same command again" in told
    assert told.count("\nother data ") == 2
    status([str(edited.root), "--explain", edited.records()[0].cell_id])
    assert f"1 result of other data {CHANGE}" in capsys.readouterr().out
    (edited.cwd / "data.txt").unlink()
    status([str(edited.root), "--all"])
    assert "other data" not in capsys.readouterr().out


def test_a_narrow_rerun_leaves_the_rest_named_in_the_shared_plan(
    edited: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    edited.run("seed=1,2")
    assert contents(edited) == {0: OLD, 1: NEW, 2: NEW}
    plan = read_plan(edited.root)
    assert plan is not None
    assert {cell.content.sha256 for cell in plan.cells if cell.content} == {NEW}
    status([str(edited.root)])
    assert f"1 result of other data {CHANGE}" in capsys.readouterr().out


def test_data_that_are_of_no_one_file_are_asked_for_again_in_the_shared_plan(tiny: Tiny) -> None:
    write(tiny, "old")
    tiny.run("seed=0", NO_FILE="1")
    write(tiny, "new")
    tiny.run("seed=1", NO_FILE="1")
    plan = read_plan(tiny.root)
    assert plan is not None
    assert [cell.content and cell.content.sha256 for cell in plan.cells] == [NEW, NEW]
    assert status([str(tiny.root)]) == 1
    assert reports([str(tiny.root), "--no-plots"]) == 1


def test_a_run_that_found_other_data_than_planned_is_not_taken_for_the_planned_one(tiny: Tiny) -> None:
    write(tiny, "old")
    done = tiny.run("seed=0", DATA="new", code=1)
    assert tiny.record().data["dataset"] == {"name": "data.txt", "sha256": NEW}
    assert "1 result of other data" in done.stdout
    assert "not what was planned; the same command runs them again" in done.stdout
    write(tiny, "new")
    assert "(1 kept, 0 run)" in tiny.run("seed=0", DATA="new").stdout


def test_an_unfinished_run_of_other_data_is_not_continued(tiny: Tiny) -> None:
    write(tiny, "old")
    tiny.run("mode=raise", "mode.once=true", code=1)
    assert tiny.record().data["dataset"]["sha256"] == OLD
    (tiny.record().path / "checkpoint.json").write_text("[12345, 3]")
    write(tiny, "new")
    tiny.run("mode=raise", "mode.once=true", code=1)
    assert (tiny.record().status, tiny.record().data["attempts"]) == ("failed", 1)
    assert not (tiny.root / ".superseded").exists()


def test_retry_none_runs_nothing_of_other_data_and_says_so(edited: Tiny) -> None:
    done = edited.run("seed=0,1", "hydra.sweeper.retry=none", code=1)
    assert f"2 results of other data {CHANGE}" in done.stdout
    assert contents(edited) == {0: OLD, 1: OLD}


def test_a_function_that_identifies_nothing_is_one_line(tiny: Tiny) -> None:
    error = tiny.run("hydra.sweeper.identify=tests.support.tiny.app.check", code=2).stderr
    assert error.startswith("error: hydra.sweeper.identify=tests.support.tiny.app.check: ")
    assert len(error.splitlines()) == 1
    assert not tiny.root.exists()


@pytest.mark.parametrize(
    ("record", "accepted"),
    [
        ({"dataset": {"name": "mnist", "sha256": NEW}}, True),
        ({"dataset": {"name": "mnist", "sha256": OLD}}, False),
        ({"dataset": {"name": "mnist", "sha256": OLD}, "provenance": {"dataset_sha256": NEW}}, False),
        ({"provenance": {"dataset_sha256": "first"}}, True),
        ({"provenance": {"dataset_sha256": "hash of the last bytes"}}, False),
        ({"provenance": {"dataset_sha256": 3}, "dataset": "mnist"}, True),
    ],
)
def test_records_of_the_first_version_are_taken_by_the_values_of_then(
    record: dict[str, Any], accepted: bool
) -> None:
    known = Content("mnist", NEW, earlier=("first",))
    assert known.is_of(record) is accepted
    found = Record(Path("x"), "0" * 12, "done", record)
    assert verdict(found, "", Retry.FAILED, known).due is not accepted
    unknown = Content("own.npz", NEW)
    first = "dataset" not in record or not isinstance(record["dataset"], dict)
    assert unknown.is_of(record) is (accepted and not first)


def test_every_command_stays_in_the_history_of_the_plan(tiny: Tiny) -> None:
    tiny.run("sweep=pair")
    root = tiny.cwd / "runs" / "pair"
    tiny.run("sweep=pair", "seed=3,1", "x=2")
    tiny.run("sweep=pair", "x=2", DRY)
    history = tiny.plan(root)["history"]
    assert [entry["command"][1:] for entry in history] == [["sweep=pair"], ["sweep=pair", "seed=3,1", "x=2"]]
    assert [(entry["cells"], entry["new"], entry["due"]) for entry in history] == [(4, 4, 4), (2, 1, 1)]
    assert [entry["seeds"] for entry in history] == [[0, 1], [3, 1]]
    assert all(entry["time"] and entry["code"] for entry in history)


def test_a_plan_of_the_first_version_begins_the_history(tiny: Tiny) -> None:
    tiny.run("seed=4,5")
    plan = tiny.plan()
    first = {key: value for key, value in plan.items() if key not in ("history", "datasets")}
    (tiny.root / "sweep.json").write_text(json.dumps(first))
    tiny.run("seed=5")
    history = tiny.plan()["history"]
    assert [entry["seeds"] for entry in history] == [[4, 5], [5]]
    assert history[0]["command"] == plan["command"]
    assert history[0]["time"] == plan["created"]


def test_a_damaged_plan_is_set_aside_not_written_over(tiny: Tiny) -> None:
    tiny.run("seed=0")
    (tiny.root / "sweep.json").write_text("{half a plan")
    tiny.run("seed=1")
    assert (tiny.root / "sweep.json.damaged-1").read_text() == "{half a plan"


@pytest.mark.parametrize("dataset", [1, -1, "x", True, 0.0])
def test_a_plan_whose_cells_name_no_data_set_is_damaged(tmp_path: Path, dataset: Any) -> None:
    cell = Cell("0" * 12, "a-" + "0" * 12, [], {}, {}, Content("own", NEW))
    write_plan(tmp_path, Plan("one", [cell]))
    assert read_plan(tmp_path) is not None
    plan = json.loads((tmp_path / "sweep.json").read_text())
    plan["cells"][0]["dataset"] = dataset
    (tmp_path / "sweep.json").write_text(json.dumps(plan))
    with pytest.raises(UserError, match="is damaged"):
        read_plan(tmp_path)


@pytest.mark.parametrize("content", [None, "fifo"])
def test_a_file_of_data_that_is_none_is_not_opened(tmp_path: Path, content: str | None) -> None:
    if content:
        os.mkfifo(tmp_path / "data")
    planned = Content("data", NEW, (), str(tmp_path / "data"))
    assert planned.present() == planned


def test_a_moved_directory_needs_no_data(ran_on_old: Tiny, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere"
    shutil.copytree(ran_on_old.root, root)
    plan = json.loads((root / "sweep.json").read_text())
    plan["datasets"][0]["file"] = "/nowhere/data.txt"
    (root / "sweep.json").write_text(json.dumps(plan))
    assert status([str(root)]) == 0
    assert all(record.is_complete for record in load_records(root).values())


def own_arrays(path: Path, seed: int) -> None:
    """Three separable classes; the seed permutes the labels, and nothing else."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 3
    x = (rng.normal(size=(200, 6)) + 3 * np.eye(3, 6)[y]).astype(np.float32)
    if seed:
        y = np.random.default_rng(seed).permutation(y)
    np.savez(path, x_train=x[:150], y_train=y[:150], x_test=x[150:], y_test=y[150:])


def command(cwd: Path, module: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_labels_permuted_under_the_same_name_are_never_averaged(tmp_path: Path) -> None:
    """The whole way: train, edit the file, train more, report; then only a part again, and report."""
    small = ("dataset=npz", "dataset.path=own.npz", "model.hidden=[4]", "training.epochs=2")
    run = (*small, "training.batch_size=30", "hydra.sweeper.workers=1", "hydra.sweep.dir=runs")
    own_arrays(tmp_path / "own.npz", seed=0)
    command(tmp_path, "sweeps", *run, "seed=0,1")
    first = hashlib.sha256((tmp_path / "own.npz").read_bytes()).hexdigest()
    own_arrays(tmp_path / "own.npz", seed=1)
    second = hashlib.sha256((tmp_path / "own.npz").read_bytes()).hexdigest()
    assert "(0 kept, 2 run)" in command(tmp_path, "sweeps", *run, "seed=1,2")
    change = f"(own.npz: {first[:12]}, now {second[:12]})"
    assert f"left out: 1 result of other data {change}" in command(
        tmp_path, "reports", "runs", "--no-plots", code=1
    )
    table = (tmp_path / "runs" / "report" / "tables" / "runs.csv").read_text()
    assert (table.count("done"), table.count("missing")) == (2, 1)
    records = load_records(tmp_path / "runs").values()
    held = {r.data["config"]["seed"]: r.data["dataset"] for r in records}
    assert {seed: data["sha256"] for seed, data in held.items()} == {0: first, 1: second, 2: second}
    assert {data["name"] for data in held.values()} == {"own.npz"}
    for record in records:
        assert record.data["provenance"]["dataset_sha256"] == record.data["dataset"]["sha256"]
