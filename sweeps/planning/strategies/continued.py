"""What a strategy begins with, and what it goes on from: its steps on disk, if they are of the same sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sweeps.planning.draft import Draft
from sweeps.planning.settings import Settings
from sweeps.planning.strategies.named import Strategy, check, runs_named
from sweeps.records.plan import Plan
from sweeps.records.strategy import NAMED, SETTINGS, asked, base

Steps = list[dict[str, Any]]


def begun(plan: Plan, strategy: Strategy, settings: Settings) -> Plan:
    """Return the plan that a strategy begins with. Raises UserError for one that it can do nothing with."""
    node: dict[str, Any] = {
        "name": settings.strategy,
        "settings": settings.of_strategy,
        "steps": [],
        "end": None,
    }
    if runs_named(strategy):
        return replace(plan, strategy=node)
    node[NAMED] = [cell.overrides for cell in plan.cells]
    plan = replace(plan, strategy=node)
    check(strategy, plan)
    return replace(plan, cells=[])


def continued(plan: Plan, earlier: Plan | None, draft: Draft) -> Plan:
    """Return the plan that a strategy begins with, and what it has added to the same cells before."""
    if earlier is None or not is_same(plan, earlier):
        return plan
    added = asked(earlier)
    overrides = [cell.overrides for cell in earlier.cells if cell.id in added]
    extended, new = draft.extended(plan, overrides) if overrides else (plan, [])
    if {cell.id for cell in new} != added:  # the code now makes other cells of the same overrides
        return plan
    return with_steps(extended, steps_of(earlier))


def is_same(plan: Plan, earlier: Plan) -> bool:
    """Return whether two plans are of the same strategy on the same cells."""
    if not plan.strategy or earlier.strategy.get("name") != plan.strategy["name"]:
        return False
    if {cell.id for cell in base(earlier)} != {cell.id for cell in base(plan)}:
        return False
    told = (NAMED, SETTINGS) if NAMED in plan.strategy else ()  # of which every step of theirs depends
    return all(earlier.strategy.get(key) == plan.strategy[key] for key in told)


def steps_of(plan: Plan) -> Steps:
    """Return the steps of a plan's strategy."""
    steps: Steps = plan.strategy["steps"]
    return steps


def with_steps(plan: Plan, steps: Steps) -> Plan:
    """Return a plan with these steps of its strategy."""
    return replace(plan, strategy=plan.strategy | {"steps": steps})


def go_on_from(steps: Steps, earlier: Steps) -> bool:
    """Return whether steps begin with earlier ones, by whomever and whenever those were made."""
    return _cells(steps[: len(earlier)]) == _cells(earlier)


def _cells(steps: Sequence[dict[str, Any]]) -> list[Any]:
    return [step["cells"] for step in steps]
