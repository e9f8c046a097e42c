"""Fixtures of the cluster tests: a SLURM for all of them, and the grid as this machine runs it by itself."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cluster.command import LOCAL, SLURM, Grid
from tests.cluster.servers import Unavailable
from tests.cluster.slurm import PACKAGES, Slurm, single_node_slurm


def pytest_configure() -> None:
    """End the servers, too, when the tests are told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def cannot(why: str) -> None:
    """Skip what needs a cluster that cannot be had; fail if REQUIRE=1 asks for it."""
    if os.environ.get("REQUIRE") == "1":
        pytest.fail(why)
    pytest.skip(why)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder for a server's files; the paths of its sockets must not be long."""
    with tempfile.TemporaryDirectory(prefix="grid-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextlib.contextmanager
def slurm_or_skip(**options: bool) -> Iterator[Slurm]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        try:
            if find_spec("submitit") is None:
                raise Unavailable("not installed: submitit")
            slurm = stack.enter_context(single_node_slurm(folder, **options))
        except Unavailable as error:
            cannot(f"no SLURM here: {error} ({PACKAGES}, as root)")
        yield slurm


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    with slurm_or_skip() as running:
        yield running


@pytest.fixture
def grid(slurm: Slurm, tmp_path: Path) -> Iterator[Grid]:
    """The grid, run by two tasks of SLURM."""
    slurm.resume()
    grid = Grid(tmp_path / "slurm", SLURM, slurm.environment)
    yield grid
    grid.end()


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    """The grid, run by processes on this machine."""
    if sys.platform != "linux":
        cannot("needs Linux")
    grid = Grid(tmp_path_factory.mktemp("local"), LOCAL)
    grid.run()
    return grid
