"""By how much cells are ahead of others at least: Welch's t on means, an exact test on what diverged."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports.analysis.groups import Groups
from reports.analysis.intervals import SLACK, Floats, Integers, Mask, t_quantile
from reports.analysis.proportions import p_more_often

PAIRS_AT_ONCE = 2**14
"""Pairs of cells that are compared in one array: what the processor's cache holds."""


@dataclass(frozen=True)
class Means:
    """What one look has of cells, arrays (cells,), higher better.

    Their `mean` over all runs, its squared `error` with `df`; the mean of what `finished`, how many of the
    `runs` were `lost` (diverged), and what such a run counts as in the cell's group.
    """

    mean: Floats
    error: Floats
    df: Floats
    finished: Floats
    lost: Integers
    runs: Integers
    counted_as: Floats

    def of(self, cells: Integers) -> "Means":
        """Return those of these places, in their shape."""
        return Means(
            self.mean[cells],
            self.error[cells],
            self.df[cells],
            self.finished[cells],
            self.lost[cells],
            self.runs[cells],
            self.counted_as[cells],
        )


def means_of(values: Floats, lost: Mask, ready: Mask, variance: Floats, df: Floats, groups: Groups) -> Means:
    """Return the means of values (cells, seeds) with a run's variance in each; cells not ready have −∞."""
    present = np.isfinite(values)
    runs = present.sum(axis=1)
    mean = np.where(ready, np.nansum(values, axis=1) / np.maximum(runs, 1), -np.inf)
    gone = lost & present
    counted_as = least_lost(values, gone, groups)
    done = np.where(present & ~lost, values, 0).sum(axis=1)
    count = (present & ~lost).sum(axis=1)
    finished = np.where(count > 0, done / np.maximum(count, 1), counted_as)
    error = np.where(ready, variance / np.maximum(runs, 1), np.inf)
    return Means(mean, error, df, finished, gone.sum(axis=1), runs, counted_as)


def least_lost(values: Floats, gone: Mask, groups: Groups) -> Floats:
    """Return the least value of a diverged run in each cell's group, (cells,); 0 where there is none."""
    least = np.full(groups.count, np.inf)
    if gone.any():
        np.minimum.at(least, groups.of, np.where(gone, values, np.inf).min(axis=1, initial=np.inf))
    return np.asarray(np.where(np.isfinite(least), least, 0.0)[groups.of])


def beaten(means: Means, among: Mask, level: float, groups: Groups) -> Mask:
    """Return which cells of `among` another cell of their group is ahead of, all of the best in 1 − level.

    A cell is compared with every other at level / others, and these are as many chances to be wrong as there
    are cells that may be the best: level / cells / others, and for those that are left when others are out,
    level / left / others (Holm 1979).
    """
    known = np.isfinite(means.error) & np.isfinite(means.mean)
    others, left = np.maximum(groups.total(known) - 1, 1), among & known
    asked = left
    while asked.any():
        each = level / others / np.maximum(groups.total(left), 1)
        out = beaten_by(means, known, asked, each, groups)
        left = left & ~out
        asked = left & (groups.total(out) > 0)[groups.of]
    return among & known & ~left


