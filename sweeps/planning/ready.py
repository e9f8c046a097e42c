"""What a command is about to run: the due cells, which of them other directories have, and their groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeps.planning.callables import call, load_callable
from sweeps.planning.draft import Draft
from sweeps.planning.due import Retry
from sweeps.planning.groups import Group, groups
from sweeps.planning.match import Match
from sweeps.planning.neighbours import Origin, as_places, found
from sweeps.planning.settings import Settings
from sweeps.records.plan import Cell


@dataclass(frozen=True)
class Ready:
    """The plan beside the records; by cell id, where due runs are elsewhere, and the group of each."""

    match: Match
    there: Mapping[str, Origin]
    groups: Mapping[str, Group]

    @classmethod
    def of(cls, match: Match, draft: Draft) -> Ready:
        """Look for what is due elsewhere, and group it. Raises UserError if it cannot be grouped."""
        settings = draft.settings
        there = elsewhere(match, settings, draft.root)
        return cls(match, there, groups(match.due, settings, draft.composer.master))

    @property
    def to_run(self) -> list[Cell]:
        """The due cells that no other directory has."""
        return [cell for cell in self.match.due if cell.id not in self.there]

    @property
    def places(self) -> dict[str, str]:
        """The directory that a due run is found in, by cell id."""
        return as_places(self.there)

    def covers(self, match: Match) -> bool:
        """Return whether all that is due by now was looked at."""
        return self.groups.keys() >= {cell.id for cell in match.due}

    def prepared(self, settings: Settings) -> Ready:
        """Return this, once the application has got ready for the cells to be run. Raises UserError."""
        prepare = load_callable("prepare", settings.prepare)
        if prepare is not None and (due := [cell.config for cell in self.to_run]):
            call("prepare", lambda: prepare(due), prepare)
        return self


def elsewhere(match: Match, settings: Settings, root: Path) -> dict[str, Origin]:
    """Return where runs that are due are found in other directories, unless they are asked for anew."""
    if not settings.reuse or settings.fresh or settings.only or settings.mode is Retry.ALL:
        return {}
    return found({cell.id: cell for cell in match.due}, root, match.plan.code)
