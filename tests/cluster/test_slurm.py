"""The grid on a real single-node SLURM, undisturbed and under every fault, against the grid run locally."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from sweeps.record import Record
from tests.cluster.command import CELLS, Grid, assert_same, disturb, finish, worker_of
from tests.cluster.conftest import slurm_or_skip
from tests.cluster.servers import Unavailable
from tests.cluster.slurm import Slurm
from tests.tiny.driver import Tiny, running, wait_until

pytestmark = pytest.mark.cluster
LAUNCHER = ("hydra/launcher=slurm", "hydra.launcher.min_cells=1", "hydra.launcher.mem_gb=0.5")
TASKS = "hydra.launcher.array_parallelism=2"
PLAIN = ("hydra/launcher=slurm_workers", *LAUNCHER[1:])  # without our presets: the application is another


@pytest.fixture
def grid(slurm: Slurm, tmp_path: Path) -> Grid:
    return Grid(tmp_path / "slurm", (*LAUNCHER, TASKS), slurm.environment)


def attempts(grid: Grid) -> list[int]:
    return sorted(record.data["attempts"] for record in grid.records())


def task_of(record: Record) -> str:
    """Return the id of the SLURM task that runs a cell."""
    environment = worker_of(record).environ()
    return f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"


def test_every_figure_is_that_of_the_local_run(grid: Grid, local: Grid) -> None:
    output = grid.run()
    assert f"{CELLS} cells: {CELLS} done (0 kept, {CELLS} run)" in output
    assert_same(grid, local)
    assert attempts(grid) == [1] * CELLS
    assert [path.name for path in (grid.root / ".sweep").iterdir()] == ["code.json"]
    assert f"({CELLS} kept, 0 run)" in grid.run()


def test_one_task_runs_many_cells(slurm: Slurm, grid: Grid) -> None:
    before = len(slurm("sacct", "--allocations", "--noheader").splitlines())
    grid.run("training.epochs=1", "hydra.launcher.array_parallelism=64", "hydra.launcher.min_cells=8")
    time.sleep(2)
    assert len(slurm("sacct", "--allocations", "--noheader").splitlines()) - before == 2


def test_a_killed_task_costs_one_attempt_of_its_cell(grid: Grid, local: Grid) -> None:
    output = disturb(grid, lambda record: worker_of(record).kill())
    assert "its cells are run again" in output
    assert_same(grid, local)
    assert attempts(grid) == [1] * (CELLS - 1) + [2]


def test_a_task_cancelled_through_the_scheduler_is_made_up_for(slurm: Slurm, grid: Grid, local: Grid) -> None:
    disturb(grid, lambda record: slurm("scancel", task_of(record)))
    assert_same(grid, local)
    assert attempts(grid) == [1] * (CELLS - 1) + [2]


def test_a_preempted_task_that_is_put_back_into_the_queue_goes_on(
    slurm: Slurm, grid: Grid, local: Grid
) -> None:
    disturb(grid, lambda record: slurm("scontrol", "requeue", task_of(record)))
    assert_same(grid, local)
    assert not slurm.tasks()


def test_the_cells_of_a_node_that_dies_are_run_again(slurm: Slurm, grid: Grid, local: Grid) -> None:
    node = slurm("sinfo", "--noheader", "--format=%n").strip()

    def die(_: Record) -> None:
        slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        wait_until(lambda: "RUNNING" not in slurm.tasks().values())
        with contextlib.suppress(Unavailable):  # it may have come back by itself
            slurm("scontrol", "update", f"nodename={node}", "state=resume")

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
    assert "running" not in {record.status for record in grid.records()}
    done = {record.cell_id: record.data["finished"] for record in grid.records() if record.is_complete}
    assert 2 <= len(done) < CELLS
    assert f"({len(done)} kept, {CELLS - len(done)} run)" in grid.run()
    assert {one.cell_id: one.data["finished"] for one in grid.records() if one.cell_id in done} == done
    assert_same(grid, local)


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
    node = slurm("sinfo", "--noheader", "--format=%n").strip()
    slurm("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    process = grid.start("training.epochs=1")
    wait_until(lambda: slurm.tasks())
    process.kill()
    process.communicate()
    left = set(slurm.tasks())
    process = grid.start("training.epochs=1")
    wait_until(lambda: slurm.tasks() and not left & set(slurm.tasks()))
    slurm("scontrol", "update", f"nodename={node}", "state=resume")
    finish(process)
    assert not slurm.tasks()


@pytest.mark.parametrize("told_before_s", [15, 0])
def test_a_cell_longer_than_its_tasks_limit_goes_on_in_the_next_task(
    slurm: Slurm, tmp_path: Path, told_before_s: int
) -> None:
    tiny = Tiny(tmp_path)
    limit = ("hydra.launcher.timeout_min=1", f"hydra.launcher.signal_delay_s={told_before_s}")
    settings = (*limit, "hydra.sweeper.max_attempts=6")  # SLURM may signal up to a minute early
    sweep = tiny.start("x=1", "steps=110", "step_s=1", *PLAIN, *settings, **slurm.environment)
    output = finish(sweep, seconds=400)
    assert "1 cell: 1 done" in output
    record = tiny.record()
    assert record.data["attempts"] >= 2
    steps = [line.partition(",")[0] for line in (record.path / "history.csv").read_text().splitlines()]
    assert steps == [str(step) for step in range(110)]


def test_attempts_are_bounded(slurm: Slurm, tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    overrides = ("mode=hang,plain", *PLAIN, "hydra.sweeper.max_attempts=2")
    sweep = tiny.start(*overrides, **slurm.environment)
    for attempt in (1, 2):

        def hanging(attempt: int = attempt) -> list[Record]:
            found = [record for record in running(tiny) if record.data["choices"]["mode"] == "hang"]
            return [record for record in found if record.data["attempts"] == attempt]

        worker_of(wait_until(hanging, 60)[0]).kill()
    output = finish(sweep, code=1)
    assert "2 cells: 1 done, 1 lost" in output or "2 cells: 1 lost, 1 done" in output


def test_without_accounting_and_without_slurmctld_nothing_is_lost_or_waited_for_without_end(
    tmp_path: Path, local: Grid
) -> None:
    with slurm_or_skip(accounting=False) as slurm:
        grid = Grid(tmp_path / "plain", (*LAUNCHER, TASKS), slurm.environment)
        output = disturb(grid, lambda record: worker_of(record).kill())
        assert "its cells are run again" in output
        assert_same(grid, local)
        deaf = Grid(tmp_path / "deaf", (*LAUNCHER, TASKS), slurm.environment)
        disturb(deaf, lambda _: os.kill(slurm.pid("slurmctld"), signal.SIGKILL))
        assert_same(deaf, local)
        assert "the launcher failed" in deaf.run("seed=1", code=1)


def test_a_cluster_without_sbatch_is_told_before_anything_is_written(slurm: Slurm, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    grid = Grid(tmp_path / "none", LAUNCHER, environment)
    assert "error: hydra/launcher=slurm needs SLURM's sbatch, squeue, scancel" in grid.run(code=2)
    assert not grid.root.exists()
