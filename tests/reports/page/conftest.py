"""The browser, and the page of a small sweep in which runs diverged, failed and are missing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import synthetic
from tests.support.acts import AXES, write_page
from tests.support.browser import Browser, browser, find_chromium


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if os.environ.get("REQUIRE"):
            pytest.fail("no Chromium here")
        pytest.skip("no Chromium here: make test-page installs it where it can")
    with browser(path) as made:
        yield made


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = synthetic.grid(AXES, seeds=range(5))
    for one in cells:
        if one.values["optimizer.lr"] == 0.1 and one.values["loss"] == "mse" and one.config["seed"] < 2:
            one.status = "diverged"
    cells[0].status, cells[7].status = "failed", "missing"
    return write_page(tmp_path_factory.mktemp("small"), cells)
