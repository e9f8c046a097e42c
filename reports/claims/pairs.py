"""Pairs of levels: what was claimed of them, what matched runs say, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from reports.analysis.effects import difference_of, interval_of
from reports.analysis.equivalence import conjunction, relation
from reports.analysis.intervals import NAN, Interval
from reports.analysis.judging import JudgedPair, judge_pairs
from reports.analysis.matched import Matched
from reports.analysis.pairs import Pair
from reports.analysis.settings import Settings
from reports.claims.claim import Compared, Outcome, Test, Verdicts
from reports.claims.looks import Looks
from reports.claims.potential import potential
from reports.claims.runs import new_images, settings

SHOWN_REASONS = 6


def compare(
    test: Test,
    rows: pd.DataFrame,
    found: Matched,
    wanted: Sequence[tuple[str, str, str]],
    looks: Looks,
    parts: int,
) -> Outcome:
    """Decide every pair, and from them the test; `parts`: the tests of its claim."""
    chosen = settings(test, found, rows, looks, parts)
    verdict, judged = judge_pairs(found, wanted, chosen)
    pairs = tuple(
        replace(
            compared(pair, chosen, test),
            new_images=new_images(test, rows, found, pair.own, looks) if pair.own else None,
        )
        for pair in judged
    )
    known = [pair for pair in pairs if pair.seeds]
    return Outcome(
        test,
        verdict,
        together(pairs),
        tuple(level_intervals(found, chosen.grain).items()),
        pairs,
        seeds=min((pair.seeds for pair in known), default=0),
        cells=min((pair.cells for pair in known), default=0),
        reasons=reasons(deciding(pairs)),
        margin=chosen.margin,
    )


def together(judged: Sequence[Compared]) -> Verdicts:
    """Return the verdict on all pairs at half the margin, at the margin, and at twice it."""
    half, same, double = (conjunction([pair.verdicts[k] for pair in judged]) for k in range(3))
    return half, same, double


def compared(pair: JudgedPair, chosen: Settings, test: Test) -> Compared:
    """Return a judged pair as first − second, and why it is so."""
    claimed = (pair.first, pair.symbol, pair.second)
    if pair.own is None or pair.corrected is None:
        return Compared(*claimed, "undecided", why=f"{both_of(pair, test)}: {pair.why}")
    estimate, low, high = signed(pair.own, pair.first)
    _, *ends = signed(pair.corrected, pair.first)
    return Compared(
        *claimed,
        pair.verdict,
        pair.verdicts,
        estimate,
        low,
        high,
        pair.own.p,
        (ends[0], ends[1], pair.corrected.p),
        pair.own.seeds,
        pair.own.cells,
        pair.own.decided_at,
        because(pair, pair.own, pair.corrected, chosen, test),
        turned=pair.own.turned,
    )


def signed(pair: Pair, first: str) -> tuple[float, float, float]:
    """Return estimate, low and high of first − second, whichever is ahead."""
    if pair.first == first:
        return pair.estimate, pair.low, pair.high
    return -pair.estimate, -pair.high, -pair.low


def because(judged: JudgedPair, own: Pair, corrected: Pair, chosen: Settings, test: Test) -> str:
    """Return what was found of a pair, in words."""
    both, metric = both_of(judged, test), test.metric
    if own.why:
        return f"{both}: {own.why}"
    decisive = own if judged.verdict == "holds" else corrected
    found = relation(*ahead(decisive, metric.descending), chosen.margin)
    within = f"within ± {metric.show(chosen.margin)}"
    if judged.verdict != "undecided":
        if found == "≈":
            sure = decisive.low > 0 or decisive.high < 0
            return f"{in_order(decisive, test)}, but {within}" if sure else f"{both}: equivalent, {within}"
        return in_order(decisive, test)
    ends = ahead(own, metric.descending)
    if ends[0] > 0:
        alone = " by its own interval only"
        if judged.symbol != ">" and ends[0] > chosen.margin:
            return f"{in_order(own, test)}, beyond the margin{alone}"
        level = "" if ahead(corrected, metric.descending)[0] > 0 else alone
        return f"{in_order(own, test)}{level}; whether by the margin is open"
    could = potential(own.power, own.seeds, chosen.ladder, metric.show, difference_of(metric.bounds))
    return f"{both}: no difference shown{f' ({could})' if could else ''}"


def ahead(pair: Pair, descending: bool) -> tuple[float, float]:
    """Return how far the first of a pair is ahead, at least and at most."""
    return (pair.low, pair.high) if descending else (-pair.high, -pair.low)


def both_of(pair: JudgedPair, test: Test) -> str:
    """Return the two levels, as the claim names them."""
    return f"{test.named(pair.first)}, {test.named(pair.second)}"


def in_order(pair: Pair, test: Test) -> str:
    """Return the two levels, the one ahead first."""
    return f"{test.named(pair.first)} > {test.named(pair.second)}"


def deciding(pairs: Sequence[Compared]) -> list[Compared]:
    """Return the pairs that keep a test from holding: those refuted, else those undecided.

    Of a test that holds: those with a difference that is there and counts as none.
    """
    refuted = [pair for pair in pairs if pair.verdict == "refuted"]
    undecided = [pair for pair in pairs if pair.verdict == "undecided"]
    small = [pair for pair in pairs if pair.symbol == "~" and (pair.low > 0 or pair.high < 0)]
    return refuted or undecided or small


def reasons(pairs: Sequence[Compared]) -> tuple[str, ...]:
    """Return what was found of these pairs, in words."""
    more = len(pairs) - SHOWN_REASONS
    return (*(pair.why for pair in pairs[:SHOWN_REASONS]), *([f"{more} more"] if more > 0 else []))


def level_intervals(found: Matched, grain: float) -> Mapping[str, Interval]:
    """Return the mean of each level with its 95 % interval over seeds, diverged runs as what they count as.

    Over the cells that all levels with a result have, and of those the runs that are compared with another
    level's, adjusted for what a seed lacks: so two levels' means differ by what is printed as their
    difference. None is narrower than the metric's step (`grain`) allows.
    """
    known = np.isfinite(found.counted)
    known = known[known.any(axis=(1, 2))]
    cells = np.asarray(known.any(axis=2).all(axis=0))
    matched = cells[:, None] & (known.sum(axis=0) >= min(2, len(known)))
    values = np.where(matched, found.counted, NAN)
    return {level: interval_of(own, grain) for level, own in zip(found.levels, values, strict=True)}
