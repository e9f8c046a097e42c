"""Choosing one swept setting by an earlier sweep's results: `${chosen:key,figure,directory}` in a config."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.planning.due import has_result
from sweeps.planning.identity import select
from sweeps.records.content import other_data
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.plan import Cell, Plan, read_plan
from sweeps.records.record import Record, load_records


def chosen(key: str, figure: str, directory: str) -> list[dict[str, str]]:
    """Return a grid for each setting of everything else that a sweep varied, with its best value of `key`.

    Best is the highest `figure` (a dotted name in the run record) of a run that did not diverge; of equals
    the first planned. Raises UserError unless every run of the sweep has a result.
    """
    root = Path(directory)
    plan = finished_plan(root)
    records = load_records(root)
    if key not in plan.swept:
        raise UserError(f"{root}: its sweep does not vary {key}, but {', '.join(plan.swept) or 'nothing'}")
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in plan.cells:
        others = tuple(override for override in cell.overrides if name_of(override) != key)
        groups.setdefault(others, []).append(cell)
    return [as_grid(best(cells, records, figure, root), plan.swept) for cells in groups.values()]


def finished_plan(root: Path) -> Plan:
    """Return a sweep's plan; UserError if there is none, or a run has no result of its present data."""
    plan = read_plan(root)
    if plan is None:
        raise UserError(f"{root}: no sweep was run there to choose from; run sweep=<name>/search first")
    records, excluded = load_records(root), read_excluded(root)
    plan = replace(plan, cells=[cell for cell in plan.cells if cell.id not in excluded])
    now = {cell.content: cell.content.present() for cell in plan.cells if cell.content}
    found = [(records.get(cell.id), now[cell.content] if cell.content else None) for cell in plan.cells]
    if left := sum(not has_result(record, content) for record, content in found):
        told = other_data((r.data, c) for r, c in found if r and c and r.is_complete and not c.is_of(r.data))
        of_data = f", {told}" if told else ""
        raise UserError(f"{root}: {left} of {len(found)} runs to choose from have no result{of_data}; run it")
    return plan


def best(cells: Sequence[Cell], records: dict[str, Record], figure: str, root: Path) -> Cell:
    """Return the cell with the highest figure; UserError if none of them has it."""
    figures = {cell.id: reached(records[cell.id], figure) for cell in cells}
    first = max(cells, key=lambda cell: figures[cell.id])
    if not math.isfinite(figures[first.id]):
        raise UserError(f"{root}: no run of {' '.join(first.overrides)} and its like has a {figure}")
    return first


def reached(record: Record, figure: str) -> float:
    """Return a figure of a run, minus infinity where it diverged or has none."""
    try:
        value: Any = select(record.data, figure) if record.status == "done" else None
    except KeyError:
        value = None
    return float(value) if isinstance(value, int | float) else -math.inf


def as_grid(cell: Cell, swept: Sequence[str]) -> dict[str, str]:
    """Return what a cell overrides of the settings that its sweep varied."""
    pairs = (override.partition("=") for override in cell.overrides)
    return {name: value for name, _, value in pairs if name.lstrip("+") in swept}


def name_of(override: str) -> str:
    """Return the key of an override."""
    return override.partition("=")[0].lstrip("+")
