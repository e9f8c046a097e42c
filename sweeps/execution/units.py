"""What is run at a time: a cell, or several that may be run together and share what they need."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeps.execution.cell_run import Job

LARGEST = 16
"""Cells of a unit at most: all of them wait for the last, and are begun again if their process dies."""
SHARES = 2
"""Units for each worker, at least, so that all workers end at about the same time."""

Unit = tuple[Job, ...]


def units(jobs: Sequence[Job], workers: int) -> list[Unit]:
    """Divide the jobs into units of equal groups, in the order of the plan."""
    alike: dict[str, list[Job]] = {}
    for job in jobs:
        alike.setdefault(job.group or f"alone {job.id}", []).append(job)
    size = min(LARGEST, max(1, math.ceil(len(jobs) / (SHARES * workers))))
    parts = [
        tuple(group[start : start + size]) for group in alike.values() for start in range(0, len(group), size)
    ]
    return sorted(parts, key=lambda unit: unit[0].number)
