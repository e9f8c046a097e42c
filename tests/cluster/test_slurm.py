"""The grid on a real single-node SLURM, undisturbed and under every fault, against the grid run locally."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sweeps.records.plan import read_plan
from sweeps.records.record import Record
from tests.cluster.command import (
    CELLS,
    LOCAL,
    SLURM,
    Grid,
    assert_continues,
    assert_same,
    attempts,
    disturb,
    finish,
    stop,
    worker_of,
)
from tests.cluster.conftest import slurm_or_skip
from tests.cluster.slurm import Slurm
from tests.support.tiny.driver import Tiny, running, wait_gone, wait_until

pytestmark = pytest.mark.cluster
STEPS = 130  # of a second each: more than the shortest limit, a minute, and the half that SLURM is late
PLAIN = ("hydra/launcher=slurm_workers", *SLURM[1:-1])  # without our presets: the application is another

TUNED = (
    *("activation=relu,gelu", "loss=softmax_ce", "optimizer.weight_decay=5e-4", "seed=0,1"),
    *("optimizer.lr=interval(0.01,1)", "hydra.sweeper.trials=3", "hydra.sweeper.rungs=[2,4]"),
    *("training.epochs=6", "hydra.sweeper.trial={training.validation_size: 300}"),
)


def steps(grid: Grid) -> list[dict[str, Any]]:
    """Return the steps of the strategy that a directory's plan remembers."""
    plan = read_plan(grid.root)
    assert plan is not None
    found: list[dict[str, Any]] = plan.strategy["steps"]
    return found


def task_of(record: Record) -> str:
    """Return the id of the SLURM task that runs a cell."""
    environment = worker_of(record).environ()
    return f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"


def running_cells(grid: Grid) -> list[Record]:
    """Return the cells that run just now, in processes that have not ended since."""
    found = []
    for record in grid.records():
        with contextlib.suppress(psutil.NoSuchProcess, AssertionError):
            if record.status == "running" and worker_of(record).is_running():
                found.append(record)
    return found


def tasks(grid: Grid) -> set[str]:
    """Return the tasks that run cells just now."""
    found = set()
    for record in running_cells(grid):
        with contextlib.suppress(psutil.NoSuchProcess, AssertionError):
            found.add(task_of(record))
    return found


def test_every_figure_is_that_of_the_local_run(grid: Grid, local: Grid) -> None:
    output = grid.run()
    assert f"{CELLS} cells: {CELLS} done (0 kept, {CELLS} run)" in output
    assert_same(grid, local)
    assert attempts(grid) == [1] * CELLS
    assert grid.kept() == ["code.json"]
    assert f"({CELLS} kept, 0 run)" in grid.run()


def test_tuning_tries_and_chooses_as_on_this_machine(grid: Grid, tmp_path: Path) -> None:
    here = Grid(tmp_path / "here", LOCAL)
    here.run(*TUNED)
    assert "14 cells: 14 done" in grid.run(*TUNED)
    assert grid.results() == here.results()
    assert grid.histories() == here.histories()
    assert [one["cells"] for one in steps(grid)] == [one["cells"] for one in steps(here)]
    assert "(14 kept, 0 run)" in grid.run(*TUNED)


def test_one_task_runs_many_cells(slurm: Slurm, grid: Grid) -> None:
    many = ("training.epochs=1", "hydra.launcher.array_parallelism=64", "hydra.launcher.min_cells=8")
    grid.run(*many, "hydra.launcher.name=many")
    accounts = ("--allocations", "--noheader", "--parsable2", "--name=many", "--format=state")
    wait_until(lambda: slurm("sacct", *accounts).split() == ["COMPLETED"] * 2)


def test_killed_and_cancelled_tasks_cost_one_attempt_of_their_cells(
    slurm: Slurm, grid: Grid, local: Grid
) -> None:
    def kill_and_cancel(record: Record) -> None:
        task = task_of(record)
        worker_of(record).kill()
        (other,) = wait_until(lambda: tasks(grid) - {task})
        slurm("scancel", other)

    output = disturb(grid, kill_and_cancel)
    assert "FAILED; its cells are run again" in output
    assert_same(grid, local)
    assert attempts(grid) == [1] * (CELLS - 2) + [2, 2]


def test_a_preempted_task_that_is_put_back_into_the_queue_goes_on(
    slurm: Slurm, grid: Grid, local: Grid
) -> None:
    disturb(grid, lambda record: slurm("scontrol", "requeue", task_of(record)))
    assert_same(grid, local)
    assert not slurm.tasks()


def test_the_cells_of_a_node_that_dies_are_run_again(slurm: Slurm, grid: Grid, local: Grid) -> None:
    def die(_: Record) -> None:
        workers = [worker_of(record) for record in running_cells(grid)]
        slurm.update_node("state=down", "reason=test")
        wait_gone(workers, 20)
        slurm.resume()

    disturb(grid, die)
    assert_same(grid, local)
    assert not slurm.tasks()


