"""The commands of the cluster tests, as far as that shows without a cluster: run by `make test`."""

from pathlib import Path

from tests.cluster.command import CELLS, SLURM, Grid


def test_a_setting_of_a_test_replaces_that_of_all(tmp_path: Path) -> None:
    grid = Grid(tmp_path / "grid", SLURM)
    more = ("training.epochs=1", "hydra.launcher.array_parallelism=64", "hydra.launcher.min_cells=4")
    assert f"{CELLS} due on 4 workers" in grid.run(*more, "hydra.sweeper.dry_run=true")
    assert not grid.root.exists()
