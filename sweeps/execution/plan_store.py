"""The plan of a command, written beside or over those that planned in its directory before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.execution.directory import at_work
from sweeps.planning import revision, sources
from sweeps.planning.about import decided
from sweeps.planning.contents import with_present
from sweeps.planning.draft import Draft
from sweeps.planning.settings import Settings
from sweeps.planning.strategies.course import Course
from sweeps.records import lock
from sweeps.records.atomic import set_aside
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN, PLAN, PLAN_LOCK, cell_dirs
from sweeps.records.plan import Cell, Plan, read_plan, write_plan


def store(course: Course, folder: Path, due: int) -> dict[str, Any]:
    """Write sweep.json as the course of a command has it, of whose cells so many are `due`.

    Returns what is known of the code's revision if cells are due. Commands that work together agree on one
    plan here; a sweep without a name joins those that share the directory. `folder` is the command's own
    there. Raises UserError where it cannot be written.
    """
    draft = course.draft
    root, settings = draft.root, draft.settings
    try:
        with lock.acquire_in_turn(root / HIDDEN / PLAN_LOCK):
            earlier = _earlier(root)
            plan = course.agreed(earlier)
            plan = replace(plan, history=course.written(earlier, due))
            write_plan(root, _whole(plan, earlier, folder, draft))
            sources.remember(root, settings.code)
        return revision.facts(settings.code, root) if due and settings.code else {}
    except OSError as error:
        raise UserError(f"cannot write {root}: {error.strerror}") from error


def _whole(plan: Plan, earlier: Plan | None, folder: Path, draft: Draft) -> Plan:
    """Return the plan that is to stand in the directory after this command has planned."""
    if earlier is None or (draft.settings.sweep and not draft.settings.only):
        return plan
    if draft.settings.only:
        return _renewed(earlier, plan, draft.settings)
    return _joined(plan, earlier, folder, draft)


def _renewed(earlier: Plan, plan: Plan, settings: Settings) -> Plan:
    """Return the earlier plan, those of its cells that are run again with their present data."""
    again = {cell.id: cell for cell in plan.cells}
    present = with_present(earlier.cells, plan.cells, settings.identify)
    cells = [again.get(cell.id, cell) for cell in present]
    return replace(earlier, cells=cells, history=plan.history)


def _joined(plan: Plan, earlier: Plan, folder: Path, draft: Draft) -> Plan:
    """Return the plan with the cells of earlier ones that were begun, or that somebody may yet begin.

    Of data that both are trained on, the present content counts for both. What nobody has named is decided
    for all cells: those of other data may lack the figure that these alone would be compared by.
    """
    root, known = draft.root, {cell.id for cell in plan.cells}
    others = [cell for cell in earlier.cells if cell.id not in known]
    others = with_present(others, plan.cells, draft.settings.identify)
    if at_work(root, besides=folder) is None:
        there = cell_dirs(root)
        others = [cell for cell in others if cell.id in there]
    cells = [*others, *plan.cells]
    swept = list(dict.fromkeys([*earlier.swept, *plan.swept]))
    return replace(plan, cells=cells, swept=swept, metric=_metric(plan, cells, draft.said))


def _metric(plan: Plan, cells: Sequence[Cell], said: Settings) -> dict[str, Any] | None:
    """Return what all the cells are about; what the command's own are where the data of others have gone."""
    try:
        return decided(said, [cell.config for cell in cells]).metric_as_json
    except UserError:
        return plan.metric


def _earlier(root: Path) -> Plan | None:
    """Return the plan on disk; a damaged one is set aside, not written over. Raises OSError."""
    try:
        return read_plan(root)
    except UserError:
        set_aside(root / PLAN)
        return None