def test_stopping_the_sweep_ends_its_tasks_and_the_same_command_continues(
    slurm: Slurm, grid: Grid, local: Grid
) -> None:
    process = grid.start()
    grid.wait_for_running(cells=2, done=2)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    output = finish(process, code=130)
    assert time.monotonic() - started < 10
    assert "interrupted by SIGINT" in output
    assert not slurm.tasks()
    assert_continues(grid, local)


def test_tasks_end_with_a_sweep_that_is_killed(slurm: Slurm, grid: Grid, local: Grid) -> None:
    process = grid.start()
    grid.wait_for_running(cells=2)
    process.kill()
    process.communicate()
    wait_until(lambda: "running" not in {record.status for record in grid.records()}, 10)
    grid.run()
    assert not slurm.tasks()
    assert_same(grid, local)


def test_tasks_that_wait_are_cancelled_by_the_command_after_one_that_was_killed(
    slurm: Slurm, grid: Grid
) -> None:
    slurm.update_node("state=drain", "reason=test")
    process = grid.start("training.epochs=1")
    wait_until(lambda: slurm.tasks(), 120)
    process.kill()
    process.communicate()
    left = set(slurm.tasks())
    process = grid.start("training.epochs=1")
    wait_until(lambda: slurm.tasks() and not left & set(slurm.tasks()), 120)
    slurm.resume()
    finish(process)
    assert not slurm.tasks()


def test_attempts_are_bounded(slurm: Slurm, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    tiny = Tiny(tmp_path)
    overrides = ("mode=hang,plain", *PLAIN, "hydra.sweeper.max_attempts=2")
    sweep = tiny.start(*overrides, process_group=None, **slurm.environment)
    request.addfinalizer(lambda: stop(sweep))
    for attempt in (1, 2):

        def hanging(attempt: int = attempt) -> list[Record]:
            found = [record for record in running(tiny) if record.data["choices"]["mode"] == "hang"]
            return [record for record in found if record.data["attempts"] == attempt]

        worker_of(wait_until(hanging, 180)[0]).kill()
    output = finish(sweep, code=1)
    assert "2 cells: 1 done, 1 lost" in output or "2 cells: 1 lost, 1 done" in output


@pytest.fixture(scope="module")
def limited(
    slurm: Slurm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Tiny, "subprocess.Popen[str]"]]:
    """Start sweeps whose cell takes longer than a task may; their tasks are told before, or not."""
    sweeps = {}
    for told_before_s in (15, 0):
        tiny = Tiny(tmp_path_factory.mktemp(f"limit-{told_before_s}"))
        limit = ("hydra.launcher.timeout_min=1", f"hydra.launcher.signal_delay_s={told_before_s}")
        settings = (*limit, "hydra.sweeper.max_attempts=6")  # SLURM may signal up to a minute early
        sweeps[tiny] = tiny.start(
            "x=1", f"steps={STEPS}", "step_s=1", *PLAIN, *settings, process_group=None, **slurm.environment
        )
    yield sweeps
    for sweep in sweeps.values():
        stop(sweep)


@pytest.mark.usefixtures("limited")  # which takes long, on another SLURM
def test_without_accounting_and_without_slurmctld_nothing_is_lost_or_waited_for_without_end(
    tmp_path: Path, local: Grid
) -> None:
    with slurm_or_skip(accounting=False) as slurm:
        grid = Grid(tmp_path / "plain", SLURM, slurm.environment)

        def kill_both(record: Record) -> None:
            worker_of(record).kill()
            grid.wait_for_running(done=6)
            for one in running_cells(grid):
                worker_of(one).kill()
            wait_until(lambda: max(attempts(grid)) == 2, 180)  # the tasks were lost, and the next ones work
            os.kill(slurm.pid("slurmctld"), signal.SIGKILL)

        assert "its cells are run again" in disturb(grid, kill_both)
        assert_same(grid, local)
        assert "the launcher failed" in grid.run("seed=1", code=1)


def test_a_cell_longer_than_its_tasks_limit_goes_on_in_the_next_task(
    limited: dict[Tiny, "subprocess.Popen[str]"],
) -> None:
    for tiny, sweep in limited.items():
        assert "1 cell: 1 done" in finish(sweep, seconds=400)
        record = tiny.record()
        assert record.data["attempts"] >= 2
        steps = [line.partition(",")[0] for line in (record.path / "history.csv").read_text().splitlines()]
        assert steps == [str(step) for step in range(STEPS)]


def test_a_cluster_without_sbatch_is_told_before_anything_is_written(slurm: Slurm, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    grid = Grid(tmp_path / "none", SLURM, environment)
    assert "error: hydra/launcher=slurm needs SLURM's sbatch, squeue, scancel" in grid.run(code=2)
    assert not grid.root.exists()


def test_what_slurm_does_not_know_is_told_before_anything_is_written(grid: Grid) -> None:
    line = (
        "error: hydra.launcher.partition = nope: SLURM refuses such tasks: invalid partition specified: nope"
    )
    assert line in grid.run("hydra.launcher.partition=nope", code=2)
    assert not grid.root.exists()
