"""The best run that a live view has seen: by the record's main figure, while the sweep goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sweeps.records.record import Record
from sweeps.view.snapshot import Leader

USUAL = {"name": "test_accuracy", "direction": "maximize"}  # of records that name no main figure


class BestSoFar:
    """The main figures of the finished runs by cell id; runs that are begun again are forgotten."""

    def __init__(self) -> None:
        self._figures: dict[str, tuple[float, Leader]] = {}

    def take(self, label: str, record: Record) -> None:
        """Take in a finished run; one that diverged, or has no such figure, is none."""
        metric = record.data.get("metric")
        name, direction = names_of(metric if isinstance(metric, dict) else USUAL)
        value = (record.data.get("final") or {}).get(name)
        if record.status == "done" and isinstance(value, int | float) and math.isfinite(value):
            worth = -value if direction == "minimize" else value
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


def names_of(metric: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name and the direction of a record's main figure."""
    return str(metric.get("name") or USUAL["name"]), str(metric.get("direction") or USUAL["direction"])
