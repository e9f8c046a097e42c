"""Relations of two levels, which exclude one another; the margin that counts as none; verdicts on claims."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from reports.analysis.intervals import NAN, Floats

Relation = Literal[">", "<", "≈", "?"]
Verdict = Literal["holds", "refuted", "undecided"]
ERROR_SHARE = 0.1  # of the best level's error, or of the best value
LEAST_EXAMPLES = 2


def relation(low: float, high: float, margin: float = NAN) -> Relation:
    """Return how the first of two stands to the second, from the interval of how far it is ahead.

    ">" the interval lies above 0 and not inside ± margin, "<" below 0 alike, "≈" inside ± margin, "?"
    neither. The interval is two-sided, so "≈" is two one-sided tests at half its level each (Schuirmann
    1987). Without a margin (NaN) nothing is "≈".
    """
    if -margin < low and high < margin:
        return "≈"
    return ">" if low > 0 else "<" if high < 0 else "?"


def sensitivity(low: float, high: float, margin: float) -> tuple[Relation, Relation, Relation]:
    """Return the relation at half the margin, at the margin, and at twice it."""
    return relation(low, high, margin / 2), relation(low, high, margin), relation(low, high, 2 * margin)


def accuracy_margin(finished: Floats, examples: int | None = None) -> float:
    """Return a tenth of the best level's error, and at least two examples, of values (levels, …).

    Only finished runs are in `finished`; NaN if there is none.
    """
    least = LEAST_EXAMPLES / examples if examples else 0.0
    return max(ERROR_SHARE * (1 - max(level_means(finished), default=NAN)), least)


def relative_margin(finished: Floats) -> float:
    """Return a tenth of the best level's value of a minimised metric; NaN unless all values are above 0."""
    means = level_means(finished)
    return ERROR_SHARE * min(means) if means and np.nanmin(finished) > 0 else NAN


def level_means(values: Floats) -> list[float]:
    """Return the mean of every level (the first axis) that has a value."""
    return [float(level[np.isfinite(level)].mean()) for level in values if np.isfinite(level).any()]


def pair_verdict(
    symbol: str, own: tuple[float, float], corrected: tuple[float, float], margin: float = NAN
) -> Verdict:
    """Return the verdict on "first symbol second", from two intervals of how far the first is ahead.

    A conjunction holds when each part holds at its `own` level (intersection–union: Berger 1982), while it
    is refuted by any part, so refutation takes the interval `corrected` for all parts. ">" holds on ">",
    "~" on "≈", ">=" where the first is not behind by the margin. ">" is refuted by "<" and "≈", "~" by a
    difference beyond the margin, ">=" by one behind by the margin; all else is undecided.
    """
    found, beyond = relation(*own, margin), relation(*corrected, margin)
    low, high = corrected
    if symbol == ">":
        return "holds" if found == ">" else "refuted" if beyond in ("<", "≈") else "undecided"
    if symbol == ">=":
        return "holds" if own[0] > -margin else "refuted" if high < -margin else "undecided"
    return "holds" if found == "≈" else "refuted" if low > margin or high < -margin else "undecided"


def conjunction(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on all together: refuted if any is, holds if all do."""
    if "refuted" in verdicts:
        return "refuted"
    return "holds" if verdicts and all(verdict == "holds" for verdict in verdicts) else "undecided"
