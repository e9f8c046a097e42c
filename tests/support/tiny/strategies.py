"""Strategies of the tiny application's: some that end, and some that are mistakes."""

from collections.abc import Mapping
from typing import Any

from mlp_grid import Step, with_setting
from sweeps.records.plan import Plan
from sweeps.records.record import Record


def highest(plan: Plan, records: Mapping[str, Record]) -> Step | None:
    """Go on upwards from the highest total, for as long as it is even."""
    totals = {cell.id: records[cell.id].data["final"]["total"] for cell in plan.cells if cell.id in records}
    best = max(plan.cells, key=lambda cell: totals.get(cell.id, -1))
    if len(plan.cells) >= 5:
        return None
    x = max(cell.config["x"] for cell in plan.cells) + 1
    return Step([with_setting(best.overrides, "x", x)], f"x = {best.config['x']} is best", ["x above 5"])


def outside(plan: Plan, records: Mapping[str, Record]) -> Step:
    """Ask for what the sweep does not vary."""
    return Step([[*plan.cells[0].overrides, "steps=4"]], "steps")


def endless(plan: Plan, records: Mapping[str, Record]) -> Step:
    """Ask for the same again and again."""
    return Step([plan.cells[0].overrides], "again")


def invalid(plan: Plan, records: Mapping[str, Record]) -> Step:
    """Ask for a seed that does not compose."""
    return Step([with_setting(plan.cells[0].overrides, "seed", "${nowhere}")], "nowhere")


def broken(plan: Plan, records: Mapping[str, Record]) -> Step:
    """Raise."""
    raise ZeroDivisionError("the strategy's own mistake")


def other(plan: Plan, records: Mapping[str, Record]) -> Any:
    """Return something else than a step."""
    return ["x=3"]
