"""What a number of seeds could have shown, and how many a difference would take."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from reports.analysis.intervals import NAN, t_quantile
from reports.analysis.sequential import Ladder
from reports.analysis.studentized import range_quantile

POWER = 0.8
Width = Callable[[int, float], float]
"""The half-width in standard errors of an interval from so many seeds, at a look's level."""


@dataclass(frozen=True)
class Power:
    """`detectable`: the smallest difference that the latest look would show in 80 % of sweeps.

    `fewest` and `most`: the looks that the difference seen would take if the standard deviation were at the
    lower and the upper end of its 80 % interval; None: more seeds than the ladder has.
    """

    detectable: float
    fewest: int | None
    most: int | None


def power(
    estimate: float,
    half: float,
    error: float,
    seeds: int,
    steps: Ladder,
    width: Width,
    looked: int | None = None,
) -> Power:
    """Return what a look at `seeds` seeds could have shown, and the looks that `estimate` would take.

    A difference of half-width + t(.8)·error is shown with 80 % (Lehr 1992's form with t for z). A standard
    deviation from few seeds is uncertain: χ² limits (at 3 seeds 4.7-fold from end to end), so the number of
    seeds is a range. `looked`: the seeds of the latest complete look, if not all `seeds` (0: there was none).
    """
    if seeds < 2 or not np.isfinite(error):
        return Power(NAN, None, None)
    df = seeds - 1
    beyond = half if np.isfinite(half) else 0.0
    detectable = beyond + float(t_quantile(1 - POWER, df)) * error if beyond else NAN
    deviation = error * seeds**0.5
    ends = [deviation * (df / chdtri(df, tail)) ** 0.5 for tail in (0.1, 0.9)]
    after = seeds if looked is None else looked
    fewest, most = (needed(abs(estimate), end, after, steps, width) for end in ends)
    return Power(detectable, fewest, most)


def needed(size: float, deviation: float, after: int, steps: Ladder, width: Width) -> int | None:
    """Return the first look `after` so many seeds that shows a difference of this size with 80 %, or None."""
    for look, level in zip(steps.looks, steps.levels, strict=True):
        if look <= after:
            continue
        if size >= (width(look, level) + float(t_quantile(1 - POWER, look - 1))) * deviation / look**0.5:
            return look
    return None


def of_levels(levels: int, family: int = 1) -> Width:
    """Return the width for two of so many levels, one of a `family` of rankings."""

    def width(seeds: int, level: float) -> float:
        return range_quantile(level / family, levels, float((levels - 1) * (seeds - 1))) / 2**0.5

    return width


def of_tails(share: float) -> Width:
    """Return the width of one end of an interval, with this share of a look's level beyond it."""

    def width(seeds: int, level: float) -> float:
        return float(t_quantile(share * level, seeds - 1))

    return width
