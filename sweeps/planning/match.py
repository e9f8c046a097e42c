"""A plan beside what is on disk: the record of each cell, and what is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sweeps.planning.due import Retry, Verdict, verdict
from sweeps.planning.settings import Settings
from sweeps.records.differences import near_misses, settings_of
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record


@dataclass(frozen=True)
class Match:
    """A plan, and the records in its directory by cell id; what was `launched` already is not due again."""

    plan: Plan
    records: Mapping[str, Record]
    retry: Retry
    launched: frozenset[str] = frozenset()

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each planned cell, by id."""
        plan, records = self.plan, self.records
        return {
            cell.id: verdict(records.get(cell.id), plan.code, self.retry, cell.content) for cell in plan.cells
        }

    @property
    def due(self) -> list[Cell]:
        """The cells that are to be run, in the plan's order."""
        cells = self.plan.cells
        return [cell for cell in cells if self.verdicts[cell.id].due and cell.id not in self.launched]

    @property
    def kept(self) -> int:
        """How many planned cells have a result that is not run again."""
        planned = self.verdicts.items()
        return sum(
            not each.due and cell_id in self.records and self.records[cell_id].is_complete
            for cell_id, each in planned
        )

    def near_misses(self, settings: Settings) -> list[str]:
        """Return what tells recorded cells that are not planned from planned ones without a record.

        Where plans are joined nothing is dropped, so nothing is said of what the command itself asks for.
        """
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
