"""The figure that a sweep is about and which direction of it is better; the figures that a run ended with.

A plan and its records have it as `metric: {"name", "direction"}` where the sweep names one
(`hydra.sweeper.metric`, `hydra.sweeper.direction`). A name of None stands for the only figure that runs have.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Direction = Literal["maximize", "minimize"]
DIRECTIONS = ("maximize", "minimize")
NAME = "test_accuracy"  # what a sweep without a word on it is about
VALUE = "value"  # what the figure of a job is called that returns a number


@dataclass(frozen=True)
class Goal:
    """What a sweep is about: a figure's name (None: the one that runs have), and its better direction."""

    name: str | None = None
    direction: Direction = "maximize"

    def as_json(self) -> dict[str, Any]:
        """Return it as plans and records have it."""
        return asdict(self)


def goal_of(data: Mapping[str, Any] | None) -> Goal | None:
    """Return what a plan or a record names; None if it names nothing (or nothing that can be believed)."""
    found = (data or {}).get("metric")
    return None if found is None or goal_problem(found) else Goal(**found)


def goal_problem(value: object) -> str:
    """Why a value is no `metric` of a plan or a record; empty if it is one."""
    if not isinstance(value, Mapping) or set(value) != {"name", "direction"}:
        return "is no mapping of name and direction"
    if value["name"] is not None and not (isinstance(value["name"], str) and value["name"]):
        return f"has the name {value['name']!r}"
    return "" if value["direction"] in DIRECTIONS else f"has the direction {value['direction']!r}"


def figures_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures in a record; of an older one, a number that its job returned is `value`."""
    final = data.get("final")
    if isinstance(final, Mapping):
        return dict(final)
    number = number_of(data.get("result"))
    return {} if number is None else {VALUE: number}


def returned_figures(value: object) -> dict[str, float | int | None] | None:
    """Return the figures that a job's return value is; None if it is something else.

    A number is the figure `value`; a mapping all of whose values are numbers is its figures. (None in it
    stands for a figure that was not measured.)
    """
    if (number := number_of(value)) is not None:
        return {VALUE: number}
    if not isinstance(value, Mapping):
        return None
    found = {str(name): number_of(item) for name, item in value.items()}
    known = [number for number in found.values() if number is not None]
    missed = sum(item is None for item in value.values())
    return found if known and len(known) + missed == len(found) else None


def number_of(value: object) -> float | int | None:
    """Return a value as a Python number, an array's single element too; None if it is no real number."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # of NumPy, PyTorch, JAX
    if isinstance(value, (bool, int)):
        return int(value)
    if not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf
