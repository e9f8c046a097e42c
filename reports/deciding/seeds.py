"""`hydra.sweeper.strategy=until_decided`: more seeds where a comparison, or a claim, is still open.

Seeds are added up to the next look of the ladder (reports/analysis/sequential.py), in whole blocks, to the
cells that an open comparison of the main metric rests on; with `hydra.sweeper.claims`, an open claim. All
looks share one error rate and what is decided stays so, so it does not matter by which of them a sweep was
stopped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from reports.analysis.looks import Looks, looks_of
from reports.deciding import claimed
from reports.deciding.comparisons import comparisons, left_out, main_effects
from reports.deciding.question import Question, Questions
from reports.deciding.wording import decided, left_open, standing
from reports.runs.reader import figures_of
from reports.runs.results import Results
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.records.strategy import SEED, Step, settings_of, with_setting

MAX_SEEDS, CLAIMS = "max_seeds", "claims"


class UntilDecided:
    """Adds seeds until every comparison, or claim, is decided, or max_seeds are reached."""

    def check(self, plan: Plan) -> Iterator[str]:
        """Yield what keeps a plan from being decided."""
        yield from unusable(plan, settings_of(plan)[MAX_SEEDS])

    def __call__(self, plan: Plan, records: Mapping[str, Record]) -> Step:
        """Return the runs of the next look, or how things stand at the end."""
        results = figures_of(plan, records, curves=CLAIMS in settings_of(plan))
        rungs = Rungs(plan, results, looks_of(results), settings_of(plan)[MAX_SEEDS])
        asked = questions(plan, results, rungs.looks)
        still = asked.open
        gone = [f"  left out: {text}" for text in asked.left_out]
        if not still:
            return Step(why=asked.decided, left=tuple(gone))
        short = f"{len(still)} of {len(asked.all)} {asked.called} open"
        left = [*left_open(still), *gone]
        cells = {rungs.cell[run] for each in still for run in each.runs}
        target = rungs.next(cells)
        if target is None:
            why = f"hydra.sweeper.max_seeds = {rungs.most}" if cells else "no further seeds would help"
            return Step(why=f"{why}: {short}", left=left)
        place = rungs.usable.index(target)
        why = f"rung {place + 1} of {len(rungs.usable)}: {short}"
        return Step([*rungs.missing(cells, target)], why, left)


def questions(plan: Plan, results: Results, looks: Looks) -> Questions:
    """Return what is to be decided: a file's claims, else every comparison of the main metric."""
    if told := settings_of(plan).get(CLAIMS):
        return claimed.questions(told, results, looks)
    effects = main_effects(results, looks)
    found = comparisons(results, effects)
    asked = [Question(each.is_open, each.runs, standing(each)) for each in found]
    return Questions("comparisons", asked, decided(found), left_out(effects))


@dataclass(frozen=True)
class Rungs:
    """The looks that a sweep may still come to, and which seeds of which cells they take."""

    plan: Plan
    results: Results
    looks: Looks
    most: int

    @property
    def usable(self) -> list[int]:
        """The looks with at most so many seeds as are allowed."""
        return [look for look in self.looks.steps.looks if look <= self.most]

    @cached_property
    def cell(self) -> dict[str, int]:
        """The number of the cell of each run, by the run's id."""
        runs = self.results.runs
        return dict(zip(runs["cell_id"], runs["cell"].tolist(), strict=True))

    @cached_property
    def planned(self) -> dict[int, list[Cell]]:
        """The planned runs of each cell."""
        found: dict[int, list[Cell]] = {}
        for run in self.plan.cells:
            if run.id in self.cell:
                found.setdefault(self.cell[run.id], []).append(run)
        return found

    @cached_property
    def order(self) -> list[int]:
        """Seeds in the order first planned, and after them the smallest that were not."""
        known = [seed for seed in self.looks.order if isinstance(seed, int)]
        free = [seed for seed in range(len(known) + self.most) if seed not in known]
        return [*known, *free]

    def seeds(self, cell: int) -> set[int]:
        """Return the planned seeds of a cell."""
        return {run.config[SEED] for run in self.planned[cell]}

    def next(self, cells: set[int]) -> int | None:
        """Return the first look for which one of the cells lacks a seed; None: there is none."""
        for look in self.usable:
            if any(not self.seeds(cell).issuperset(self.order[:look]) for cell in cells):
                return look
        return None

    def missing(self, cells: set[int], look: int) -> Iterator[Sequence[str]]:
        """Yield the overrides of the runs that cells lack for a look, seed by seed."""
        for seed in self.order[:look]:
            for cell in sorted(cells):
                if seed not in self.seeds(cell):
                    yield with_setting(self.planned[cell][0].overrides, SEED, seed)


def unusable(plan: Plan, most: int) -> Iterator[str]:
    """Yield a line for each reason why a plan cannot be decided."""
    seeds = {repr(cell.config.get(SEED)): cell.config.get(SEED) for cell in plan.cells}
    if wrong := [text for text, seed in seeds.items() if type(seed) is not int or seed < 0]:
        yield f"hydra.sweeper.strategy=until_decided: seed = {wrong[0]}: must be a whole number, 0 or more"
        return
    results = figures_of(plan, {})
    looks = looks_of(results)
    first = looks.steps.looks[0]
    if len(seeds) > most:
        yield f"hydra.sweeper.max_seeds = {most}: must be at least {len(seeds)}, the seeds that are planned"
    elif first > most:
        yield f"hydra.sweeper.max_seeds = {most}: must be at least {first}, the seeds of the first look"
    if told := settings_of(plan).get(CLAIMS):
        yield from claimed.wrong(told, results, looks)
    elif not any(len(factor.levels) > 1 for factor in results.factors):
        yield "hydra.sweeper.strategy=until_decided: the sweep varies nothing that could be compared"
