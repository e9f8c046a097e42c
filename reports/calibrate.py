"""`python -m reports calibrate DIR`: how often this very plan would say what is not so, by simulation.

The sweep's own factors, missing runs and variances, with a truth that is known, through the functions that
every report calls. Runs that have a figure are drawn anew; those without stay without, and diverged ones are
drawn as if they had finished.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from reports.analysis.best import cells_by
from reports.analysis.counting import Counted, counted
from reports.analysis.effects import Effect, effects_of, margin_of
from reports.analysis.intervals import Integers, t_quantile
from reports.analysis.looks import Looks, looks_of
from reports.analysis.matched import Matched, cells_of
from reports.analysis.outcomes import DIVERGED, DONE
from reports.analysis.residuals import Residuals, residuals_of
from reports.runs.results import Results
from sweeps.records.errors import UserError

KINDS = ("Gaussian draws", "whole seeds resampled")


@dataclass
class Tally:
    """How often something happened in how many simulated sweeps."""

    hits: int = 0
    trials: int = 0

    def add(self, hit: bool) -> None:
        """Count one more simulated sweep."""
        self.hits += bool(hit)
        self.trials += 1

    def __str__(self) -> str:
        if not self.trials:
            return "–"
        share = self.hits / self.trials
        half = float(t_quantile(0.025, np.inf)) * (share * (1 - share) / self.trials) ** 0.5
        return f"{100 * share:.1f} ± {100 * half:.1f} %"


@dataclass(frozen=True)
class Achieved:
    """What was achieved with one kind of draws: shares of simulated sweeps."""

    false_differences: Tally = field(default_factory=Tally)
    covered: Tally = field(default_factory=Tally)
    worse_cells: Tally = field(default_factory=Tally)
    best_covered: Tally = field(default_factory=Tally)
    false_equivalence: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Design:
    """The plan of one data set: its results, what its runs vary by, each run's cell and seed, the level.

    `cell` and `seed` are places in the residuals, (runs,); `base` is the value that all cells have in truth.
    """

    results: Results
    residuals: Residuals
    cell: Integers
    seed: Integers
    base: float

    def drawn(self, kind: str, rng: np.random.Generator, shifts: Mapping[str, float]) -> Results:
        """Return a simulated sweep; `shifts` raises the first level of each factor."""
        noise = self.residuals.gaussian(rng) if kind == KINDS[0] else self.residuals.resampled(rng)
        values = self.base + noise[self.cell, self.seed]
        runs = self.results.runs
        for factor in self.results.factors:
            first = runs[factor.name].astype(str) == first_level(self.results, factor.name)
            values = values + shifts.get(factor.name, 0.0) * first.to_numpy()
        ended = runs["status"].isin([DONE, DIVERGED])
        status = runs["status"].where(~ended, DONE)
        return replace(
            self.results,
            runs=runs.assign(status=status, **{self.results.main.name: np.where(ended, values, np.nan)}),
        )


def first_level(results: Results, name: str) -> str:
    """Return the first level of a factor that any run has."""
    present = set(results.runs[name].astype(str))
    return next(level for level in results.factor(name).levels if level in present)


def calibrate(
    results: Results,
    simulations: int = 200,
    random: int = 0,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Achieved]:
    """Simulate the plan of a sweep and return what was achieved, by kind of draws.

    `tell` is called with how many simulations are done, and of how many. Raises UserError where no variance
    is known.
    """
    parts = results.by_dataset()
    designs = {data: design(part, looks_of(results)) for data, part in parts.items()}
    looks = with_margin(results, designs)
    found, rng = {kind: Achieved() for kind in KINDS}, np.random.default_rng(random)
    for number in range(simulations):
        for kind, achieved in found.items():
            equal_cells(designs, looks, kind, rng, achieved)
            at_the_margin(designs, looks, kind, rng, achieved)
        tell(number + 1, simulations)
    return found


def design(results: Results, looks: Looks) -> Design:
    """Return the plan of one data set with what its runs vary by. Raises UserError if that is not known."""
    if not results.factors:
        raise UserError(f"{results.directory}: varies nothing that could be compared")
    cells = cells_by_main(results, looks)[1]
    finished = cells.finished[0]
    residuals = residuals_of(finished)
    if residuals is None:
        raise UserError(f"{results.directory}: no cell has two finished runs, so no variance is known")
    place = {seed: k for k, seed in enumerate(cells.seeds)}
    seed = results.runs["seed"].map(place).to_numpy().astype(np.intp)
    cell = (
        results.runs.groupby(results.names, observed=True, dropna=False).ngroup().to_numpy().astype(np.intp)
    )
    return Design(results, residuals, cell, seed, float(np.nanmean(finished)))


def with_margin(results: Results, designs: Mapping[str, Design]) -> Looks:
    """Return the looks with one margin for all: the user's, or that of the sweep's own figures."""
    looks = looks_of(results)
    if looks.margin is not None:
        return looks
    found = [margin_of(*cells_by_main(each.results, looks), looks) for each in designs.values()]
    known = [margin for margin in found if margin == margin]
    return replace(looks, margin=min(known)) if known else looks


def cells_by_main(results: Results, looks: Looks) -> tuple[Counted, Matched]:
    """Return the runs of the main metric, and its cells."""
    use, name = counted(results, results.main.name), results.main.name
    options = {"counting": use.counting, "seeds": looks.order, "higher": use.higher}
    return use, cells_of(use.runs, results.names, name, **options)


def effects_on_main(parts: Mapping[str, Results], looks: Looks) -> list[Effect]:
    """Return every factor's effect on the main metric."""
    return effects_of(parts, looks, [part.main.name for part in parts.values()][:1])


