"""The history of a sweep's plan: an entry for each command that planned, so that a narrow one hides no other.

Each step of a strategy that adds cells has an entry, too.

    {"time", "command", "sweep", "cells", "new", "due", "swept", "seeds", "code"}

`cells` is how many cells were planned, `new` how many of them no earlier plan had, `due` how many were to be
run; `seeds` are the values of `seed` in their cells, and in those that a strategy will run otherwise, in the
order planned: not those of trials, which no report compares.
"""

from __future__ import annotations

from typing import Any

from sweeps.records.plan import Plan
from sweeps.records.strategy import SEED, named_seeds, trial_ids


def past(earlier: Plan | None) -> list[dict[str, Any]]:
    """Return the history of an earlier plan; of one of the first version, which has none, its own command."""
    if earlier is None:
        return []
    return earlier.history or [entry(earlier)]


def entry(plan: Plan) -> dict[str, Any]:
    """Return what a plan itself says of the command that made it."""
    return {
        "time": plan.created,
        "command": plan.command,
        "sweep": plan.sweep,
        "cells": len(plan.cells),
        "swept": plan.swept,
        "seeds": seeds(plan),
        "code": plan.code,
    }


def seeds(plan: Plan) -> list[Any]:
    """Return the distinct seeds of what is planned to be compared, in the order planned."""
    trials = trial_ids(plan)
    own = [cell.config[SEED] for cell in plan.cells if SEED in cell.config and cell.id not in trials]
    return list({repr(seed): seed for seed in (*named_seeds(plan), *own)}.values())
