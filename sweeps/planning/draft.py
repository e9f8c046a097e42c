"""The plan of one command: every cell composed, checked, and named as its directory on disk is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sweeps.planning.callables import load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.contents import with_contents
from sweeps.planning.fingerprint import fingerprint
from sweeps.planning.planner import Planner
from sweeps.planning.settings import Settings
from sweeps.records.layout import cell_dirs
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import timestamp


def draft(settings: Settings, composer: Composer, arguments: Sequence[str], root: Path) -> Plan:
    """Return the plan of a command line. Raises UserError that lists what is wrong with any cell."""
    planner = Planner(
        composer,
        exclude=settings.exclude,
        ignore=settings.ignore,
        named=settings.name,
        validate=load_callable("validate", settings.validate),
        effective=load_callable("effective", settings.effective),
    )
    planner.run(settings.all_grids(), arguments)
    cells = with_contents(list(planner.cells.values()), settings.identify)
    return Plan(
        sweep=settings.title,
        cells=cells if settings.fresh else _named_as_on_disk(cells, root),
        swept=planner.swept,
        exclusions=[{"condition": str(item), "count": item.count} for item in planner.exclusions],
        duplicates=planner.duplicates,
        created=timestamp(),
        command=sys.argv,
        code=fingerprint(settings.code),
        ignore=settings.ignore,
    )


def _named_as_on_disk(cells: Sequence[Cell], root: Path) -> list[Cell]:
    """Give the cells that have a directory already the name of that, whatever it is."""
    there = cell_dirs(root)
    return [replace(cell, name=there[cell.id].name) if cell.id in there else cell for cell in cells]
