"""The grid on a real Ray, of its own and on a cluster, under faults, against the grid run locally."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sweeps.records.record import Record
from tests.cluster import ray_nodes
from tests.cluster.command import (
    CELLS,
    Grid,
    assert_continues,
    assert_same,
    attempts,
    disturb,
    finish,
    worker_of,
)
from tests.cluster.conftest import cannot, short_folder
from tests.cluster.servers import Unavailable, wait_for
from tests.support.tiny.driver import Tiny, wait_gone, wait_until

pytestmark = pytest.mark.cluster
OWN = ("hydra/launcher=ray_local", "hydra.launcher.n_jobs=2")
CLUSTER = ("hydra/launcher=ray", "hydra.launcher.n_jobs=2", "hydra.launcher.ray.remote.memory=1e8")
RAY_PROGRAMS = ("gcs_server", "raylet", "ray::")


@pytest.fixture(autouse=True)
def no_server_is_left() -> Iterator[None]:
    try:
        ray_nodes.check()
    except Unavailable as error:
        cannot(f"no Ray here: {error} (pip install ray)")
    before = set(servers())
    yield
    wait_gone([process for process in servers() if process not in before], 10)


@pytest.fixture
def own(tmp_path: Path) -> Grid:
    return Grid(tmp_path / "own", OWN)


def servers() -> list[psutil.Process]:
    """Return Ray's processes on this machine."""
    found = psutil.process_iter(["name", "cmdline"])
    return [one for one in found if any(word in f"{one.info}" for word in RAY_PROGRAMS)]


def test_every_figure_is_that_of_the_local_run_though_a_task_is_killed(own: Grid, local: Grid) -> None:
    output = disturb(own, lambda record: worker_of(record).kill())
    assert "its cells are run again" in output
    assert_same(own, local)
    assert attempts(own) == [1] * (CELLS - 1) + [2]


def test_stopping_the_sweep_ends_its_ray_and_the_same_command_continues(own: Grid, local: Grid) -> None:
    process = own.start()
    own.wait_for_running(cells=2, done=2)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert "interrupted by SIGTERM" in finish(process, code=143)
    assert time.monotonic() - started < 10
    assert_continues(own, local)


def test_a_cell_that_takes_too_long_is_ended_and_costs_no_other(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    launcher = ("hydra/launcher=ray_workers", *OWN[1:])  # without our presets: the application is another
    sweep = tiny.start("mode=hang,plain", "x=1,2", *launcher, "hydra.sweeper.timeout_s=8")
    finish(sweep, code=1)
    assert sorted(record.status for record in tiny.records()) == ["done", "done", "failed", "failed"]
    failed = [record for record in tiny.records() if record.status == "failed"]
    assert {record.data["error"]["type"] for record in failed} == {"TimeoutError"}


def test_on_a_cluster_the_cells_of_a_killed_sweep_and_of_a_dead_node_are_run_again(
    tmp_path: Path, local: Grid
) -> None:
    with short_folder() as folder, ray_nodes.head(folder) as environment:
        grid = Grid(tmp_path / "cluster", CLUSTER, environment)
        address = f"--address={environment['RAY_ADDRESS']}"
        with ray_nodes.node(folder, environment, address) as second:
            wait_for(lambda: ray_nodes.nodes(environment) == 2, f"Ray's second node (see {folder / 'log'})")
            process = grid.start()
            grid.wait_for_running(cells=2, done=2)
            process.kill()
            process.communicate()
            wait_until(lambda: "running" not in {record.status for record in grid.records()}, 20)
            process = grid.start()
            wait_until(lambda: any(runs_on(second, record) for record in grid.wait_for_running()), 180)
            second.die()
            output = finish(process)
    assert "its cells are run again" in output
    assert_same(grid, local)
    assert max(attempts(grid)) >= 2


def runs_on(node: ray_nodes.Node, record: Record) -> bool:
    """Whether a cell is run by a process of the node."""
    with contextlib.suppress(psutil.NoSuchProcess, AssertionError):
        return worker_of(record) in node.servers()
    return False


def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path) -> None:
    grid = Grid(tmp_path / "none", CLUSTER, {"RAY_ADDRESS": "127.0.0.1:9"})
    assert "the launcher failed: ConnectionError: no Ray cluster answers at 127.0.0.1:9" in grid.run(code=1)
