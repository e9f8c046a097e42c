"""The state of every cell of a sweep, by the files in its directory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeps.planning.due import Retry, verdict
from sweeps.records import lock
from sweeps.records.commands import active
from sweeps.records.content import Content, other_data
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import HIDDEN, LOCK
from sweeps.records.plan import Cell, Plan, read_plan
from sweeps.records.record import load_records
from sweeps.records.schema import BY_URGENCY, COMPLETE
from sweeps.view.detail import detail
from sweeps.view.explain import Explanation
from sweeps.view.wording import count

OTHER_DATA = "other data"  # the state of a result of other data than its cell is planned for
EXCLUDED = "excluded"  # the state of a run that counts in nothing, on purpose
STATES = (*BY_URGENCY[:-3], OTHER_DATA, *BY_URGENCY[-3:-1], EXCLUDED, BY_URGENCY[-1])
MISSING_SHOWN = 10  # cells that were never started, unless all are asked for


@dataclass(frozen=True)
class Row:
    """One cell: planned or not, its state, and what there is to say about it."""

    id: str
    name: str
    status: str
    detail: str
    planned: bool
    due: bool


class Status:
    """What the files of a sweep's directory say. Raises UserError if there is no sweep in it."""

    def __init__(self, root: Path, retry: Retry = Retry.FAILED) -> None:
        if not root.is_dir():
            raise UserError(f"{root}: {'is no directory' if root.exists() else 'there is no such directory'}")
        self.root, self.retry = root, retry
        self.plan: Plan | None = read_plan(root)
        self.records = load_records(root)
        self.excluded = read_excluded(root)
        if self.plan is None and not self.records:
            raise UserError(f"{root}: holds no plan and no run records")
        self.explanation = Explanation(root, self.plan, self.records, retry)
        self.other_data: list[tuple[dict[str, Any], Content]] = []  # results, and what their data are now

    @cached_property
    def rows(self) -> list[Row]:
        """Every cell, the planned ones first, in the plan's order."""
        planned = {cell.id: cell for cell in self.plan.cells} if self.plan else {}
        others = {key: record.path.name for key, record in self.records.items() if key not in planned}
        inside = not self.plan  # without a plan the records are all there is
        rows = [self._row(key, cell.name, True, cell) for key, cell in planned.items()]
        return rows + [self._row(key, name, inside) for key, name in others.items()]

    def _row(self, cell_id: str, name: str, planned: bool, cell: Cell | None = None) -> Row:
        record = self.records.get(cell_id)
        if cell_id in self.excluded:
            return Row(cell_id, name, EXCLUDED, self.excluded[cell_id], planned, False)
        content = self.explanation.content(cell)
        decided = verdict(record, self.explanation.code, self.retry, content)
        if record is not None and content is not None and decided.superseded:
            self.other_data.append((record.data, content))
        status = record.status if record else "missing"
        if decided.superseded:
            status = OTHER_DATA
        return Row(cell_id, name, status, detail(record, decided), planned, decided.due and planned)

    @cached_property
    def counts(self) -> Counter[str]:
        """Cells of the plan by state."""
        return Counter(row.status for row in self.rows if row.planned)

    def summary(self) -> Iterator[str]:
        """Yield the counts, and what else there is to know of the whole."""
        planned = [row for row in self.rows if row.planned]
        states = ", ".join(f"{self.counts[state]:,} {state}" for state in STATES[::-1] if self.counts[state])
        name = self.plan.sweep if self.plan else "no plan"
        yield f"{self.root} ({name}): {count(len(planned), 'cell')}: {states}"
        yield from self._workers()
        if due := sum(row.due for row in planned):
            yield f"  {count(due, 'cell')} would be run by the same command again"
        if outside := len(self.rows) - len(planned):
            yield f"  {count(outside, 'recorded cell')} outside the plan (--all lists them)"
        if told := other_data(self.other_data):
            yield f"  {told}: due again"
        yield from (f"  {line}" for line in self.explanation.near_misses())
        if stale := sum("other code" in row.detail for row in planned):
            yield f"  {count(stale, 'result')} made by other code (hydra.sweeper.retry=stale runs them again)"

    def _workers(self) -> Iterator[str]:
        """Yield who works on the sweep: each command with its workers, or the one that has locked it."""
        at_work = active(self.root)
        for each in at_work:
            does = "has joined this sweep" if each.has_joined else "is running this sweep"
            yield f"  {each.owner} {does}, with {count(each.workers, 'worker')}"
        if not at_work and (owner := lock.holder(self.root / HIDDEN / LOCK)):
            yield f"  {owner} is running this sweep"

    def table(self, everything: bool) -> Iterator[str]:
        """Yield a line for each cell that has no result, or for every cell."""
        rows = self.rows if everything else [row for row in self.rows if row.planned and row.status != "done"]
        rows = sorted(rows, key=lambda row: STATES.index(row.status))
        never = [row for row in rows if row.status == "missing"]
        hidden = set() if everything else {row.id for row in never[MISSING_SHOWN:]}
        shown = [row for row in rows if row.id not in hidden]
        width = max((len(row.name) for row in shown), default=0)
        for row in shown:
            note = "" if row.planned else "outside the plan"
            about = ", ".join(part for part in (note, row.detail) if part)
            yield f"{row.status:<11}  {row.name:<{width}}  {about}".rstrip()
        if hidden:
            yield f"and {len(hidden):,} more that were never started (--all lists them)"

    @property
    def exit_code(self) -> int:
        """0 if every planned cell has a result and every record can be believed, else 1."""
        whole = all(row.status in (*COMPLETE, EXCLUDED) or not row.planned for row in self.rows)
        return 0 if whole and all(row.status != "damaged" for row in self.rows) else 1

    def as_json(self) -> dict[str, Any]:
        """Return the state of everything in plain containers."""
        return {
            "directory": str(self.root),
            "sweep": self.plan.sweep if self.plan else None,
            "counts": dict(self.counts),
            "at_work": [
                {"process": str(each.owner), "workers": each.workers, "joined": each.has_joined}
                for each in active(self.root)
            ],
            "cells": [vars(row) for row in self.rows],
        }
