"""A plan beside what is on disk: the record of each cell, and what is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sweeps.planning.due import Retry, Verdict, has_result, verdict
from sweeps.planning.settings import Settings
from sweeps.records.commands import session_of
from sweeps.records.differences import near_misses, settings_of
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record


@dataclass(frozen=True)
class Match:
    """A plan, the records in its directory by cell id, and the reasons why some of its cells are excluded.

    `again`: the cells are to be run whatever is recorded of them. `session`: that of this command; what those
    that work with it have run is not run once more. `awaited`: cells that others are running now have to end,
    for what comes next depends on them.
    """

    plan: Plan
    records: Mapping[str, Record]
    retry: Retry
    excluded: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    session: str = ""
    launched: frozenset[str] = frozenset()
    awaited: bool = False

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each planned cell, by id."""
        return {cell.id: self._verdict(cell, self.records.get(cell.id)) for cell in self.plan.cells}

    def _verdict(self, cell: Cell, record: Record | None) -> Verdict:
        if record is not None and self.session and session_of(record.data.get("launch")) == self.session:
            if has_result(record, cell.content) or record.status == "failed":
                return Verdict(False, f"{record.status}, by those who work together on it")
            if record.status == "running":  # it is this command's to finish, should they leave
                return Verdict(True, "being run by those who work together on it")
        if self.again and (record is None or record.status != "running"):
            return Verdict(True, "asked for again", restart=True, superseded=record is not None)
        if cell.id in self.excluded:
            return Verdict(False, f"excluded: {self.excluded[cell.id]}")
        if self.awaited and record is not None and record.status == "running":
            return Verdict(True, "being run by another process, and waited for")
        return verdict(record, self.plan.code, self.retry, cell.content)

    @property
    def due(self) -> list[Cell]:
        """The cells that are to be run, in the plan's order."""
        cells = self.plan.cells
        return [cell for cell in cells if self.verdicts[cell.id].due and cell.id not in self.launched]

    def near_misses(self, settings: Settings) -> list[str]:
        """Return what tells recorded cells that are not planned from planned ones without a record.

        Where plans are joined nothing is dropped, so nothing is said of what the command itself asks for.
        """
        if settings.only:
            return []
        ignore = settings.ignore
        old = [
            settings_of(record.data["config"], record.data.get("choices") or {}, ignore)
            for record in self.records.values()
            if record.cell_id not in self.verdicts and "config" in record.data
        ]
        new = [cell for cell in self.plan.cells if cell.id not in self.records] if old else []
        asked = {override.partition("=")[0].lstrip("+") for cell in new for override in cell.overrides}
        planned = [settings_of(cell.config, cell.choices, ignore) for cell in new]
        return near_misses(old, planned, () if settings.sweep else asked)
