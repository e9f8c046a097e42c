"""The looks of a sweep at its seeds, from what its plan keeps: seeds in the order first planned."""

from collections.abc import Hashable
from dataclasses import dataclass

from reports.analysis.outcomes import seeds_in_order
from reports.analysis.sequential import Ladder, ladder, one_look
from reports.runs.results import Results
from sweeps.records.ladder import RUNGS
from sweeps.records.studies import STUDIES


@dataclass(frozen=True)
class Looks:
    """Seeds in the order first planned, the looks at them, and the user's margin (None: the default)."""

    order: tuple[Hashable, ...]
    steps: Ladder
    margin: float | None = None


def looks_of(results: Results) -> Looks:
    """Return the looks of a sweep; a published study without a history was finished and is looked at once."""
    plan = results.plan or {}
    planned = [entry.get("seeds") or [] for entry in plan.get("history") or []]
    order, first = seeds_in_order(planned)
    seeds = results.runs["seed"].nunique()
    if not planned and results.sweep in {study.name for study in STUDIES} and seeds >= 3:
        return Looks(order, one_look(seeds), plan.get("margin"))
    return Looks(order, ladder(first, plan.get("ladder") or RUNGS), plan.get("margin"))
