"""The sweeper from its command line to what it leaves on disk, with an application that is not ours."""

import json
import os
import re
from pathlib import Path

import pytest

from sweeps.records.record import Record, load_records
from tests.support.tiny.driver import Tiny, after, wait_until

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.fixture(scope="module")
def ran_one(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return after(tmp_path_factory.mktemp("one"), "x=1")


@pytest.fixture
def one_done(ran_one: Tiny, tmp_path: Path) -> Tiny:
    """The application after `x=1`."""
    return ran_one.copied_to(tmp_path)


def launches(records: list[Record]) -> list[str]:
    return [record.data["launch"] for record in records]


def test_a_run_leaves_its_record_and_nothing_else(tiny: Tiny) -> None:
    output = tiny.run("x=4", "part=b").stdout
    assert re.search(r"1 cell: 1 done \(0 kept, 1 run\) in .* → runs/adhoc", output)
    record = tiny.record()
    data = record.data
    assert record.status == "done"
    assert record.path.name == f"x=4-b-{record.cell_id}"
    assert data["config"]["part"] == {"kind": "b", "size": 2, "shade": 3}
    assert data["choices"] == {"mode": "plain", "part": "b", "sweep": None}
    assert data["overrides"] == ["x=4", "part=b"]
    assert (data["sweep"], data["attempts"], len(data["code"])) == ("adhoc", 1, 12)
    assert data["final"] == {"total": 126_115}
    assert data["timing"]["concurrent_runs"] == 1
    assert "worker" not in data
    names = {path.name for path in record.path.iterdir()}
    assert names == {"report.json", "config.yaml", "history.csv", "checkpoint.json"}
    assert {path.name for path in tiny.root.iterdir()} == {"sweep.json", ".sweep", record.path.name}
    assert tiny.kept() == {"code.json"}


def test_the_job_sees_hydra_as_in_a_run_of_its_own(tiny: Tiny) -> None:
    tiny.run("x=4", "mode=tell")
    record = tiny.record()
    told = record.data["result"]
    assert told["output_dir"] == str(record.path)
    assert told["where"] == str(record.path)
    assert told["num"] == 0
    assert told["overrides"] == ["x=4", "mode=tell"]
    assert told["choice"] == "tell"
    assert told["mode"] == "MULTIRUN"
    assert told["cwd"] == str(tiny.cwd)
    assert told["log"] == "hello from the log"
    assert "hello from the log" in (record.path / "output.log").read_text()


def test_done_cells_are_kept_and_new_ones_added(two_done: Tiny) -> None:
    first = launches(two_done.records())
    output = two_done.run("x=1,2,3").stdout
    assert "3 cells: 3 done (2 kept, 1 run)" in output
    assert len(set(launches(two_done.records()))) == 2
    assert set(first) < set(launches(two_done.records()))
    output = two_done.run("x=1,2,3").stdout
    assert "3 cells: 3 done (3 kept, 0 run)" in output


def test_a_cell_is_the_same_however_it_is_written_and_wherever_its_directory_was_named(tiny: Tiny) -> None:
    tiny.run("x=1", "part.nested.deep=0.0005")
    record = tiny.record()
    record.path.rename(record.path.with_name(f"renamed-{record.cell_id}"))
    for overrides in (["part.nested.deep=5e-4", "x=1.0"], ["verbose=true", "x=1", "part.nested.deep=0.0005"]):
        assert "(1 kept, 0 run)" in tiny.run(*overrides, "hydra.verbose=true").stdout
    assert tiny.record().path.name.startswith("renamed-")
    assert tiny.plan()["cells"][0]["name"].startswith("renamed-")


@pytest.mark.parametrize("launcher", [(), JOBLIB])
def test_failures_are_isolated_and_told_with_their_tracebacks(tiny: Tiny, launcher: tuple[str, ...]) -> None:
    modes = "raise,plain,exit,unpicklable,diverge,endless,interrupt"
    output = tiny.run(f"mode={modes}", "x=1", *launcher, code=1).stdout
    records = {record.data["choices"]["mode"]: record for record in tiny.records()}
    assert records["plain"].status == "done"
    assert records["diverge"].status == "diverged"
    assert records["diverge"].data["nonfinite"] == ["final.total"]
    error = records["raise"].data["error"]
    assert (error["type"], error["message"]) == ("ArithmeticError", "the job's own mistake")
    assert "misbehave(cfg.mode.action)" in error["traceback"]
    assert "sys.exit(3)" in records["exit"].data["error"]["message"]
    assert records["unpicklable"].data["error"]["message"] == "cannot be pickled"
    assert "raised KeyboardInterrupt" in records["interrupt"].data["error"]["message"]
    assert records["endless"].data["error"]["type"] == "RecursionError"
    assert {record.data["attempts"] for record in records.values()} == {1}
    assert re.search(r"raise-x=1-\w{12} +failed: ArithmeticError: the job's own mistake", output)
    assert "7 cells: 5 failed, 1 done, 1 diverged" in output
    assert "doing raise" in (records["raise"].path / "output.log").read_text()


def test_diverged_is_a_result(tiny: Tiny) -> None:
    tiny.run("mode=diverge")
    assert "(1 kept, 0 run)" in tiny.run("mode=diverge").stdout


def test_failed_cells_run_again_and_continue(tiny: Tiny) -> None:
    tiny.run("mode=raise", "mode.once=true", code=1)
    assert tiny.record().data["attempts"] == 1
    tiny.run("mode=raise", "mode.once=true")
    assert (tiny.record().status, tiny.record().data["attempts"]) == ("done", 2)
    assert "error" not in tiny.record().data


def test_retry_modes(tiny: Tiny) -> None:
    tiny.run("mode=raise,plain", code=1)
    dry = "hydra.sweeper.dry_run=true"
    due = {
        retry: re.search(
            r"(\d+) due", tiny.run("mode=raise,plain", "x=1,2", f"hydra.sweeper.retry={retry}", dry).stdout
        )
        for retry in ("null", "failed", "stale", "all", "none")
    }
    assert {retry: int(found[1]) if found else None for retry, found in due.items()} == {
        "null": 3,
        "failed": 3,
        "stale": 3,
        "all": 4,
        "none": 2,
    }


def test_retry_all_starts_over_and_keeps_the_old_run_until_there_is_a_new_one(one_done: Tiny) -> None:
    before = one_done.record().data
    one_done.run("x=1", "hydra.sweeper.retry=all")
    after = one_done.record().data
    assert after["launch"] != before["launch"]
    assert after["attempts"] == 1
    assert after["final"] == before["final"]
    assert not list(one_done.root.glob(".previous/*"))


def test_what_is_started_over_is_kept_until_there_is_a_result_and_never_overwritten(one_done: Tiny) -> None:
    old = (one_done.record().path / "report.json").read_bytes()
    environment = {"FAIL": "1"}
    one_done.run("x=1", "hydra.sweeper.retry=all", code=1, **environment)
    one_done.run("x=1", "hydra.sweeper.code=[sweeps.records.lock]", code=1, **environment)
    kept = sorted((one_done.root / ".previous").iterdir())
    assert [path.name.rpartition(".")[2] for path in kept] == ["1", "2"]
    assert (kept[0] / "report.json").read_bytes() == old
    one_done.run("x=1", "hydra.sweeper.code=[sweeps.records.lock]")
    assert list((one_done.root / ".previous").iterdir()) == []


def test_a_checkpoint_without_a_record_is_not_continued_for_nobody_knows_its_code(one_done: Tiny) -> None:
    path = one_done.record().path
    (path / "checkpoint.json").write_text("[12345, 3]")
    (path / "report.json").unlink()
    one_done.run("x=1")
    assert one_done.record().data["final"]["total"] != 12345


def test_results_of_other_code_are_kept_named_and_run_again_on_demand(two_done: Tiny) -> None:
    output = two_done.run("x=1,2,3", "hydra.sweeper.code=[sweeps.records.lock]").stdout
    assert "(2 kept, 1 run)" in output
    assert "2 results made by other code kept; hydra.sweeper.retry=stale runs them again" in output
    output = two_done.run(
        "x=1,2,3", "hydra.sweeper.code=[sweeps.records.lock]", "hydra.sweeper.retry=stale"
    ).stdout
    assert "(1 kept, 2 run)" in output
    assert "other code" not in output


def test_fresh_moves_the_old_directory_aside(one_done: Tiny) -> None:
    old = one_done.record()
    one_done.run("x=2", "hydra.sweeper.fresh=true")
    assert [record.data["config"]["x"] for record in one_done.records()] == [2]
    (moved,) = [path for path in one_done.root.parent.iterdir() if path.name.startswith("adhoc.")]
    assert load_records(moved)[old.cell_id].data == old.data


def test_a_dry_run_tells_and_writes_nothing(tiny: Tiny) -> None:
    tiny.run("x=1", "mode=plain")
    before = sorted(tiny.root.rglob("*"))
    output = tiny.run("x=1,2,3,3", "hydra.sweeper.dry_run=true", "hydra.sweeper.exclude=[{x: 2}]").stdout
    assert "2 cells" in output
    for line in (r"1 done", r"1 missing", r"1 excluded by x=2", r"1 duplicate", r"1 due on 1 worker"):
        assert re.search(line, output), output
    assert re.search(r"kept x=1-plain-\w{12}", output)
    assert re.search(r"due +x=3-\w{12}", output)
    assert re.search(r"^ +2 never run$", tiny.run("x=3,4", "hydra.sweeper.dry_run=true").stdout, re.MULTILINE)
    assert sorted(tiny.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("overrides", "lines"),
    [
        (["x=1,2", "steps=0"], ["steps = 0: must be at least 1 (2 cells)"]),
        (["x=1,2", "part=a,c"], ["part=c: no such option; part is one of a, b (2 cells)"]),
        (
            ["hydra.sweeper.retry=never"],
            ["hydra.sweeper.retry=never: must be one of failed, stale, all, none"],
        ),
        (
            ["hydra.sweeper.code=[nothing.there]"],
            ["hydra.sweeper.code: there is no module nothing.there with a file of its own"],
        ),
        (
            ["hydra.sweeper.code=[sys]"],
            ["hydra.sweeper.code: there is no module sys with a file of its own"],
        ),
        (["hydra.sweeper.max_attempts=0"], ["hydra.sweeper.max_attempts = 0: must be at least 1"]),
        (["hydra.sweeper.workers=0"], ["hydra.sweeper.workers = 0: must be at least 1, or null"]),
        (["hydra.sweeper.timeout_s=0"], ["hydra.sweeper.timeout_s = 0: must be more than 0, or null"]),
        (["hydra.sweeper.start_method=x"], ["hydra.sweeper.start_method = x: must be fork, spawn or null"]),
        (
            ["hydra.sweeper.exclude=[x]"],
            ["hydra.sweeper.exclude = ['x']: must be a list of mappings of keys to values"],
        ),
        (
            ["hydra.sweeper.grids=[x]"],
            ["hydra.sweeper.grids = ['x']: must be a list of mappings of keys to values"],
        ),
        (["hydra.sweeper.ignore=[{x: 1}]"], ["hydra.sweeper.ignore = [{'x': 1}]: must be a list of texts"]),
        (["hydra.sweep.dir="], ["hydra.sweep.dir = '': must name a directory"]),
        (["hydra.sweeper.params=3"], ["hydra.sweeper.params"]),
    ],
)
def test_mistakes_end_with_one_line_each_and_nothing_written(
    tiny: Tiny, overrides: list[str], lines: list[str]
) -> None:
    process = tiny.run(*overrides, code=1 if "params" in overrides[0] else 2)
    if "params" not in overrides[0]:
        assert process.stderr.splitlines() == [f"error: {line}" for line in lines]
    assert list(tiny.cwd.iterdir()) == []


def test_fresh_moves_nothing_else_aside(tiny: Tiny) -> None:
    tiny.root.mkdir(parents=True)
    (tiny.root / "thesis.txt").write_text("my work")
    for place in ("runs/adhoc", "."):
        error = tiny.run(f"hydra.sweep.dir={place}", "hydra.sweeper.fresh=true", code=2).stderr
        assert error == f"error: hydra.sweeper.fresh=true: {place} holds no sweep to move aside\n"
    (tiny.cwd / "sweep.json").touch()
    error = tiny.run("hydra.sweep.dir=.", "hydra.sweeper.fresh=true", code=2).stderr
    assert error == f"error: hydra.sweeper.fresh=true: {tiny.cwd} holds the present directory\n"
    assert (tiny.root / "thesis.txt").read_text() == "my work"


def test_a_named_sweep_has_its_own_directory_and_the_latest_plan(tiny: Tiny) -> None:
    tiny.run("sweep=pair")
    root = tiny.cwd / "runs" / "pair"
    assert [cell["config"] for cell in tiny.plan(root)["cells"]] == [
        {"x": x, "seed": seed, "double": x} for x in (1, 2) for seed in (0, 1)
    ]
    tiny.run("sweep=pair", "x=2")
    plan = tiny.plan(root)
    assert (plan["sweep"], plan["swept"], len(plan["cells"])) == ("pair", ["seed"], 2)
    assert len(load_records(root)) == 4
    assert all(record.data["sweep"] == "pair" for record in load_records(root).values())


def test_runs_without_a_name_join_their_plans(one_done: Tiny) -> None:
    one_done.run("x=2")
    assert [cell["config"]["x"] for cell in one_done.plan()["cells"]] == [1, 2]


def test_the_directory_can_be_chosen(tiny: Tiny) -> None:
    tiny.run("x=1", "hydra.sweep.dir=elsewhere/here")
    assert len(load_records(tiny.cwd / "elsewhere" / "here")) == 1
    assert not (tiny.cwd / "runs").exists()


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_both_ways_to_start_a_process_work(tiny: Tiny, method: str) -> None:
    tiny.run("x=1,2", f"hydra.sweeper.start_method={method}")
    assert [record.status for record in tiny.records()] == ["done", "done"]


def test_workers_share_the_cells_and_a_job_knows_their_number(tiny: Tiny) -> None:
    tiny.run("x=range(6)", "step_s=0.1", *JOBLIB)
    assert [record.data["timing"]["concurrent_runs"] for record in tiny.records()] == [2] * 6
    assert len(tiny.records()) == 6


def test_results_do_not_depend_on_the_launcher(tiny: Tiny, tmp_path: Path) -> None:
    other = Tiny(tmp_path / "other")
    other.cwd.mkdir()
    tiny.run("x=1,2,3", "seed=4")
    other.run("x=1,2,3", "seed=4", *JOBLIB)
    assert [r.data["final"] for r in tiny.records()] == [r.data["final"] for r in other.records()]
    assert [r.path.name for r in tiny.records()] == [r.path.name for r in other.records()]


def test_hydras_callbacks_are_called_for_cells(tiny: Tiny) -> None:
    callback = "+hydra.callbacks.notes={_target_: tests.support.tiny.app.Notes}"
    tiny.run("mode=plain,raise,exit", callback, code=1, NOTES=str(tiny.cwd / "notes"))
    notes = (tiny.cwd / "notes").read_text().splitlines()
    assert notes == [
        "multirun start",
        *["job start", "job end COMPLETED", "job start", "job end FAILED", "job start", "job end FAILED"],
        "multirun end",
    ]


def test_two_runs_side_by_side_in_one_directory_both_work(tiny: Tiny) -> None:
    slow = tiny.start("x=1", "step_s=0.5")
    wait_until(lambda: any(record.status == "running" for record in tiny.records()))
    assert "1 done" in tiny.run("x=2").stdout
    assert slow.wait(20) == 0
    slow.communicate()
    assert {cell["config"]["x"] for cell in tiny.plan()["cells"]} == {1, 2}
    assert [record.status for record in tiny.records()] == ["done", "done"]


def test_a_run_leaves_another_ones_plan_and_directory_alone(tiny: Tiny) -> None:
    other = tiny.start("x=1,3", "mode=hang")
    wait_until(lambda: any(record.status == "running" for record in tiny.records()))
    tiny.run("x=2")
    assert {cell["config"]["x"] for cell in tiny.plan()["cells"]} == {1, 2, 3}  # x=3 was not begun yet
    assert "is in use" in tiny.run("x=2", "hydra.sweeper.fresh=true", code=2).stderr
    other.terminate()
    other.communicate(timeout=20)


def test_a_changed_config_file_makes_new_cells_and_touches_no_old_one(tiny: Tiny) -> None:
    extra = tiny.cwd / "extra"
    (extra / "part").mkdir(parents=True)
    for size in (10, 11):
        (extra / "part" / "c.yaml").write_text(f"size: {size}\n")
        tiny.run("--config-dir", str(extra), "part=c")
    records = tiny.records()
    assert sorted(record.data["config"]["part"]["size"] for record in records) == [10, 11]


def test_nothing_of_the_environment_changes_the_id(one_done: Tiny) -> None:
    (one_done.cwd / "below").mkdir()
    other = Tiny(one_done.cwd / "below")
    other.run("x=1", *JOBLIB, HOME=os.environ.get("HOME", "/"), LC_ALL="C", PYTHONHASHSEED="5")
    assert other.record().cell_id == one_done.record().cell_id
    assert json.loads((other.record().path / "report.json").read_text())["config"]["where"] == (
        "${hydra:runtime.output_dir}"
    )


def test_the_application_prepares_once_for_the_cells_that_are_due(tiny: Tiny) -> None:
    assert "prepared for 2\n" in tiny.run("x=1,2").stdout
    assert "prepared for 1\n" in tiny.run("x=1,2,3").stdout
    assert "prepared" not in tiny.run("x=1,2,3").stdout


def test_a_preparation_that_fails_leaves_nothing_behind(tiny: Tiny) -> None:
    done = tiny.run("x=12,-13", code=2)
    assert done.stderr.strip() == "error: nothing to be had for x = -13"
    assert not tiny.root.exists()


def test_what_was_run_is_counted_whether_it_failed_or_not(one_done: Tiny) -> None:
    failed = one_done.run("x=1,2,3", FAIL="1", code=1).stdout
    assert "3 cells: 2 failed, 1 done (1 kept, 2 run)" in failed
    skipped = one_done.run("x=1,2,3", "hydra.sweeper.retry=none", code=1).stdout
    assert "3 cells: 2 failed, 1 done (1 kept, 0 run)" in skipped
    assert "3 cells: 3 done (1 kept, 2 run)" in one_done.run("x=1,2,3").stdout
