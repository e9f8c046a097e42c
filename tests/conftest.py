"""What more than one file of tests begins with: the tiny application, fresh or after two of its runs."""

from pathlib import Path

import pytest

from tests.tiny.driver import Tiny, after


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path)


@pytest.fixture(scope="session")
def ran_two(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return after(tmp_path_factory.mktemp("two"), "x=1,2")


@pytest.fixture
def two_done(ran_two: Tiny, tmp_path: Path) -> Tiny:
    """The application after `x=1,2`."""
    return ran_two.copied_to(tmp_path)
