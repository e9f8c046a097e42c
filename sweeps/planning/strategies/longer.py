"""`hydra.sweeper.strategy=longer`: of cells that differ in their length only, the shortest is run first.

The others follow, each from the checkpoint of the one before, where the application keeps it: runs of 10, 20
and 50 epochs take as long as those of 50 alone, and have the results that each of them has alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeps.planning.identity import has_key, select
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.records.strategy import NAMED, OF_RUNGS, Step, key_of, settings_of, with_setting


class Longer:
    """Runs the named cells; `hydra.sweeper.rung_key` says how long one is."""

    runs_named = False  # they are, but not all at once

    def check(self, plan: Plan) -> Iterator[str]:
        """Yield what keeps cells from being put in the order of their lengths."""
        key = settings_of(plan)["rung_key"]
        if not key:
            yield "hydra.sweeper.rung_key = null: must name the key that says how long a cell is"
        elif not all(length_of(overrides, key) for overrides in plan.strategy[NAMED]):
            yield f"hydra.sweeper.strategy = longer: {key} must be swept, over whole numbers from 1 on"

    def __call__(self, plan: Plan, records: Mapping[str, Record]) -> Step:
        """Return the next longer cell of every series, which has all other settings in common."""
        settings = settings_of(plan)
        key = settings["rung_key"]
        longest = {series_of(cell.overrides, settings): cell for cell in plan.cells}  # each step lengthens
        new = []
        for series, named in named_series(plan, settings).items():
            before = longest.get(series)
            passed = length_of(before.overrides, key) if before else 0
            if rest := [each for each in named if length_of(each, key) > passed]:
                new.append(going_on(rest, before, settings))
        return Step(new, f"{key}: the next of each series" if new else "all have been run")


longer = Longer()


def named_series(plan: Plan, settings: Mapping[str, Any]) -> dict[frozenset[str], list[list[str]]]:
    """Return the named cells (their overrides) of each series, the shortest first."""
    found: dict[frozenset[str], list[list[str]]] = {}
    for overrides in sorted(plan.strategy[NAMED], key=lambda each: length_of(each, settings["rung_key"])):
        found.setdefault(series_of(overrides, settings), []).append(overrides)
    return found


def series_of(overrides: Sequence[str], settings: Mapping[str, Any]) -> frozenset[str]:
    """Return what cells that differ in their length only have in common."""
    free = {settings[name] for name in OF_RUNGS}
    return frozenset(text for text in overrides if key_of(text) not in free)


def going_on(rest: Sequence[list[str]], before: Cell | None, settings: Mapping[str, Any]) -> list[str]:
    """Return the first of the cells that a series still lacks, told what it goes on from, and what will."""
    made, *more = rest
    if more and settings["rung_kept"]:
        made = with_setting(made, settings["rung_kept"], "true")
    if before and settings["rung_from"]:
        made = with_setting(made, settings["rung_from"], f"'{before.id}'")
    return made


def length_of(overrides: Sequence[str], key: str) -> int:
    """Return how long a cell is; 0 where its overrides do not say so."""
    value = next((text.partition("=")[2] for text in overrides if key_of(text) == key), "")
    return int(value) if value.isdecimal() else 0


def gone_on_from(plan: Plan, key: str | None) -> set[str]:
    """Return the ids of the cells that others of a plan go on from, by the key that names them."""
    if key is None:
        return set()
    named = (select(cell.config, key) for cell in plan.cells if has_key(cell.config, key))
    return {str(cell_id) for cell_id in named if cell_id}