def beaten_by(means: Means, leaders: Mask, cells: Mask, level: Floats, groups: Groups) -> Mask:
    """Return which cells some leader of their group is ahead of, at the group's level (groups,).

    All have to be asked whose mean is so much better that they could be (`least_difference`), for their
    variances differ: the best first, so that most cells need few.
    """
    found = np.zeros(len(cells), dtype=bool)
    ranked = groups.ranked(leaders, means.mean)
    left, rank = np.flatnonzero(cells & (ranked.size > 0)[groups.of]), 0
    enough = means.mean + least_difference(means, leaders, left, level, groups)
    left = left[means.mean[ranked.first[groups.of[left]]] > enough[left]]
    while len(left):
        count = max(1, PAIRS_AT_ONCE // len(left))
        group, size = groups.of[left], ranked.size[groups.of[left]]
        some = np.arange(rank, rank + min(count, int(size.max()) - rank))[:, None]
        lead = least_lead(means.of(ranked.places(group, some)), means.of(left), level[group])
        behind = (lead > 0).any(axis=0)
        found[left[behind]] = True
        rank += count
        following = means.mean[ranked.places(group, np.full(len(left), rank))]
        left = left[~behind & (rank < size) & (following > enough[left])]
    return found


def least_difference(means: Means, leaders: Mask, cells: Integers, level: Floats, groups: Groups) -> Floats:
    """Return how much better a mean has to be at least for a leader of the group to be ahead, (cells,).

    As much as a leader with the least error of its group would need with all the degrees of freedom that two
    cells can have. 0 for the others, and where runs diverged, for then t is not all that counts.
    """
    needed = np.zeros(len(means.mean))
    if means.lost.any() or not len(cells):
        return needed
    error, df = np.full(groups.count, np.inf), np.zeros(groups.count)
    np.minimum.at(error, groups.of[leaders], means.error[leaders])
    np.maximum.at(df, groups.of[leaders], means.df[leaders])
    group = groups.of[cells]
    quantile = many_quantiles(level[group], df[group] + np.maximum(means.df[cells], 1))
    needed[cells] = SLACK * quantile * np.sqrt(error[group] + means.error[cells])
    return needed


def least_lead(first: Means, second: Means, level: Floats | float) -> Floats:
    """Return by how much cells are ahead of others at least, (…, cells), at a level for each (Welch 1938).

    The part of a difference that comes of divergence counts if the exact test shows it at the same level: t
    takes runs that are all or nothing for less variable than they are (of 10 runs at one half, 9 lost here
    and 1 there are ten times as probable as it says).
    """
    both = first.error + second.error
    share = first.error / np.maximum(both, 1e-300)  # squares of large figures' variances would overflow
    joint = np.where(both > 0, 1 / (share**2 / first.df + (1 - share) ** 2 / np.maximum(second.df, 1)), 1.0)
    difference = first.mean - second.mean - unshown(first, second, level)
    return np.asarray(difference - many_quantiles(level, joint) * np.sqrt(both))


def unshown(first: Means, second: Means, level: Floats | float) -> Floats:
    """Return the part of first − second that comes of the second's diverging more often, if not shown."""
    if not second.lost.any():
        return np.zeros(first.mean.shape)
    more = second.lost / np.maximum(second.runs, 1) - first.lost / np.maximum(first.runs, 1)
    shown = p_more_often(second.lost, second.runs, first.lost, first.runs) <= level
    return np.where(shown, 0.0, np.maximum(more, 0) * (first.finished - first.counted_as))


def many_quantiles(tail: Floats | float, df: Floats) -> Floats:
    """Return t quantiles for df (…, cells), of a tail for each cell, from a table: to 1e-6 of their value."""
    tails = np.broadcast_to(tail, df.shape[-1:])
    found = np.empty(df.shape)
    for one in np.unique(tails):
        same = np.flatnonzero(tails == one)
        inverse = 1 / np.maximum(df[..., same], 1.0)
        found[..., same] = np.exp(np.interp(inverse, INVERSE, quantile_table(float(one)).around(inverse)))
    return found


INVERSE = np.linspace(1e-9, 1.0, 4001)


class QuantileTable:
    """The logarithm of the quantile of one tail at 1/df from 0 to 1 (INVERSE), in which it is nearly linear.

    Most tails are asked for a few degrees of freedom only: entries are worked out when they are needed.
    """

    def __init__(self, tail: float) -> None:
        self._tail = tail
        self._logarithms = np.zeros(len(INVERSE))
        self._known = np.zeros(len(INVERSE), dtype=bool)

    def around(self, inverse: Floats) -> Floats:
        """Return the table, in which the entries around these 1/df are known; the others may be anything."""
        asked = np.zeros(len(INVERSE) + 2, dtype=bool)  # before the first, after the last, or NaN
        after = np.searchsorted(INVERSE, inverse.ravel())
        asked[after] = asked[after - 1] = asked[after + 1] = True
        missing = np.flatnonzero(asked[:-2] & ~self._known)
        self._logarithms[missing] = np.log(t_quantile(self._tail, 1 / INVERSE[missing]))
        self._known[missing] = True
        return self._logarithms


@lru_cache(maxsize=256)
def quantile_table(tail: float) -> QuantileTable:
    """Return the table of a tail, the same one whenever it is asked for."""
    return QuantileTable(tail)
