"""Tests that hold figures against limits: of every cell, and of the ratio of two levels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.analysis.comparison import compare
from reports.analysis.effects import difference_of
from reports.analysis.equivalence import Verdict
from reports.analysis.intervals import Interval
from reports.analysis.limits import Limited, between_limits
from reports.analysis.matched import Matched
from reports.analysis.pairs import Pair
from reports.analysis.sequential import Ladder
from reports.analysis.settings import Settings
from reports.claims.claim import OPEN, Outcome, Test, Verdicts
from reports.claims.counting import step_of
from reports.claims.looks import Looks
from reports.claims.pairs import signed
from reports.claims.potential import potential
from reports.claims.runs import Unknown, cells_of, match, part_of
from reports.runs.factors import ABSENT

Ends = tuple[float, float]


def limits(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide that every cell lies on one side of a limit, or about a value."""
    cells = cells_of(test, rows, looks)
    steps = looks.ladder(test.part or part_of(test.metric, rows), len(cells.seeds))

    def held(ends: Ends) -> Limited:
        return between_limits(
            cells.counted[0],
            *ends,
            steps,
            parts=parts,
            outstanding=cells.outstanding[0],
            diverged=cells.diverged[0],
            grain=step_of(test.metric, rows, looks),
        )

    half, same, double = (held(bounds(test, times)) for times in (0.5, 1, 2))
    names = cell_names(cells)
    seeds = min(interval.n for interval in same.intervals)
    odd = [name for name, v in zip(names, same.cells, strict=True) if v == same.verdict]
    reasons: tuple[str, ...] = ()
    if same.verdict == "refuted":
        reasons = tuple(f"{name}: beyond the limit" for name in odd)
    elif same.verdict == "undecided":
        known = any(np.isfinite(interval.mean) for interval in same.intervals)
        few = f" ({seeds} seed{'s' * (seeds != 1)}: too few for the first look, at {steps.looks[0]})"
        more = nearest(same, names, test, steps) if known else few
        reasons = (f"undecided for {'; '.join(odd)}{more}",)
    return Outcome(
        test,
        same.verdict,
        (half.verdict, same.verdict, double.verdict),
        tuple(zip(names, same.intervals, strict=True)),
        each=tuple(same.cells),
        lines=tuple(x for x in bounds(test) if np.isfinite(x)),
        seeds=seeds,
        cells=len(names),
        reasons=reasons,
    )


def nearest(found: Limited, names: Sequence[str], test: Test, steps: Ladder) -> str:
    """Return how far the undecided cell next to its limit is from it, and what would show that."""
    known = [(one, name) for one, name in zip(found.open, names, strict=True) if one is not None]
    if found.verdict != "undecided" or not known:
        return ""
    one, name = min(known, key=lambda pair: pair[0].distance)
    metric = test.metric
    could = potential(one.power, one.seeds, steps, metric.show, difference_of(metric.bounds))
    which = f"{name} lies " if len(known) > 1 else ""
    side = "within" if one.within else "beyond"
    return f" ({which}{metric.show(one.distance)} {side} the limit{f'; {could}' if could else ''})"


def bounds(test: Test, times: float = 1) -> Ends:
    """Return the limits between which every cell must lie; `times`: of what may lie about a value."""
    if test.kind == "about":
        value, within = test.wanted
        return value - times * within, value + times * within
    return (test.wanted, np.inf) if test.kind == "at_least" else (-np.inf, test.wanted)


def cell_names(cells: Matched) -> list[str]:
    """Return what tells each cell apart, in words; options that only some cells have do not."""
    columns = [column for column in cells.settings.values() if ABSENT not in set(column)]
    if not columns:
        return (
            ["all runs"]
            if cells.counted.shape[1] == 1
            else [f"cell {k + 1}" for k in range(cells.counted.shape[1])]
        )
    return [", ".join(map(str, row)) for row in zip(*columns, strict=True)]


def ratio(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide a ratio of two levels: the geometric mean over matched cells within each seed."""
    first, second, claimed, within = test.wanted
    name = f"{test.named(first)} / {test.named(second)}"
    found = match(test, rows, [first, second], looks)
    if (found.counted <= 0).any():
        raise Unknown(f"ratio: {test.metric.name} is not above 0 in every run")
    lines = (claimed * (1 - within), claimed * (1 + within))
    if reason := untestable(found, (first, second)):
        return Outcome(test, "undecided", lines=lines, reasons=(reason,))
    steps = looks.ladder(test.part or part_of(test.metric, rows), len(found.seeds))
    logs = found.mapped(np.log)
    chosen = Settings(steps), Settings(steps, parts)
    own, shared = (compare(logs, settings).pairs[0] for settings in chosen)
    verdicts = OPEN if own.why else judged(ends(own, first), ends(shared, first), claimed, within)
    estimate = float(np.exp(signed(own, first)[0]))
    interval = Interval(estimate, *ends(own, first), own.seeds)
    could = off_by(logs, first, estimate, lines, chosen) if verdicts[1] == "undecided" else ""
    return Outcome(
        test,
        verdicts[1],
        verdicts,
        ((name, interval),),
        lines=lines,
        seeds=own.seeds,
        cells=own.cells,
        reasons=() if verdicts[1] == "holds" else (own.why or f"{name} = {estimate:.2f}{could}",),
    )


def off_by(
    logs: Matched, first: str, estimate: float, lines: Ends, settings: tuple[Settings, Settings]
) -> str:
    """Return how far a ratio that is undecided lies from the limit next to it, and what that would take.

    `logs` are divided by that limit in the first level, so that the pair's difference is the distance.
    `settings` are for a ratio within the limits, at its own level, and outside, at the shared one.
    """
    limit = min(lines, key=lambda line: abs(np.log(estimate / line)) if line > 0 else np.inf)
    inside = lines[0] <= estimate <= lines[1]
    level = logs.levels.index(first)
    shift = np.where(np.arange(len(logs.levels)) == level, np.log(limit), 0.0)[:, None, None]
    chosen = settings[0] if inside else settings[1]
    pair = compare(logs.mapped(lambda values: values - shift), chosen).pairs[0]
    could = potential(pair.power, pair.seeds, chosen.ladder, percent)
    distance = f"{percent(abs(pair.estimate))} {'within' if inside else 'beyond'} the limit, {limit:.2f}"
    return f" ({distance}{f'; {could}' if could else ''})"


def percent(logarithm: float) -> str:
    """Return a factor, from its logarithm, as what it adds: 4.7 %."""
    return f"{100 * np.expm1(logarithm):.1f} %"


def untestable(found: Matched, wanted: tuple[str, str]) -> str:
    """Return why two levels cannot be compared, or nothing."""
    absent = [f"no runs with {level}" for level in wanted if level not in found.levels]
    return "; ".join([*absent, *(f"{level}: {why}" for level, why in found.too_few.items())])


def ends(pair: Pair, first: str) -> Ends:
    """Return the ends of the interval of the ratio."""
    _, low, high = signed(pair, first)
    return float(np.exp(low)), float(np.exp(high))


def judged(own: Ends, shared: Ends, claimed: float, within: float) -> Verdicts:
    """Return the verdicts at half of what a ratio may differ by, at it, and at twice it."""

    def verdict(share: float) -> Verdict:
        low, high = claimed * (1 - share), claimed * (1 + share)
        if low <= own[0] and own[1] <= high:
            return "holds"
        return "refuted" if shared[1] < low or shared[0] > high else "undecided"

    return verdict(within / 2), verdict(within), verdict(2 * within)
