"""The tests that decide a claim, each on the runs that it is about.

    order: "a > b ~ c"     every pair: > holds where a is ahead and not only by less than the margin, refuted
                           where b is ahead or the two are equivalent; ~ holds where they are equivalent,
                           refuted where the difference lies beyond the margin; a >= b holds where a is not
                           behind by the margin, refuted where it is
    best, worst: level     ">" against every other level (of those `among`), as in an order
    equivalent: all        "~" between every two levels
    ratio: {"a / b": 2}    the interval of the ratio lies within ± 10 % (`within`) of it; refuted if outside
    at_least, at_most: x   of every cell: its interval lies on that side; refuted if on the other
    about: x, within: y    of every cell: its interval lies within x ± y; refuted if outside
    effects: "a > b"       the level effects of a, Σα²/(k − 1), are larger than those of b

A claim holds where each of its parts does at its own level (intersection–union), and is refuted where any
part is at a level that all its parts share. Runs are looked at by the ladder of the sweep; three seeds are
the least. A diverged run counts as what replaces it (counting.py). Times are taken from runs that were
measured one at a time, of the part `timing` where there is one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from reports.claims.claim import Outcome, Test
from reports.claims.counting import diverged_value
from reports.claims.effects import effects
from reports.claims.limits import limits, ratio
from reports.claims.looks import Looks
from reports.claims.pairs import compare
from reports.claims.runs import comparable, match, present, select

Decider = Callable[[Test, pd.DataFrame, Looks, int], Outcome]


def evaluate(test: Test, frame: pd.DataFrame, looks: Looks, parts: int = 1) -> Outcome:
    """Decide one of the `parts` tests of a claim. Raises Unknown if it names what the runs do not have."""
    selected = select(test, frame)
    rows = comparable(test.metric, selected)
    if rows.empty:
        timed = test.metric.unit == "seconds" and not frame.empty
        return Outcome(test, "undecided", reasons=("no such runs timed alone" if timed else "no such runs",))
    lost = int((rows["status"] == "diverged").sum())
    words = diverged_value(test.metric, rows, looks)[1] if lost else ""
    found = DECIDERS[test.kind](test, rows, looks, parts)
    return replace(found, diverged=lost, counted_as=words, apart=len(selected) - len(rows))


def order(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide a chain: every pair of its levels, by the strongest symbol between them."""
    levels, symbols = test.wanted
    wanted = [(levels[a], strongest(symbols[a:b]), levels[b]) for a, b in combinations(range(len(levels)), 2)]
    return compare(test, rows, match(test, rows, levels, looks), wanted, looks, parts)


def strongest(symbols: Sequence[str]) -> str:
    """Return what stands between the ends of a part of a chain."""
    return ">" if ">" in symbols else ">=" if ">=" in symbols else "~"


def best(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide that one level stands before every other."""
    others = [level for level in present(test, rows) if level != test.wanted]
    found = match(test, rows, [test.wanted, *others], looks)
    return compare(test, rows, found, [(test.wanted, ">", other) for other in others], looks, parts)


def worst(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide that every other level stands before one."""
    others = [level for level in present(test, rows) if level != test.wanted]
    found = match(test, rows, [*others, test.wanted], looks)
    return compare(test, rows, found, [(other, ">", test.wanted) for other in others], looks, parts)


def all_equivalent(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide that no two levels differ by the margin."""
    levels = present(test, rows)
    wanted = [(a, "~", b) for a, b in combinations(levels, 2)]
    return compare(test, rows, match(test, rows, levels, looks), wanted, looks, parts)


DECIDERS: Mapping[str, Decider] = {
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
