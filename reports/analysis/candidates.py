"""What looks at a growing number of seeds leave of the cells that may be the best, in every group at once."""

from dataclasses import dataclass, replace

import numpy as np

from reports.analysis.groups import Groups
from reports.analysis.intervals import Floats, Integers, Mask, t_quantile
from reports.analysis.leads import Means, beaten, beaten_by, means_of
from reports.analysis.moderation import cell_variances
from reports.analysis.proportions import share_lost

PRIOR_SHARE = 0.4


@dataclass(frozen=True)
class Candidates:
    """What is known of cells, higher values better: `Selection`, of all groups.

    `means`, `may_be_best`, `worse` and `untested` are (cells,), the others (groups,): `winner` is the cell of
    the best mean, `interval` (3, groups) that mean with its ends, from `n` runs.
    """

    groups: Groups
    means: Floats
    may_be_best: Mask
    worse: Mask
    untested: Mask
    winner: Integers
    interval: Floats
    n: Integers
    look: Integers
    picked_among: Integers


def unlooked(values: Floats, groups: Groups) -> Candidates:
    """Return what is known before any look: means, and that every cell with a figure may be the best."""
    counts = np.isfinite(values).sum(axis=1)
    known = counts > 0
    means = np.where(known, np.nansum(values, axis=1) / np.maximum(counts, 1), np.nan)
    winner = groups.ranked(known, means).first
    some = winner >= 0
    interval, n = np.full((3, groups.count), np.nan), np.where(some, counts[winner], 0)
    interval[0, some] = means[winner[some]]
    never, zero = np.zeros(len(means), dtype=bool), np.zeros(groups.count, dtype=np.intp)
    return Candidates(groups, means, known, never, known, winner, interval, n, zero, zero)


def look(
    state: Candidates, values: Floats, ready: Mask, lost: Mask, level: float, grain: float, seeds: int
) -> Candidates:
    """Return what is known after one more look at the cells that are `ready`."""
    groups = state.groups
    number = groups.total(ready)
    looked = number > 0
    counts = np.isfinite(values).sum(axis=1)
    spread = cell_variances(values, counts, lost, grain, groups, looked)
    means = means_of(values, lost, ready, spread.variance, spread.df, groups)
    winner = np.where(looked, groups.ranked(ready, means.mean).first, state.winner)
    leader = np.zeros(len(values), dtype=bool)
    leader[winner[looked]] = True
    out = beaten(means, ready & state.may_be_best, PRIOR_SHARE * level, groups)
    pairs = np.maximum(number * (number - 1), 1)
    worse = beaten_by(means, leader, ready & ~leader, PRIOR_SHARE * level / pairs, groups)
    interval = state.interval.copy()
    interval[:, looked] = intervals_of(means.of(winner[looked]), level / 2 / number[looked], level / 2)
    return replace(
        state,
        winner=winner,
        interval=interval,
        n=np.where(looked, counts[winner], state.n),
        may_be_best=state.may_be_best & ~out,
        worse=(state.worse | worse) & ~leader,
        untested=state.untested & ~ready,
        look=np.where(looked, seeds, state.look),
        picked_among=np.where(looked, number, state.picked_among),
    )


def intervals_of(winners: Means, below: Floats, above: float) -> Floats:
    """Return the winners' means and the ends of their intervals with these tails, (3, winners).

    If some of a winner's runs diverged, its ends lie at least where the share of such runs puts them (t,
    symmetric, put the lower end of one lost in 20 too high).
    """
    root = winners.error**0.5
    low = winners.mean - t_quantile(below, winners.df) * root
    high = winners.mean + t_quantile(above, winners.df) * root
    for k in np.flatnonzero((winners.lost > 0) & (winners.lost < winners.runs)):
        lost, runs, as_lost = int(winners.lost[k]), int(winners.runs[k]), float(winners.counted_as[k])
        swing = float(winners.finished[k]) - as_lost
        least, most = share_lost(lost, runs, above)[0], share_lost(lost, runs, float(below[k]))[1]
        low[k] = min(low[k], as_lost + (1 - most) * swing)
        high[k] = max(high[k], as_lost + (1 - least) * swing)
    return np.stack([winners.mean, low, high])


def never_finished(values: Floats, lost: Mask) -> Mask:
    """Return the cells of which every run with an outcome diverged."""
    return np.asarray(lost.any(axis=1) & (lost | ~np.isfinite(values)).all(axis=1))
