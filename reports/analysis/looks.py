"""The looks of a sweep at its seeds, from what its plan keeps: seeds in the order first planned."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.analysis.outcomes import seeds_in_order
from reports.analysis.sequential import Ladder, ladder, one_look
from reports.runs.results import Results
from sweeps.records.ladder import RUNGS
from sweeps.records.studies import STUDIES


@dataclass(frozen=True)
class Looks:
    """Seeds in the order first planned, the looks at them, and the user's margin (None: the default)."""

    order: tuple[Hashable, ...] = ()
    steps: Ladder = field(default_factory=ladder)
    margin: float | None = None


def looks_of(results: Results) -> Looks:
    """Return the looks of a sweep; a published study without a history was finished and is looked at once."""
    plan = results.plan or {}
    known = planned_looks(plan)
    seeds = results.runs["seed"].nunique()
    if known is None and seeds >= 3 and is_published(results):
        return Looks((), one_look(seeds), plan.get("margin"))
    return known or Looks((), ladder(None, plan.get("ladder") or RUNGS), plan.get("margin"))


def planned_looks(plan: Mapping[str, Any]) -> Looks | None:
    """Return the looks that a plan's history tells of; None if it has no history."""
    planned = [entry.get("seeds") or [] for entry in plan.get("history") or []]
    if not planned:
        return None
    order, first = seeds_in_order(planned)
    return Looks(order, ladder(first, plan.get("ladder") or RUNGS), plan.get("margin"))


def is_published(results: Results) -> bool:
    """Whether a sweep is one of the studies, which are made at once and not added to."""
    return results.sweep in {study.name for study in STUDIES}
