"""Commands that work together, strategies, and runs that are there already, where SLURM runs the cells."""

from pathlib import Path

import pytest

from sweeps.records.record import Record
from tests.cluster.command import CELLS, LOCAL, SLURM, Grid, assert_same, attempts, finish
from tests.cluster.slurm import Slurm
from tests.support.tiny.driver import wait_until

pytestmark = pytest.mark.cluster
TWO, THREE = "activation=relu,gelu", "activation=relu,gelu,selu"
FEW = ("optimizer.weight_decay=0", "training.epochs=2")
UNTIL_DECIDED = ("hydra.sweeper.strategy=until_decided", "hydra.sweeper.max_seeds=5")
ONE_TASK, ONE_PROCESS = "hydra.launcher.array_parallelism=1", "hydra.launcher.n_jobs=1"


def has_joined(record: Record) -> bool:
    return "+" in str(record.data["launch"])


def test_a_command_on_this_machine_joins_one_on_slurm_and_outlives_it(
    slurm: Slurm, grid: Grid, local: Grid
) -> None:
    helper = Grid(grid.root, LOCAL)
    first = grid.start(ONE_TASK)
    grid.wait_for_running()
    second = helper.start(ONE_PROCESS)
    wait_until(lambda: any(has_joined(record) for record in grid.wait_for_running(cells=2)), 180)
    first.kill()
    first.communicate()
    assert f"{CELLS} cells: {CELLS} done" in finish(second)
    assert_same(grid, local)
    assert attempts(grid) in ([1] * CELLS, [1] * (CELLS - 1) + [2])
    wait_until(lambda: not slurm.tasks(), 30)


def test_a_command_on_slurm_joins_one_on_this_machine_and_may_leave(
    slurm: Slurm, grid: Grid, local: Grid
) -> None:
    began = Grid(grid.root, LOCAL)
    first = began.start(ONE_PROCESS)
    began.wait_for_running()
    second = grid.start(ONE_TASK)
    wait_until(lambda: any(has_joined(record) for record in grid.wait_for_running(cells=2)), 180)
    second.terminate()
    assert "interrupted by SIGTERM" in finish(second, code=143)
    assert not slurm.tasks()
    assert f"{CELLS} cells: {CELLS} done" in finish(first)
    assert_same(grid, local)
    assert attempts(grid) in ([1] * CELLS, [1] * (CELLS - 1) + [2])


def test_a_strategy_asks_for_the_same_runs_as_on_this_machine_and_the_next_sweep_copies_them(
    slurm: Slurm, tmp_path: Path
) -> None:
    here = Grid(tmp_path / "here", LOCAL)
    here.run(TWO, *FEW, *UNTIL_DECIDED)
    there = Grid(tmp_path / "runs" / "there", SLURM, slurm.environment)
    there.run(TWO, *FEW, *UNTIL_DECIDED)
    assert there.results() == here.results()
    assert there.histories() == here.histories()
    assert len({record.data["launch"] for record in there.records()}) > 1  # an array for each look
    later = Grid(tmp_path / "runs" / "later", SLURM, slurm.environment)
    assert f"6 cells: 6 done (0 kept, 4 copied from {there.root}, 2 run)" in later.run(THREE, *FEW)
    assert not slurm.tasks()
