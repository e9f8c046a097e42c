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
from sweeps.planning.place import short
from sweeps.planning.planner import Planner
from sweeps.planning.settings import Settings
from sweeps.planning.subdir import named_by_subdir
from sweeps.records.errors import UserError
from sweeps.records.ladder import RUNGS
from sweeps.records.layout import cell_dirs
from sweeps.records.plan import Cell, Plan, read_plan
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
    named = named_by_subdir(list(planner.cells.values()), composer)
    cells = with_contents(named, settings.identify)
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
        ladder=_ladder(settings, root),
        margin=settings.margin,
        metric=settings.goal.as_json() if settings.goal else None,
    )


def _ladder(settings: Settings, root: Path) -> list[int]:
    """Return the ladder, which the directory's first plan has fixed. Raises UserError for another one."""
    earlier = None if settings.fresh else _earlier(root)
    fixed = list((earlier.ladder if earlier else settings.ladder) or RUNGS)
    if settings.ladder is not None and list(settings.ladder) != fixed:
        raise UserError(
            f"hydra.sweeper.ladder = {settings.ladder}: must be {fixed}, which the first plan of "
            f"{short(root)} has fixed (hydra.sweeper.fresh=true starts anew)"
        )
    return fixed


def _earlier(root: Path) -> Plan | None:
    """Return the plan on disk, None if there is none that can be read."""
    try:
        return read_plan(root)
    except UserError:
        return None


def _named_as_on_disk(cells: Sequence[Cell], root: Path) -> list[Cell]:
    """Give the cells that have a directory already the name of that, whatever it is."""
    there = cell_dirs(root)
    return [replace(cell, name=there[cell.id].name) if cell.id in there else cell for cell in cells]
