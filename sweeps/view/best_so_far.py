"""The best run that a live view has seen: by the figure that the sweep is about, while it goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sweeps.records.metric import NAME, Goal, figures_of, goal_of
from sweeps.records.record import Record
from sweeps.view.snapshot import Leader


class BestSoFar:
    """The main figures of the finished runs by cell id; runs that are begun again are forgotten."""

    def __init__(self) -> None:
        self._figures: dict[str, tuple[float, Leader]] = {}

    def take(self, label: str, record: Record) -> None:
        """Take in a finished run; one that diverged, or has no such figure, is none."""
        goal = goal_of(record.data) or Goal(NAME)
        name, value = figure_of(goal, record.data)
        if record.status == "done" and isinstance(value, int | float) and math.isfinite(value):
            worth = -value if goal.direction == "minimize" else value
            self._figures[record.cell_id] = (worth, Leader(label, name.replace("_", " "), float(value)))

    def forget(self, cell_id: str) -> None:
        """Leave a run out that is run again."""
        self._figures.pop(cell_id, None)

    @property
    def leader(self) -> Leader | None:
        """The best of several; None of fewer than two, of which there is nothing to tell."""
        if len(self._figures) < 2:
            return None
        return max(self._figures.values(), key=lambda each: each[0])[1]


def figure_of(goal: Goal, data: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the figure that a sweep is about, by name; where it names none, the only one that a run has."""
    figures = figures_of(data)
    if goal.name is None:
        return next(iter(figures.items())) if len(figures) == 1 else ("", None)
    return goal.name, figures.get(goal.name)
