"""`python -m tests.support.picture runs/grid docs/images/page.png`: the picture of a page in the README.

The page of a sweep's report, as it is first seen, in a headless Chromium: down to its curves.
"""

import argparse
import sys
from pathlib import Path

from tests.support.browser import browser, find_chromium

WIDTH = 1366  # CSS pixels
END = "document.querySelector('#grid').getBoundingClientRect().bottom + scrollY"
READY = """new Promise((done) => {
  const look = () => document.documentElement.dataset.ready ? setTimeout(done, 200) : setTimeout(look, 20);
  look();
})"""


def take(page: Path, target: Path) -> None:
    """Write the picture of a page. Raises RuntimeError where there is no Chromium."""
    path = find_chromium()
    if path is None:
        raise RuntimeError("no Chromium here")
    with browser(path) as window:
        window.resize(WIDTH, 900)
        window.open(page.resolve().as_uri())
        window.run(READY)
        window.screenshot(target, x=0, y=0, width=WIDTH, height=round(window.run(END)) + 12)


def main() -> int:
    """Take the picture that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.picture", description=__doc__)
    parser.add_argument("directory", type=Path, help="a sweep's directory, with its report")
    parser.add_argument("target", type=Path, help="the PNG file")
    options = parser.parse_args()
    take(options.directory / "report" / "index.html", options.target)
    print(options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
