"""Pairs of levels: what was claimed of them, what the paired contrast over seeds says, and the verdict."""

from collections.abc import Sequence

import numpy as np

from reports.analysis.paired import (
    MIN_SEEDS,
    Contrast,
    contrast,
    equivalent,
    holm,
    level_intervals,
    shared_mean,
)
from reports.analysis.rankings import relation
from reports.claims.claim import Compared, Outcome, Test, Verdict
from reports.claims.runs import Matched

SHOWN_REASONS = 6
NOTHING = Contrast(np.nan, np.nan, np.nan, np.nan, 0, 0)


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on all together: refuted if any is, holds if all do."""
    if "refuted" in verdicts:
        return "refuted"
    return "holds" if verdicts and all(verdict == "holds" for verdict in verdicts) else "undecided"


def compare(test: Test, found: Matched, wanted: Sequence[tuple[str, str, str]]) -> Outcome:
    """Decide every pair, and from them the test."""
    intervals = dict(zip(found.levels, level_intervals(found.values), strict=True))
    values = dict(zip(found.levels, found.values, strict=True))
    contrasts = [contrast(values[a] - values[b]) for a, _, b in wanted]
    corrected = holm([c.p for c in contrasts])
    pairs = tuple(
        decide(test, found.lost, (a, symbol, b), c, float(p), shared_mean(values[a], values[b]))
        for (a, symbol, b), c, p in zip(wanted, contrasts, corrected, strict=True)
    )
    known = [pair.contrast for pair in pairs if pair.contrast.seeds]
    return Outcome(
        test,
        combine([pair.verdict for pair in pairs]),
        tuple(intervals.items()),
        pairs,
        seeds=min((c.seeds for c in known), default=0),
        cells=min((c.blocks for c in known), default=0),
        why=reasons(deciding(pairs)),
    )


def deciding(pairs: Sequence[Compared]) -> list[Compared]:
    """Return the pairs that keep a test from holding: those refuted, else those undecided.

    Of a test that holds: those with a difference that is there and counts as none.
    """
    refuted = [pair for pair in pairs if pair.verdict == "refuted"]
    undecided = [pair for pair in pairs if pair.verdict == "undecided"]
    return refuted or undecided or [pair for pair in pairs if pair.symbol != ">=" and pair.small]


def reasons(pairs: Sequence[Compared]) -> str:
    """Return what was found of these pairs, in words."""
    more = len(pairs) - SHOWN_REASONS
    return "; ".join([*(p.why for p in pairs[:SHOWN_REASONS]), *([f"{more} more"] if more > 0 else [])])


def decide(
    test: Test, lost: frozenset[str], pair: tuple[str, str, str], c: Contrast, p: float, scale: float
) -> Compared:
    """Decide one pair."""
    first, symbol, second = pair
    if lost & {first, second}:
        return diverged(pair, lost)
    if c.seeds < MIN_SEEDS:
        reason = f"{c.seeds} of {MIN_SEEDS} seeds" if c.seeds else "no runs that differ in nothing else"
        return Compared(first, symbol, second, c, p, "undecided", f"{first}, {second}: {reason}")
    margin = margin_of(test, scale)
    stands, same = relation(c, p, test.metric.descending), equivalent(c.low, c.high, margin)
    shown = stands != "~"
    apart = shown and (c.low > margin or c.high < -margin)
    verdict = pair_verdict(symbol, stands, same, apart, not_worse(c, margin, test.metric.descending))
    finding = f"{first} {stands} {second}" if shown else f"{first}, {second}: no difference shown"
    if same:
        finding += " but within the margin" if shown else ", equivalent"
    if shown and verdict == "undecided" and symbol != ">":
        finding += "; whether by the margin is open"
    return Compared(first, symbol, second, c, p, verdict, finding, small=shown and same)


def pair_verdict(symbol: str, stands: str, same: bool, apart: bool, not_worse: bool | None) -> Verdict:
    """Return the verdict on "first symbol second" where the first `stands` so to the second.

    The interval of their difference is within the margin (`same`), outside of it (`apart`), or neither.
    """
    if symbol == ">=":
        return "undecided" if not_worse is None else "holds" if not_worse else "refuted"
    if symbol == ">":
        return "holds" if stands == ">" else "refuted" if stands == "<" or same else "undecided"
    return "holds" if same else "refuted" if apart else "undecided"


def not_worse(c: Contrast, margin: float, descending: bool) -> bool | None:
    """Whether the first is not behind the second by the margin; None if the interval leaves it open."""
    low, high = (c.low, c.high) if descending else (-c.high, -c.low)
    return True if low > -margin else False if high < -margin else None


def diverged(pair: tuple[str, str, str], lost: frozenset[str]) -> Compared:
    """Decide a pair of which one level or both diverged with every seed: those come last."""
    first, symbol, second = pair
    held = second in lost and first not in lost and symbol != "~"
    both = lost >= {first, second}
    verdict: Verdict = "undecided" if both else "holds" if held else "refuted"
    gone = " and ".join(level for level in (first, second) if level in lost)
    return Compared(first, symbol, second, NOTHING, np.nan, verdict, f"{gone} diverged with every seed")


def margin_of(test: Test, scale: float) -> float:
    """Return the difference that counts as none."""
    if test.margin is None:
        return test.metric.margin(scale)
    return test.margin * abs(scale) if test.relative else test.margin
