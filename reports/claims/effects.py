"""Claims about which factor moves a metric more."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from reports.analysis.components import EffectSizes, compare_effects
from reports.analysis.intervals import NAN, Interval
from reports.analysis.judging import judge_effects
from reports.analysis.matched import Matched
from reports.claims.claim import Compared, Outcome, Test
from reports.claims.looks import Looks
from reports.claims.observations import varying
from reports.claims.runs import Unknown, column, match, part_of, present


def effects(test: Test, rows: pd.DataFrame, looks: Looks, parts: int) -> Outcome:
    """Decide which factor's level effects are larger, seed against seed; `parts`: the tests of its claim."""
    names, symbols = test.wanted
    moving = varying(rows)
    if still := [name for name in names if column(rows, name) not in moving]:
        raise Unknown(f"{still[0]}: does not vary")
    found = [levels_of(replace(test, factor=(name,)), rows, looks) for name in names]
    steps = looks.ladder(test.part or part_of(test.metric, rows), len(found[0].seeds))
    sizes = [compare_effects(a, b, steps, parts * len(symbols)) for a, b in pairwise(found)]
    pairs = tuple(
        compared(*ends, symbol, size)
        for ends, symbol, size in zip(pairwise(names), symbols, sizes, strict=True)
    )
    verdict = judge_effects(sizes, symbols)
    each = [*(size.first for size in sizes), sizes[-1].second]
    return Outcome(
        test,
        verdict,
        (verdict,) * 3,
        tuple((name, Interval(size**0.5, NAN, NAN, 1)) for name, size in zip(names, each, strict=True)),
        pairs,
        seeds=min(size.difference.n for size in sizes),
        cells=min(int(np.isfinite(matched.counted).any(axis=2).sum()) for matched in found),
        reasons=tuple(pair.why for pair in pairs if pair.verdict == verdict and verdict != "holds"),
    )


def levels_of(test: Test, rows: pd.DataFrame, looks: Looks) -> Matched:
    """Return the runs of a factor's levels, without those that too little is known of."""
    found = match(test, rows, present(test, rows), looks)
    return found.part(levels=[k for k, level in enumerate(found.levels) if level not in found.too_few])


def compared(first: str, second: str, symbol: str, size: EffectSizes) -> Compared:
    """Return two effects compared; their difference is of squares, in the metric's units squared."""
    difference = size.difference
    verdict = judge_effects([size], [symbol])
    known = np.isfinite(difference.low)
    shown = {"holds": f"{first} > {second}", "refuted": f"{second} > {first}"}
    open_ = f"{first}, {second}: {'no difference shown' if known else 'too few seeds for a look'}"
    ends = (difference.low, difference.high)
    return Compared(
        first,
        symbol,
        second,
        verdict,
        (verdict,) * 3,
        difference.mean,
        *ends,
        size.p,
        (*ends, size.p),
        difference.n,
        0,
        why=shown.get(verdict, open_),
    )
