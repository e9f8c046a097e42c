"""The numbers of seeds at which reports look at a sweep, and the difference that counts as none.

Both are settings of a sweep (`hydra.sweeper.ladder`, `hydra.sweeper.margin`) that its plan keeps. The ladder
is fixed by the first plan of a directory: looks chosen after having looked would not share one error rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

RUNGS = (3, 5, 10, 20, 40)
LEAST = 3  # seeds that can be tested


def ladder_problem(value: Any) -> str:
    """Return what a ladder must be, if it is something else; empty if it is one (null: RUNGS)."""
    rule = f"increasing numbers of seeds from {LEAST} on, such as {list(RUNGS)}, or null"
    if value is None:
        return ""
    if not isinstance(value, list | tuple) or not value or not all(type(rung) is int for rung in value):
        return rule
    rising = all(a < b for a, b in pairwise(value))
    return "" if rising and value[0] >= LEAST else rule


def margin_problem(value: Any) -> str:
    """Return what a margin must be, if it is something else; empty if it is one (null: the default)."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if value is None or (number and 0 < value < float("inf")) else "more than 0, or null"


def problems(data: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the ladder and the margin of a plan."""
    if problem := ladder_problem(data.get("ladder")):
        yield f"has {data['ladder']!r} as ladder: must be {problem}"
    if problem := margin_problem(data.get("margin")):
        yield f"has {data['margin']!r} as margin: must be {problem}"
