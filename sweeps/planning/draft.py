"""The plan of one command: every cell composed, checked, and named as its directory on disk is."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sweeps.planning.about import decided, require_metric
from sweeps.planning.again import draft_again
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
from sweeps.records.record import Record, timestamp
from sweeps.records.strategy import SEED, key_of


@dataclass
class Draft:
    """Plans a command line, and what a strategy adds to it. `earlier` is the plan on disk, if one counts.

    `settings` are the command's, `said` as they were before `about` decided what they leave open.
    """

    settings: Settings
    composer: Composer
    arguments: Sequence[str]
    root: Path
    said: Settings = field(init=False)
    earlier: Plan | None = field(init=False)
    planner: Planner = field(init=False)
    named: list[Cell] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        settings = self.said = self.settings
        self.earlier = None if settings.fresh else _earlier(self.root)
        self.planner = Planner(
            self.composer,
            exclude=settings.exclude,
            ignore=settings.ignore,
            named=settings.name,
            validate=load_callable("validate", settings.validate),
            effective=load_callable("effective", settings.effective),
        )

    def plan(self) -> Plan:
        """Return the plan of the command line. Raises UserError that lists what is wrong with any cell."""
        planner = self.planner
        planner.run(self.settings.all_grids(), self.arguments)
        self.named = list(planner.cells.values())
        configs = [cell.config for cell in self.named]
        require_metric(self.settings, configs)
        settings = self.settings = decided(self.settings, configs)
        return Plan(
            sweep=settings.title,
            cells=self._cells(self.named),
            swept=planner.swept,
            exclusions=[{"condition": str(item), "count": item.count} for item in planner.exclusions],
            duplicates=planner.duplicates,
            created=timestamp(),
            command=sys.argv,
            code=fingerprint(settings.code),
            ignore=settings.ignore,
            ladder=_ladder(settings, self.earlier, self.root),
            margin=settings.margin,
            metric=settings.metric_as_json,
        )

    def again(self, records: Mapping[str, Record]) -> Plan:
        """Return the plan of the cells that are to be run again, and of no others. Raises UserError."""
        return draft_again(self.settings, self.composer, self.root, records)

    def extended(self, plan: Plan, asked: Sequence[Sequence[str]]) -> tuple[Plan, list[Cell]]:
        """Return a plan with further cells, each given by its overrides, and those that it did not have.

        Raises UserError that lists what is wrong with any of them.
        """
        _refuse_outside(self.named, plan, asked, self.settings)
        known = {cell.id for cell in plan.cells}
        new = self._cells([cell for cell in self.planner.add(asked, known) if cell.id not in known])
        made = replace(plan, cells=[*plan.cells, *new], swept=self.planner.swept, created=timestamp())
        return made, new

    def _cells(self, cells: list[Cell]) -> list[Cell]:
        """Return cells with the content of their data, named as on disk."""
        made = with_contents(named_by_subdir(cells, self.composer), self.settings.identify)
        return made if self.settings.fresh else _named_as_on_disk(made, self.root)


def _refuse_outside(
    named: Sequence[Cell], plan: Plan, asked: Sequence[Sequence[str]], settings: Settings
) -> None:
    """Raise UserError for cells that differ from all named ones in what is not swept."""
    free = {*plan.swept, *settings.varied, SEED}
    fixed = {_fixed(cell.overrides, free) for cell in named}
    for overrides in asked:
        if (given := _fixed(overrides, free)) not in fixed:
            outside = " ".join(sorted(given - frozenset().union(*fixed)) or sorted(given))
            raise UserError(
                f"hydra.sweeper.strategy={settings.strategy}: asks for {outside or ' '.join(overrides)}, "
                f"which is outside of what the sweep varies ({', '.join(plan.swept) or 'nothing'})"
            )


def _fixed(overrides: Sequence[str], free: Collection[str]) -> frozenset[str]:
    """Return the overrides of keys that are not swept."""
    return frozenset(text for text in overrides if key_of(text) not in free)


def _ladder(settings: Settings, earlier: Plan | None, root: Path) -> list[int]:
    """Return the ladder, which the directory's first plan has fixed. Raises UserError for another one."""
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
