"""What a strategy answers when nothing is due, and what the plan keeps of it.

A strategy is a function of a plan and the records of its cells, named by `hydra.sweeper.strategy`. It gives
further cells, or none: then it has finished. It must depend on nothing else, so that a sweep that was killed
goes on where it stood. The plan keeps, under `strategy`:

    {"name", "settings", "named", "steps": [{"time", "why", "kind", "cells", "runs", "about_s"}],
     "end": {"why", "left"}}

The end is null while there is none. `named` is there where the command's cells are not run as they are.
`cells` are the ids that a step has added, `runs` how many of them had no result, `about_s` is the forecast of
their duration (s; null: none is known).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeps.records.plan import Cell, Plan

SETTINGS = "settings"
NAMED = "named"  # the cells of the command, each as its overrides, where they are not run as they are
TRIALS = "trials"  # the kind of a step whose cells only help to choose, and are in no comparison
SEED = "seed"
OF_RUNGS = ("rung_key", "rung_kept", "rung_from")  # settings that name the keys by which cells go on


@dataclass(frozen=True)
class Step:
    """Further cells, each as the overrides that make it; without any the strategy has finished.

    `why` says in one line how things stand. `left` are lines on what stays open if the sweep ends here. The
    cells of `kind` TRIALS only help to choose others: reports compare them with nothing.
    """

    cells: Sequence[Sequence[str]] = ()
    why: str = ""
    left: Sequence[str] = field(default_factory=tuple)
    kind: str = ""


def key_of(override: str) -> str:
    """Return the key of an override."""
    return override.partition("=")[0].lstrip("+")


def with_setting(overrides: Sequence[str], key: str, value: object) -> list[str]:
    """Return the overrides with one key set to another value, at its place, or at the end if it is new."""
    new = f"{key}={value}"
    changed = [new if key_of(each) == key else each for each in overrides]
    return changed if any(key_of(each) == key for each in overrides) else [*changed, new]


def settings_of(plan: Plan) -> dict[str, Any]:
    """Return the settings that a plan's strategy was given."""
    settings: dict[str, Any] = plan.strategy.get(SETTINGS) or {}
    return settings


def asked(plan: Plan) -> set[str]:
    """Return the ids of the cells that the plan's strategy has added."""
    return {cell_id for step in plan.strategy.get("steps") or () for cell_id in step["cells"]}


def trial_ids(plan: Plan) -> set[str]:
    """Return the ids of the cells that only help to choose others."""
    steps = plan.strategy.get("steps") or ()
    return {cell_id for step in steps if step.get("kind") == TRIALS for cell_id in step["cells"]}


def named_seeds(plan: Plan) -> list[int]:
    """Return the seeds that a command names for cells that are not run as they are, in the order named."""
    texts = [text for overrides in plan.strategy.get(NAMED) or () for text in overrides]
    values = [text.partition("=")[2] for text in texts if key_of(text) == SEED]
    return [int(value) for value in dict.fromkeys(values) if value.isdecimal()]


def compared(plan: Plan) -> list[str]:
    """Return the ids of the other cells, which reports compare."""
    trials = trial_ids(plan)
    return [cell.id for cell in plan.cells if cell.id not in trials]


def base(plan: Plan) -> list[Cell]:
    """Return the cells that the command itself has named."""
    added = asked(plan)
    return [cell for cell in plan.cells if cell.id not in added]


def latest_step(plan: Plan) -> str:
    """Return the latest step of a plan's strategy in one line, empty if there is none."""
    steps = plan.strategy.get("steps") or []
    return step_text(steps[-1]) if steps else ""


def step_text(step: Mapping[str, Any]) -> str:
    """Return a step of a plan in one line: "rung 2 of 5: 7 of 18 comparisons open, at most 46 runs, …"."""
    runs, about_s = step.get("runs") or 0, step.get("about_s")
    text = f"{step['why']}, at most {runs:,} run{'s' * (runs != 1)}"
    return text if about_s is None else f"{text}, about {rounded(about_s)}"


def rounded(seconds: float) -> str:
    """Return a forecast: 40 s, 6 min, 2.5 h."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"
