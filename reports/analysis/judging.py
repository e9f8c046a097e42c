"""Verdicts on claims about two levels, and on claims about which of two factors moves a metric more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np

from reports.analysis.comparison import compare
from reports.analysis.components import EffectSizes
from reports.analysis.equivalence import Verdict, conjunction, pair_verdict
from reports.analysis.matched import Matched
from reports.analysis.pairs import Pair
from reports.analysis.settings import Settings

ANYTHING = (-np.inf, np.inf)


@dataclass(frozen=True)
class JudgedPair:
    """What was claimed of two levels, the verdict at the margin and at m/2, m and 2m, and what it rests on.

    `own` is the pair at its own level, which "holds" is read from; `corrected` at the level shared by all
    parts of the claim, which "refuted" is read from. None: a level that is not there or has too few runs.
    """

    first: str
    symbol: str
    second: str
    verdict: Verdict
    verdicts: tuple[Verdict, Verdict, Verdict]
    own: Pair | None
    corrected: Pair | None
    why: str = ""


def judge_pairs(
    matched: Matched, wanted: Sequence[tuple[str, str, str]], settings: Settings
) -> tuple[Verdict, tuple[JudgedPair, ...]]:
    """Judge "first symbol second" for all pairs wanted of a claim (">", ">=", "~"), and all together.

    The claim holds where each pair does at its own level, and is refuted where one is at the level divided by
    their number (and by `settings.family`: the other parts of the claim). Whether an order turns round is
    asked as the ranking of all levels asks it, or a claim and a ranking could say different things.
    """
    settings = replace(settings, pairs=max(settings.pairs, comb(len(matched.levels), 2)))
    judged = tuple(judge_pair(matched, pair, settings, len(wanted)) for pair in wanted)
    return conjunction([pair.verdict for pair in judged]), judged


def judge_pair(matched: Matched, wanted: tuple[str, str, str], settings: Settings, parts: int) -> JudgedPair:
    """Judge one of `parts` pairs."""
    first, symbol, second = wanted
    if absent := [level for level in (first, second) if level not in matched.levels]:
        return open_pair(wanted, f"no runs with {' and '.join(absent)}")
    two = matched.part(levels=[matched.levels.index(first), matched.levels.index(second)])
    if two.too_few:
        return open_pair(wanted, "; ".join(f"{level}: {why}" for level, why in two.too_few.items()))
    own = compare(two, replace(settings, family=1)).pairs[0]
    shared = compare(two, replace(settings, family=settings.family * parts)).pairs[0]
    intervals = [advantage(pair, first, matched.higher) for pair in (own, shared)]
    margins = (settings.margin / 2, settings.margin, 2 * settings.margin)
    half, same, double = (pair_verdict(symbol, intervals[0], intervals[1], margin) for margin in margins)
    return JudgedPair(first, symbol, second, same, (half, same, double), own, shared, own.why)


def open_pair(wanted: tuple[str, str, str], why: str) -> JudgedPair:
    """Return a pair of which nothing can be said."""
    return JudgedPair(*wanted, "undecided", ("undecided",) * 3, None, None, why)


def advantage(pair: Pair, first: str, higher: bool) -> tuple[float, float]:
    """Return how far a level is ahead, at least and at most; anything where the pair is in doubt."""
    if pair.why or not np.isfinite(pair.low):
        return ANYTHING
    return (pair.low, pair.high) if (pair.first == first) == higher else (-pair.high, -pair.low)


def judge_effects(sizes: Sequence[EffectSizes], symbols: Sequence[str]) -> Verdict:
    """Judge "first symbol second …" by two factors' effects each: ">" only; "~" is never shown.

    `sizes` are at the level shared by the parts (`compare_effects(…, parts=len(symbols))`).
    """
    verdicts: list[Verdict] = []
    for size, symbol in zip(sizes, symbols, strict=True):
        ends = (size.difference.low, size.difference.high)
        known = ends if np.isfinite(ends).all() else ANYTHING
        verdicts.append(pair_verdict(symbol, known, known))
    return conjunction(verdicts)
