"""What a command adds to the history of a plan: an entry of its own, and one for each step with new cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeps.records import plan_history
from sweeps.records.plan import Plan


@dataclass(frozen=True)
class Entry:
    """An entry that is not on disk yet, with the ids of the cells that are new in it."""

    facts: Mapping[str, Any]
    new: tuple[str, ...]
    of_step: bool


@dataclass
class Entries:
    """The entries of a command; `known` are the ids of all cells that were planned before."""

    known: set[str]
    unwritten: list[Entry] = field(default_factory=list)
    begun: bool = False

    def note(self, plan: Plan) -> list[dict[str, Any]]:
        """Return what a plan adds to its history: an entry if it is the command's first, or has new cells."""
        new = tuple(cell.id for cell in plan.cells if cell.id not in self.known)
        self.known.update(new)
        of_step, self.begun = self.begun, True
        if of_step and not new:
            return []
        self.unwritten.append(Entry(plan_history.entry(plan), new, of_step))
        return [{**self.unwritten[-1].facts, "new": len(new)}]

    def written(self, earlier: Plan | None, due: int) -> list[dict[str, Any]]:
        """Return what is to be added to the history on disk, the last entry with how many cells are due.

        The entry of a step that others have written meanwhile is left out.
        """
        there = {cell.id for cell in earlier.cells} if earlier else set()
        self.known |= there
        added = []
        for entry in self.unwritten:
            new = [cell_id for cell_id in entry.new if cell_id not in there]
            there.update(new)
            if new or not entry.of_step:
                added.append({**entry.facts, "new": len(new), "due": 0})
        if added:
            added[-1]["due"] = due
        self.unwritten = []
        return added
