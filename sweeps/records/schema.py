"""The types of the values in a record and a plan, checked once when they are read; the statuses of a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sweeps.records import ladder
from sweeps.records.metric import goal_problem

SCHEMA = 1


def is_schema(value: object) -> bool:
    """Return whether that is the present schema: true and 1.0 are equal to it, and were never written."""
    return type(value) is int and value == SCHEMA


COMPLETE = ("done", "diverged")  # a run has ended and has a result
RETURNED = (*COMPLETE, "failed")  # that a job may return
STATUSES = (*RETURNED, "running", "interrupted")  # that a record may say
STATES = (*STATUSES, "lost", "damaged", "missing")
"""What a cell can be in, as lists and tables have it: STATUSES and what is only seen from outside."""
PENDING = ("missing", *(state for state in STATES[:-1] if state not in COMPLETE))  # without a result
BEGUN = ("running", "lost", "interrupted")  # with no end of its own: epochs may be there
TO_START = ("missing", "interrupted", "lost")  # again, or for the first time
ENDED_BADLY = ("failed", "damaged")
BY_URGENCY = ("running", *ENDED_BADLY, "lost", "interrupted", "diverged", "missing", "done")

TEXTS = ("name", "sweep", "code", "started", "finished", "launch", "best_by")
MAPPINGS = (
    "config",
    "choices",
    "final",
    "best",
    "timing",
    "provenance",
    "worker",
    "diverged",
    "error",
    "boundary",
    "history_csv",
    "best_by_test",
    "origin",
)
RECORD_KINDS: dict[str, type] = {
    **dict.fromkeys(TEXTS, str),
    **dict.fromkeys(MAPPINGS, dict),
    "overrides": list,
    "nonfinite": list,
    "ignore": list,
    "final_epoch": int,
    "attempts": int,
}
PLAN_KINDS: dict[str, type] = {
    "base": dict,
    "base_choices": dict,
    "cells": list,
    "sweep": str,
    "created": str,
    "code": str,
    "swept": list,
    "exclusions": list,
    "command": list,
    "duplicates": int,
    "datasets": list,
    "history": list,
    "ignore": list,
    "strategy": dict,
}
CELL_KINDS: dict[str, type] = {"id": str, "name": str, "overrides": list, "config": dict, "choices": dict}
DATASET_KINDS: dict[str, type] = {"name": str, "sha256": str, "earlier": list}
STRATEGY_KINDS: dict[str, type] = {"name": str, "settings": dict, "steps": list}
STEP_KINDS: dict[str, type] = {"why": str, "cells": list}
STEP_NUMBERS = ("runs", "about_s")  # of a step; null: not known
EXCLUSION_KINDS: dict[str, type] = {"condition": str, "count": int}
_ID = re.compile("[0-9a-f]{12}")


def record_problem(data: Mapping[str, Any]) -> str:
    """Return why a record's values cannot be believed; empty if they can. A key may be absent or null."""
    there = {key: kind for key, kind in RECORD_KINDS.items() if data.get(key) is not None}
    wrong = next(_wrong(data, there), "") or next(_goal_problems(data), "")
    wrong = wrong or next(_wrong_choices(data.get("choices") or {}), "")
    return wrong or next(_negative(data.get("timing") or {}), "")


def plan_problem(data: Any) -> str:
    """Return why a plan cannot be believed; empty if it can."""
    return next(_plan_problems(data), "")


def _plan_problems(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        yield "is no JSON object"
        return
    needed = ("sweep", "base", "base_choices", "cells")
    yield from _wrong(data, {key: kind for key, kind in PLAN_KINDS.items() if key in data or key in needed})
    yield from _wrong_choices(data["base_choices"])
    for cell in data["cells"]:
        yield from _wrong(cell, CELL_KINDS)
        yield from _wrong_choices(cell["choices"])
        if not _ID.fullmatch(cell["id"]):
            yield f"has the id {cell['id']!r}"
        yield from _not_texts("overrides", cell["overrides"])
    for dataset in data.get("datasets", ()):
        yield from _wrong(dataset, DATASET_KINDS)
    for cell in data["cells"]:
        place = cell.get("dataset")
        if place is not None and not (type(place) is int and 0 <= place < len(data.get("datasets", ()))):
            yield f"has a cell of the data set {place!r}"
    for entry in data.get("history", ()):
        yield from _wrong(entry, {"time": str, "command": list})
    for exclusion in data.get("exclusions", ()):
        yield from _wrong(exclusion, EXCLUSION_KINDS)
    yield from _twice([cell["id"] for cell in data["cells"]])
    if strategy := data.get("strategy"):
        yield from _strategy_problems(strategy)
    yield from ladder.problems(data)
    yield from _goal_problems(data)
    for key in ("swept", "command", "ignore"):
        yield from _not_texts(key, data.get(key, ()))


def _strategy_problems(strategy: Any) -> Iterator[str]:
    yield from _wrong(strategy, STRATEGY_KINDS)
    for step in strategy["steps"]:
        yield from _wrong(step, STEP_KINDS)
        yield from _not_texts("cells of a step", step["cells"])
        for key in STEP_NUMBERS:
            number = step.get(key)
            if number is not None and not (type(number) in (int, float) and number >= 0):
                yield f"has {number!r} as {key} of a step, not a number of 0 or more"
    if strategy.get("end") is not None:
        yield from _wrong(strategy["end"], {"why": str, "left": list})
        yield from _not_texts("left of the end", strategy["end"]["left"])
    named = strategy.get("named")
    if named is not None and not (isinstance(named, list) and all(isinstance(one, list) for one in named)):
        yield "has named cells that are no lists of overrides"
    for overrides in named or ():
        yield from _not_texts("overrides of a named cell", overrides)


def _twice(ids: list[str]) -> Iterator[str]:
    known: set[str] = set()
    for cell_id in ids:
        if cell_id in known:
            yield f"has the cell {cell_id} twice"
        known.add(cell_id)


def _wrong(data: Any, kinds: Mapping[str, type]) -> Iterator[str]:
    if not isinstance(data, dict):
        yield f"has {type(data).__name__} where there should be dict"
        return
    for key, kind in kinds.items():
        if not isinstance(data.get(key), kind):
            yield f"has {type(data.get(key)).__name__} as {key}, not {kind.__name__}"


def _goal_problems(data: Mapping[str, Any]) -> Iterator[str]:
    found = data.get("metric")
    if found is not None and (problem := goal_problem(found)):
        yield f"has a metric that {problem}"


def _not_texts(key: str, values: Any) -> Iterator[str]:
    if not all(isinstance(value, str) for value in values):
        yield f"has {key} that are not str"


def _negative(timing: Mapping[str, Any]) -> Iterator[str]:
    for key, value in timing.items():
        if isinstance(value, (int, float)) and value < 0:
            yield f"has a timing.{key} of {value:g}, below 0"


def _wrong_choices(choices: Mapping[str, Any]) -> Iterator[str]:
    if not all(value is None or isinstance(value, str) for value in choices.values()):
        yield "has choices that are not str"
