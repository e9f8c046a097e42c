"""`python -m sweeps.job.measured runs/NAME`: take a study's measurement and write it beside its runs."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from sweeps.cli.command import command, parser_of
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.plan import read_plan
from sweeps.records.studies import measurement_of

NEEDS = {"engines": "torch"}


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Take the measurement that the study of a directory has, if it has one, and write it beside the runs."""
    parser = parser_of("sweeps.job.measured", main.__doc__)
    parser.add_argument("directory", type=Path, help="a study's directory, such as runs/fashion_tuning")
    directory: Path = parser.parse_args(arguments).directory
    plan = read_plan(directory)
    if plan is None:
        raise UserError(f"{directory}: holds no sweep (no {PLAN})")
    name = measurement_of(plan.sweep)
    if name is None:
        return 0
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        print(f"{name}: left out, {NEEDS[name]} is not installed (it is in the extra [bench])")
        return 0
    table = importlib.import_module(f"sweeps.job.measured.{name}").measure()
    path = directory / "measured" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n")
    print(f"{len(table)} rows → {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
