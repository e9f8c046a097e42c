"""Why one cell will be run or skipped, naming the input that has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.planning.due import Retry, is_stale, verdict
from sweeps.planning.sources import changed, present, remembered
from sweeps.records.content import Content, other_data
from sweeps.records.differences import NEAR, difference, near_misses, settings_of
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.view.wording import reason

SHOWN = 8  # differences listed


@dataclass(frozen=True)
class Case:
    """A cell that is asked about: planned, recorded, or both."""

    id: str
    name: str
    cell: Cell | None
    record: Record | None


def find(text: str, plan: Plan | None, records: Mapping[str, Record]) -> Case:
    """Return the one cell whose id or name begins with the text, or whose name holds it. Raises UserError."""
    planned = {cell.id: cell for cell in plan.cells} if plan else {}
    names = {cell_id: record.path.name for cell_id, record in records.items()} | {
        cell_id: cell.name for cell_id, cell in planned.items()
    }
    wanted = text.rstrip("/").rpartition("/")[2]
    if not wanted.strip():  # every name begins with it, and where there is one cell, it would be meant
        raise UserError(f"{text!r} is no cell: give its id, or some of its name")
    ids = [key for key, name in names.items() if wanted in (key, name)]
    ids = ids or [key for key, name in names.items() if key.startswith(wanted) or name.startswith(wanted)]
    ids = ids or [key for key, name in names.items() if wanted in name]
    if not ids:
        raise UserError(f"no cell is called {text}: neither the plan nor the records know it")
    if len(ids) > 1:
        examples = ", ".join(names[key] for key in ids[:3])
        raise UserError(
            f"{text} may be any of {len(ids):,} cells, such as {examples}: give more of the name, or the id"
        )
    return Case(ids[0], names[ids[0]], planned.get(ids[0]), records.get(ids[0]))


@dataclass
class Explanation:
    """Lines that say what a cell's state is and what the next sweep does with it."""

    root: Path
    plan: Plan | None
    records: Mapping[str, Record]
    retry: Retry = Retry.FAILED
    code: str = field(init=False)
    _now: dict[Content, Content] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        now, self.sources = present(self.root)
        self.code = now or (self.plan.code if self.plan else "")

    def content(self, cell: Cell | None) -> Content | None:
        """Return what a cell's data are now, as far as that can be seen here; else as they were planned."""
        if cell is None or cell.content is None:
            return None
        if cell.content not in self._now:
            self._now[cell.content] = cell.content.present()
        return self._now[cell.content]

    def lines(self, case: Case) -> Iterator[str]:
        """Yield the explanation of one cell."""
        yield case.name
        if case.record is None or case.record.status == "missing":
            yield "  has no record"
        else:
            yield f"  {state(case.record)}"
        if case.cell is None:
            yield "  is not in the plan: the sweep does not run it, its report leaves it out"
        else:
            yield f"  {self._next(case)}"
        content = self.content(case.cell)
        if case.record and content and case.record.is_complete and not content.is_of(case.record.data):
            yield f"  {other_data([(case.record.data, content)])}"
        if case.record and is_stale(case.record, self.code):
            yield from self._code(case.record)
        if (case.cell is None) != (case.record is None):
            yield from self._config(case)

    def near_misses(self) -> list[str]:
        """Return what tells recorded cells outside the plan from planned ones, where that is little."""
        outside = self._records_outside() if self.plan else []
        planned = self.plan.cells if self.plan and outside else []
        ignore = self.plan.ignore if self.plan else []
        old, new = (
            [settings_of(cell.config, cell.choices, ignore) for cell in cells] for cells in (outside, planned)
        )
        return near_misses(old, new)

    def _next(self, case: Case) -> str:
        """Say what the sweeper would decide, and which other retry modes decide otherwise."""
        content = self.content(case.cell)
        decided = verdict(case.record, self.code, self.retry, content)
        answer = f"next time: {'run' if decided.due else 'skipped'} ({decided.why})"
        if decided.due and decided.restart:
            answer += ", from its first epoch"
        others = [mode for mode in Retry if verdict(case.record, self.code, mode, content).due != decided.due]
        if others:
            answer += f"; hydra.sweeper.retry={' or '.join(others)}: {'skipped' if decided.due else 'run'}"
        return answer

    def _code(self, record: Record) -> Iterator[str]:
        """Name the sources that have changed since the record was made."""
        then = remembered(self.root).get(str(record.data.get("code")))
        if then is None or not self.sources:
            yield f"  code: {record.data.get('code') or 'unknown'} then, {self.code} now"
        else:
            yield f"  code changed since: {_some(changed(then, self.sources))}"

    def _config(self, case: Case) -> Iterator[str]:
        """Name what tells the cell from its nearest relative: itself, before a config file was edited."""
        relatives = self._records_outside() if case.record is None else self._planned_without_record()
        mine = case.cell or _as_cell(case.id, case.record)
        ignore = self.plan.ignore if self.plan else []
        ranked = [
            (other.overrides != mine.overrides, len(difference(other, mine, ignore)), other)
            for other in relatives
        ]
        if not ranked:
            return
        other_way, count, nearest = min(ranked, key=lambda rank: rank[:2])
        if other_way and count > NEAR:
            return
        where = "recorded, but not planned" if case.record is None else "planned, but not recorded"
        yield f"  config: nearest is {nearest.name} ({where}); from that to this cell changed"
        yield from (f"    {line}" for line in difference(nearest, mine, ignore)[:SHOWN])

    def _records_outside(self) -> list[Cell]:
        planned = {cell.id for cell in self.plan.cells} if self.plan else set()
        return [_as_cell(key, record) for key, record in self.records.items() if key not in planned]

    def _planned_without_record(self) -> list[Cell]:
        return [cell for cell in self.plan.cells if cell.id not in self.records] if self.plan else []


def state(record: Record) -> str:
    """Return a record's status in one line: why it has no result, when it ended, how often it was tried."""
    parts = [record.status if record.is_complete else reason(record)]
    if finished := record.data.get("finished"):
        parts.append(f"ended {finished}")
    if (attempts := record.data.get("attempts", 1)) != 1:
        parts.append(f"{attempts} attempts")
    return ", ".join(parts)


def _as_cell(cell_id: str, record: Record | None) -> Cell:
    data = record.data if record else {}
    name = record.path.name if record else cell_id
    return Cell(cell_id, name, data.get("overrides", []), data.get("config", {}), data.get("choices", {}))


def _some(files: list[str]) -> str:
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(files[:SHOWN]) + more
