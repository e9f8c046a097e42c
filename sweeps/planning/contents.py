"""The contents of the data of a sweep's cells: asked of the application, and compared with the records."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.planning.callables import call, load_callable
from sweeps.planning.due import has_result
from sweeps.records.content import Content
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record


def with_contents(cells: Sequence[Cell], identify: str | None) -> list[Cell]:
    """Return the cells with the content of their data, by the function of the dotted name `identify`.

    What it warns of is shown, each line once. Raises UserError if there is no such function, or it gives
    something else.
    """
    made, warnings = _identified(cells, identify)
    for line in dict.fromkeys(warnings):
        print(f"warning: {line}", file=sys.stderr)
    return made


def with_present(earlier: Sequence[Cell], cells: Sequence[Cell], identify: str | None) -> list[Cell]:
    """Return cells planned earlier with what their data hold now.

    Asked for are only data that bear a name of those of the present `cells`. Where they cannot be had any
    more, they stay as they were planned.
    """
    names = {cell.content.name for cell in cells if cell.content}
    asked: dict[Content, list[Cell]] = {}
    for cell in earlier:
        if cell.content is not None and cell.content.name in names:
            asked.setdefault(cell.content, []).append(cell)
    now: dict[str, Cell] = {}
    for group in asked.values():
        with contextlib.suppress(UserError):
            now |= {cell.id: cell for cell in _identified(group, identify)[0]}
    return [now.get(cell.id, cell) for cell in earlier]


def _identified(cells: Sequence[Cell], identify: str | None) -> tuple[list[Cell], list[str]]:
    """Return the cells with the content of their data, and what there is to warn of."""
    if (function := load_callable("identify", identify)) is None:
        return list(cells), []
    answers = call("identify", lambda: list(function([cell.config for cell in cells])), function)
    try:
        contents = [None if each is None else Content.of(each) for each in answers]
        made = [replace(cell, content=content) for cell, content in zip(cells, contents, strict=True)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"hydra.sweeper.identify={identify}: must take the configs of all cells, and yield for "
            f"each a mapping with name and sha256, or null ({type(error).__name__}: {error})"
        ) from error
    return made, [line for each in answers if each for line in each.get("warnings") or ()]


def of_other_data(
    plan: Plan, records: Mapping[str, Record | None]
) -> list[tuple[Mapping[str, Any], Content]]:
    """Return what the results of other data say, each with what its cell is planned for."""
    return [
        (record.data, cell.content)
        for cell in plan.cells
        if (record := records.get(cell.id)) is not None
        and cell.content is not None
        and record.is_complete
        and not has_result(record, cell.content)
    ]
