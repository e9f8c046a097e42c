"""The plan of a command, written beside or over those that planned in its directory before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.execution.directory import at_work
from sweeps.planning import revision, sources
from sweeps.planning.contents import with_present
from sweeps.planning.settings import Settings
from sweeps.planning.strategies.course import Course
from sweeps.records import lock
from sweeps.records.atomic import set_aside
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN, PLAN, PLAN_LOCK, cell_dirs
from sweeps.records.plan import Plan, read_plan, write_plan


def store(course: Course, folder: Path, due: int) -> dict[str, Any]:
    """Write sweep.json as the course of a command has it, of whose cells so many are `due`.

    Returns what is known of the code's revision if cells are due. Commands that work together agree on one
    plan here; a sweep without a name joins those that share the directory. `folder` is the command's own
    there. Raises UserError where it cannot be written.
    """
    root, settings = course.draft.root, course.draft.settings
    try:
        with lock.acquire_in_turn(root / HIDDEN / PLAN_LOCK):
            earlier = _earlier(root)
            plan = course.agreed(earlier)
            plan = replace(plan, history=course.written(earlier, due))
            write_plan(root, _whole(plan, earlier, root, folder, settings))
            sources.remember(root, settings.code)
        return revision.facts(settings.code, root) if due and settings.code else {}
    except OSError as error:
        raise UserError(f"cannot write {root}: {error.strerror}") from error


def _whole(plan: Plan, earlier: Plan | None, root: Path, folder: Path, settings: Settings) -> Plan:
    """Return the plan that is to stand in the directory after this command has planned."""
    if settings.only and earlier is not None:
        return _renewed(earlier, plan, settings)
    return plan if settings.sweep else _joined(plan, earlier, root, folder, settings)


def _renewed(earlier: Plan, plan: Plan, settings: Settings) -> Plan:
    """Return the earlier plan, those of its cells that are run again with their present data."""
    again = {cell.id: cell for cell in plan.cells}
    present = with_present(earlier.cells, plan.cells, settings.identify)
    cells = [again.get(cell.id, cell) for cell in present]
    return replace(earlier, cells=cells, history=plan.history)


def _joined(plan: Plan, earlier: Plan | None, root: Path, folder: Path, settings: Settings) -> Plan:
    """Return the plan with the cells of earlier ones that were begun, or that somebody may yet begin.

    Of data that both are trained on, the present content counts for both.
    """
    if earlier is None:
        return plan
    known = {cell.id for cell in plan.cells}
    others = [cell for cell in earlier.cells if cell.id not in known]
    others = with_present(others, plan.cells, settings.identify)
    if at_work(root, besides=folder) is None:
        there = cell_dirs(root)
        others = [cell for cell in others if cell.id in there]
    swept = list(dict.fromkeys([*earlier.swept, *plan.swept]))
    return replace(plan, cells=[*others, *plan.cells], swept=swept)


def _earlier(root: Path) -> Plan | None:
    """Return the plan on disk; a damaged one is set aside, not written over. Raises OSError."""
    try:
        return read_plan(root)
    except UserError:
        set_aside(root / PLAN)
        return None
