"""The tests that decide a claim, each on the runs that it is about.

    order: "a > b ~ c"     every pair: > holds if significant that way (paired t over seeds, Holm-corrected
                           over the test's pairs), refuted if significant the other way or equivalent; ~ holds
                           if equivalent, refuted if significant and the whole interval lies outside the
                           margin; a >= b holds if a is not worse than b by the margin, refuted if it is
    best, worst: level     ">" against every other level (of those `among`), as in an order
    equivalent: all        "~" between every two levels
    ratio: {"a / b": 2}    the interval of the ratio lies within ± 10 % (`within`) of it; refuted if outside
    at_least, at_most: x   of every cell: its interval lies on that side; refuted if on the other
    about: x, within: y    of every cell: its interval lies within x ± y; refuted if outside
    effects: "a > b"       as in an order, of the standard deviation of a factor's level means

Equivalent: the whole interval of the difference lies within the metric's margin. Fewer than five seeds decide
nothing. A level that diverged with every seed comes last, where the metric has a better end. Times are taken
from runs that were measured one at a time, of the part `timing` where there is one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from reports.analysis.paired import MIN_SEEDS, Floats, Interval, complete_part, contrast, t_interval
from reports.claims.claim import Outcome, Test, Verdict
from reports.claims.observations import varying
from reports.claims.pairs import combine, compare
from reports.claims.runs import Matched, Unknown, column, match, present, select
from reports.runs.factors import ABSENT


def evaluate(test: Test, frame: pd.DataFrame) -> Outcome:
    """Decide one test. Raises Unknown if it names what the runs do not have."""
    rows = select(test, frame)
    if rows.empty:
        timed = test.metric.unit == "seconds" and not frame.empty
        return Outcome(test, "undecided", why="no such runs timed alone" if timed else "no such runs")
    lost = int((rows["status"] == "diverged").sum())
    return replace(DECIDERS[test.kind](test, rows), diverged=lost)


def order(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide a chain: every pair of its levels, by the strongest symbol between them."""
    levels, symbols = test.wanted
    wanted = [(levels[a], strongest(symbols[a:b]), levels[b]) for a, b in combinations(range(len(levels)), 2)]
    return compare(test, match(test, rows, levels), wanted)


def strongest(symbols: Sequence[str]) -> str:
    """Return what stands between the ends of a part of a chain."""
    return ">" if ">" in symbols else ">=" if ">=" in symbols else "~"


def best(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide that one level stands before every other."""
    others = [level for level in present(test, rows) if level != test.wanted]
    found = match(test, rows, [test.wanted, *others])
    return compare(test, found, [(test.wanted, ">", other) for other in others])


def worst(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide that every other level stands before one."""
    others = [level for level in present(test, rows) if level != test.wanted]
    found = match(test, rows, [*others, test.wanted])
    return compare(test, found, [(other, ">", test.wanted) for other in others])


def all_equivalent(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide that no two levels differ by the margin."""
    levels = present(test, rows)
    return compare(test, match(test, rows, levels), [(a, "~", b) for a, b in combinations(levels, 2)])


def ratio(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide a ratio of two levels: the geometric mean over matched cells within each seed."""
    first, second, claimed, within = test.wanted
    values = match(test, rows, [first, second]).values
    if (values <= 0).any():
        raise Unknown(f"ratio: {test.metric.name} is not above 0 in every run")
    c = contrast(np.log(values[0]) - np.log(values[1]))
    found = Interval(float(np.exp(c.estimate)), float(np.exp(c.low)), float(np.exp(c.high)), c.seeds)
    lines = (claimed * (1 - within), claimed * (1 + within))
    verdict, why = between(found, *lines), f"{first} / {second} = {found.mean:.2f}"
    shown = ((f"{first} / {second}", found),)
    return Outcome(
        test,
        verdict,
        shown,
        lines=lines,
        seeds=c.seeds,
        cells=c.blocks,
        why=why if verdict != "holds" else "",
    )


def between(interval: Interval, low: float, high: float) -> Verdict:
    """Decide whether what the interval is of lies between two limits."""
    if interval.n < MIN_SEEDS:
        return "undecided"
    if low <= interval.low and interval.high <= high:
        return "holds"
    return "refuted" if interval.high < low or interval.low > high else "undecided"


def limits(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide that every cell lies on one side of a limit, or about a value."""
    low, high = bounds(test)
    names = varying(rows)
    told = [k for k, name in enumerate(names) if ABSENT not in set(rows[name])]
    shown, verdicts = [], list[Verdict]()
    for level, cell in rows.groupby(names, sort=False) if names else [((), rows)]:
        interval = t_interval(cell[test.metric.name])
        text = ", ".join(str(level[k]) for k in told) or "all runs"
        shown.append((text, interval))
        verdicts.append(between(interval, low, high))
    odd = [text for (text, _), verdict in zip(shown, verdicts, strict=True) if verdict == combine(verdicts)]
    seeds = min(interval.n for _, interval in shown)
    why = "" if combine(verdicts) == "holds" else f"{combine(verdicts)} for {'; '.join(odd)}"
    if seeds < MIN_SEEDS and combine(verdicts) == "undecided":
        why += f" ({seeds} of {MIN_SEEDS} seeds)"
    lines = tuple(x for x in (low, high) if np.isfinite(x))
    return Outcome(test, combine(verdicts), tuple(shown), lines=lines, seeds=seeds, cells=len(shown), why=why)


def bounds(test: Test) -> tuple[float, float]:
    """Return the limits between which every cell must lie."""
    if test.kind == "about":
        value, within = test.wanted
        return value - within, value + within
    return (test.wanted, np.inf) if test.kind == "at_least" else (-np.inf, test.wanted)


def effects(test: Test, rows: pd.DataFrame) -> Outcome:
    """Decide which factor moves a metric more: the spread of its level means, seed by seed."""
    names, symbols = test.wanted
    moving = varying(rows)
    if still := [name for name in names if column(rows, name) not in moving]:
        raise Unknown(f"{still[0]}: does not vary")
    each = [replace(test, factor=(name,)) for name in names]
    found = [spread(match(one, rows, present(one, rows)).values) for one in each]
    values = np.stack([deviation[None, :] for deviation, _ in found])
    pairs = [(a, symbol, b) for (a, b), symbol in zip(pairwise(names), symbols, strict=True)]
    outcome = compare(test, Matched(names, values, frozenset()), pairs)
    return replace(outcome, cells=min(cells for _, cells in found))


def spread(values: Floats) -> tuple[Floats, int]:
    """Return the standard deviation of the level means in each seed, and the number of cells behind it.

    Over the cells that every level has, else what else differs would pass for an effect; NaN for the other
    seeds. A level without any figure has no mean.
    """
    known = values[np.isfinite(values).any(axis=(1, 2))]
    blocks, seeds = complete_part(np.asarray(np.isfinite(known).all(axis=0)))
    deviation = np.full(values.shape[2], np.nan)
    if len(known) > 1 and blocks.any():
        deviation[seeds] = known[:, blocks][:, :, seeds].mean(axis=1).std(axis=0)
    return deviation, len(known) * int(blocks.sum())


DECIDERS: Mapping[str, Callable[[Test, pd.DataFrame], Outcome]] = {
    "order": order,
    "best": best,
    "worst": worst,
    "equivalent": all_equivalent,
    "ratio": ratio,
    "at_least": limits,
    "at_most": limits,
    "about": limits,
    "effects": effects,
}
