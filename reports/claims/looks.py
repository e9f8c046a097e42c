"""The looks at each part of a directory: at its own sweep's seeds and at those of the sweeps below it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reports.analysis import looks as analysis
from reports.analysis.counting import known_test_set
from reports.analysis.sequential import Ladder, ladder, one_look
from reports.claims.observations import MAIN
from reports.runs.factors import DATASET, label
from reports.runs.results import Results
from reports.runs.test_bits import Answers
from reports.runs.test_sets import KNOWN, UNKNOWN, TestSet
from sweeps.records.layout import PLAN
from sweeps.records.plan import read_head


@dataclass(frozen=True)
class Looks:
    """By part of a directory: its looks.

    A part of which no plan is known has one look at all seeds if the study is `finished`, else the usual
    ladder with equal levels. `test_sets`: what the runs' own answers tell of each data set, by its name;
    `answers`: those answers, by the id of the run.
    """

    parts: Mapping[str, analysis.Looks] = field(default_factory=dict)
    finished: bool = False
    test_sets: Mapping[str, TestSet] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)

    def seeds(self, part: str) -> tuple[str, ...]:
        """Return the seeds of a part in the order first planned, as observations have them."""
        return tuple(map(str, map(label, self.parts[part].order))) if part in self.parts else ()

    def ladder(self, part: str, seeds: int) -> Ladder:
        """Return the looks at a part, of which a test has so many seeds."""
        if part in self.parts:
            return self.parts[part].steps
        return one_look(seeds) if self.finished else ladder()

    def data(self, data: str) -> TestSet:
        """Return what is known of a data set: by its runs' answers, else by its name."""
        return self.test_sets.get(data) or KNOWN.get(data, UNKNOWN)

    @property
    def margin(self) -> float | None:
        """The sweep's own margin, of test accuracy (None: the default)."""
        return self.parts[MAIN].margin if MAIN in self.parts else None


ONE_LOOK = Looks(finished=True)  # of a study that is published and will not be added to


def looks_of(results: Results) -> Looks:
    """Return the looks at a sweep's runs and at those of the sweeps below, by the history of their plans."""
    below = sorted(path.parent for path in results.directory.glob(f"*/{PLAN}"))
    plans = {MAIN: results.plan, **{path.name: read_head(path) for path in below}}
    parts = {part: analysis.planned_looks(plan) for part, plan in plans.items() if plan}
    finished = analysis.is_published(results)
    known = {part: looks for part, looks in parts.items() if looks is not None}
    if MAIN not in known and not finished and results.plan:
        known[MAIN] = analysis.looks_of(results)
    return Looks(known, finished, data_of(results), results.answers)


def data_of(results: Results) -> dict[str, TestSet]:
    """Return what is known of each data set of a sweep."""
    found: dict[str, TestSet] = {}
    for part in results.by_dataset().values():
        names = part.settings[DATASET].map(label).unique() if DATASET in part.settings else ()
        found |= {str(name): known_test_set(part) for name in names}
    return found


__all__ = ["ONE_LOOK", "Looks", "looks_of"]
