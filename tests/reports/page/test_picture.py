"""The README's picture of the page: made by a command, of the page as it is."""

import os
from pathlib import Path

import pytest

from reports.page.build import write_report
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.browser import find_chromium
from tests.support.picture import WIDTH, take

pytestmark = pytest.mark.page


def test_the_picture_shows_the_page_down_to_its_grid(tmp_path: Path) -> None:
    if find_chromium() is None:
        if os.environ.get("REQUIRE"):
            pytest.fail("no Chromium here")
        pytest.skip("no Chromium here: make test-page installs it where it can")
    root = synthetic.write_sweep(
        tmp_path / "grid", synthetic.grid({"loss": ["mse", "hinge"]}, seeds=range(3))
    )
    page = write_report(load(root), plots=False)
    take(page, tmp_path / "page.png")
    head = (tmp_path / "page.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    assert int.from_bytes(head[16:20], "big") == WIDTH
    assert 500 < int.from_bytes(head[20:24], "big") < 3000
