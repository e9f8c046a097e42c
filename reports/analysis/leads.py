"""By how much cells are ahead of others at least: Welch's t on means, an exact test on what diverged."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports.analysis.intervals import Floats, Integers, Mask, t_quantile
from reports.analysis.proportions import p_more_often

PAIRS_AT_ONCE = 2**20
"""Pairs of cells that are compared in one array: 8 MB for each of its parts."""


@dataclass(frozen=True)
class Means:
    """What one look has of cells, arrays (cells,), higher better.

    Their `mean` over all runs, its squared `error` with `df`; the mean of what `finished`, how many of the
    `runs` were `lost` (diverged), and what such a run counts as.
    """

    mean: Floats
    error: Floats
    df: Floats
    finished: Floats
    lost: Integers
    runs: Integers
    counted_as: float

    def of(self, cells: Integers | Mask) -> "Means":
        """Return some of the cells."""
        return Means(
            self.mean[cells],
            self.error[cells],
            self.df[cells],
            self.finished[cells],
            self.lost[cells],
            self.runs[cells],
            self.counted_as,
        )


def means_of(values: Floats, lost: Mask, ready: Mask, variance: Floats, df: Floats) -> Means:
    """Return the means of values (cells, seeds) with a run's variance in each; cells not ready have −∞."""
    present = np.isfinite(values)
    runs = present.sum(axis=1)
    mean = np.where(ready, np.nansum(values, axis=1) / np.maximum(runs, 1), -np.inf)
    gone = lost & present
    counted_as = float(values[gone].min()) if gone.any() else 0.0
    done = np.where(present & ~lost, values, 0).sum(axis=1)
    count = (present & ~lost).sum(axis=1)
    finished = np.where(count > 0, done / np.maximum(count, 1), counted_as)
    error = np.where(ready, variance / np.maximum(runs, 1), np.inf)
    return Means(mean, error, df, finished, gone.sum(axis=1), runs, counted_as)


def beaten(means: Means, among: Mask, level: float) -> Mask:
    """Return which cells of `among` another cell is ahead of, so that all of the best stay in 1 − level.

    A cell is compared with every other at level / others, and these are as many chances to be wrong as there
    are cells that may be the best: level / cells / others, and for those that are left when others are out,
    level / left / others (Holm 1979).
    """
    known = np.isfinite(means.error) & np.isfinite(means.mean)
    left = among & known
    while left.any():
        out = beaten_by(means, known, left, level / max(int(known.sum()) - 1, 1) / int(left.sum()))
        if not out.any():
            break
        left &= ~out
    return among & known & ~left


def beaten_by(means: Means, leaders: Mask, cells: Mask, level: float) -> Mask:
    """Return which cells some leader is ahead of; all have to be asked, for their variances differ."""
    found = np.zeros(len(cells), dtype=bool)
    behind, ahead = np.flatnonzero(cells), np.flatnonzero(leaders)
    size = max(1, PAIRS_AT_ONCE // max(len(behind), 1))
    for start in range(0, len(ahead), size):
        lead = least_lead(means.of(ahead[start : start + size]), means.of(behind), level)
        found[behind] |= (lead > 0).any(axis=0)
    return found


def least_lead(first: Means, second: Means, level: float) -> Floats:
    """Return by how much cells are ahead of others at least, (first, second) (Welch 1938).

    The part of a difference that comes of divergence counts if the exact test shows it at the same level: t
    takes runs that are all or nothing for less variable than they are (of 10 runs at one half, 9 lost here
    and 1 there are ten times as probable as it says).
    """
    error, df = first.error[:, None], first.df[:, None]
    both = error + second.error
    share = error / np.maximum(both, 1e-300)  # squares of large figures' variances would overflow
    joint = np.where(both > 0, 1 / (share**2 / df + (1 - share) ** 2 / np.maximum(second.df, 1)), 1.0)
    difference = first.mean[:, None] - second.mean - unshown(first, second, level)
    return np.asarray(difference - many_quantiles(level, joint) * np.sqrt(both))


def unshown(first: Means, second: Means, level: float) -> Floats:
    """Return the part of first − second that comes of the second's diverging more often, if not shown."""
    more = second.lost / np.maximum(second.runs, 1) - (first.lost / np.maximum(first.runs, 1))[:, None]
    if not (more > 0).any():
        return np.zeros(more.shape)
    shown = p_more_often(second.lost, second.runs, first.lost, first.runs) <= level
    return np.where(shown, 0.0, np.maximum(more, 0) * (first.finished - first.counted_as)[:, None])


def many_quantiles(tail: float, df: Floats) -> Floats:
    """Return t quantiles of one tail for many df, from a table: to 1e-6 of their value."""
    inverse, logarithm = quantile_table(tail)
    return np.asarray(np.exp(np.interp(1 / np.maximum(df, 1.0), inverse, logarithm)))


@lru_cache(maxsize=64)
def quantile_table(tail: float) -> tuple[Floats, Floats]:
    """Return 1/df from 0 to 1 and the logarithm of the quantile, which is nearly linear in it."""
    inverse = np.linspace(1e-9, 1.0, 4001)
    return inverse, np.log(t_quantile(tail, 1 / inverse))
