"""When runs are looked at: the seeds in the order first planned, and the ladder of looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.analysis.intervals import NAN
from reports.analysis.outcomes import seeds_in_order
from reports.analysis.sequential import Ladder, ladder, one_look
from reports.claims.observations import MAIN
from reports.runs.factors import label
from reports.runs.reader import read_plan
from reports.runs.results import Results
from sweeps.records.ladder import RUNGS
from sweeps.records.layout import PLAN


@dataclass(frozen=True)
class Looks:
    """By part of a directory: its seeds as first planned, and the ladder; `margin`: the sweep's, of accuracy.

    A part of which no plan is known has one look at all seeds if the study is `finished`, else the usual
    ladder with equal levels.
    """

    seeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    finished: bool = False
    margin: float = NAN

    def ladder(self, part: str, seeds: int) -> Ladder:
        """Return the looks at a part, of which a test has so many seeds."""
        if part in self.ladders:
            return self.ladders[part]
        return one_look(seeds) if self.finished else ladder()


ONE_LOOK = Looks(finished=True)  # of a study that is published and will not be added to


def looks_of(results: Results, finished: bool = False) -> Looks:
    """Return the looks at a sweep's runs and at those of the sweeps below, by the history of their plans.

    `finished`: what has no history is a study that was made at once, not one that seeds were added to.
    """
    below = sorted(path.parent for path in results.directory.glob(f"*/{PLAN}"))
    plans = {MAIN: results.plan, **{path.name: read_plan(path)[0] for path in below}}
    known = {part: plan for part, plan in plans.items() if plan and plan.get("history")}
    orders = {part: planned_seeds(plan) for part, plan in known.items()}
    return Looks(
        {part: order for part, (order, _) in orders.items()},
        {part: ladder(first, known[part].get("ladder") or RUNGS) for part, (_, first) in orders.items()},
        finished,
        float((results.plan or {}).get("margin") or NAN),
    )


def planned_seeds(plan: Mapping[str, Any]) -> tuple[tuple[str, ...], int | None]:
    """Return the seeds of a plan's history in the order first planned, and how many the first had."""
    order, first = seeds_in_order([list(map(label, entry.get("seeds") or [])) for entry in plan["history"]])
    return tuple(map(str, order)), first


__all__ = ["ONE_LOOK", "Looks", "looks_of"]
