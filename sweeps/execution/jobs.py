"""The due cells as workers take them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sweeps.planning.due import Verdict
from sweeps.planning.groups import Group
from sweeps.planning.match import Match
from sweeps.records.content import Content
from sweeps.records.plan import Cell
from sweeps.records.record import Record


@dataclass(frozen=True)
class Job:
    """A due cell.

    `restart`: what its directory holds is not continued. `seen`: the launch that its record named when the
    sweep was planned, unless it was being run then; another one means that somebody has run it since.
    `superseded`: its directory holds a result of other data. `content`: the data that it is planned for, if
    known. `group`: what cells that may be run together have in common; None for a cell that is run alone.
    """

    number: int
    id: str
    name: str
    overrides: list[str]
    restart: bool = False
    seen: str | None = None
    superseded: bool = False
    content: Content | None = None
    group: str | None = None

    @classmethod
    def of(
        cls, number: int, cell: Cell, decided: Verdict, record: Record | None, group: str | None = None
    ) -> Job:
        """Return the job of a planned cell; `record` is what is there of it."""
        seen = record.data.get("launch") if record and record.status != "running" else None
        restart, superseded = decided.restart, decided.superseded
        return cls(number, cell.id, cell.name, cell.overrides, restart, seen, superseded, cell.content, group)


def jobs_of(match: Match, groups: Mapping[str, Group]) -> list[Job]:
    """Return the jobs of the due cells, in the plan's order; a cell without a group is run alone."""
    due = {cell.id for cell in match.due}
    keys = {cell_id: group.key for cell_id, group in groups.items()}
    return [
        Job.of(number, cell, match.verdicts[cell.id], match.records.get(cell.id), keys.get(cell.id))
        for number, cell in enumerate(match.plan.cells)
        if cell.id in due
    ]
