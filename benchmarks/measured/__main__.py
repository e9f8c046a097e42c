"""`python -m benchmarks.measured runs/NAME`: take a study's measurements and write them beside its runs."""

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path

from sweeps.cli.streams import open_streams
from sweeps.records.layout import PLAN
from sweeps.records.untrusted import read_json

MEASUREMENTS = {"fashion_tuning": "engines", "long_run_grid": "stability"}
"""By study: the module here that measures for it, and the name of its table."""

NEEDS = {"engines": "torch"}


def main(argv: list[str] | None = None) -> int:
    """Measure what the study of a directory needs, if anything; 2 if that is no sweep."""
    open_streams()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measured", description=__doc__)
    parser.add_argument("directory", type=Path, help="a study's directory, such as runs/fashion_tuning")
    directory = parser.parse_args(argv).directory
    if not (directory / PLAN).is_file():
        print(f"error: {directory}: holds no sweep (no {PLAN})", file=sys.stderr)
        return 2
    name = MEASUREMENTS.get(read_json(directory / PLAN)["sweep"])
    if name is None:
        return 0
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        print(f"{name}: left out, {NEEDS[name]} is not installed (`make bench-peers` installs it)")
        return 0
    table = importlib.import_module(f"benchmarks.measured.{name}").measure()
    path = directory / "measured" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n")
    print(f"{len(table)} rows → {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