def equal_cells(
    designs: Mapping[str, Design], looks: Looks, kind: str, rng: np.random.Generator, achieved: Achieved
) -> None:
    """Simulate one sweep in which nothing has an effect."""
    parts = {data: each.drawn(kind, rng, {}) for data, each in designs.items()}
    pairs = [pair for effect in effects_on_main(parts, looks) for pair in effect.pairs if pair.look]
    achieved.false_differences.add(any(pair.low > 0 or pair.high < 0 for pair in pairs))
    achieved.covered.add(all(pair.low <= 0 <= pair.high for pair in pairs))
    judged = [cells.best() for part in parts.values() if (cells := cells_by(part, part.main.name, looks))]
    achieved.worse_cells.add(any(best.selection.worse.any() for best in judged))
    tested = [
        (best.selection.interval, each.base)
        for best, each in zip(judged, designs.values(), strict=True)
        if best.selection.look
    ]
    achieved.best_covered.add(all(interval.low <= base <= interval.high for interval, base in tested))


def at_the_margin(
    designs: Mapping[str, Design], looks: Looks, kind: str, rng: np.random.Generator, achieved: Achieved
) -> None:
    """Simulate one sweep in which the first level of every factor is better by the margin."""
    if looks.margin is None:
        return
    shifts = {data: dict.fromkeys(each.results.names, looks.margin) for data, each in designs.items()}
    parts = {data: each.drawn(kind, rng, shifts[data]) for data, each in designs.items()}
    achieved.false_equivalence.add(any(called_equivalent(parts, looks)))


def called_equivalent(parts: Mapping[str, Results], looks: Looks) -> Iterator[bool]:
    """Yield of every pair with the first level of its factor whether it is called equivalent."""
    for effect in effects_on_main(parts, looks):
        first = first_level(parts[effect.data], effect.factor)
        yield from (pair.relation == "≈" for pair in effect.pairs if first in (pair.first, pair.second))


def told(found: Mapping[str, Achieved]) -> str:
    """Return what was achieved, a line for each kind of error."""
    lines = {
        "any false difference between levels": ("at most 5 %", "false_differences"),
        "all intervals of differences cover": ("at least 95 %", "covered"),
        "any cell called worse, all being equal": ("at most 5 %", "worse_cells"),
        "interval of the best cell covers": ("at least 95 %", "best_covered"),
        "any level at the margin called ≈": ("at most 5 %", "false_equivalence"),
    }
    rows = [("", "nominal", *found)]
    rows += [
        (name, rule, *(str(getattr(own, key)) for own in found.values()))
        for name, (rule, key) in lines.items()
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
