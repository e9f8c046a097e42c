"""Which cells may be the best, which are not, and how good the one is that was picked for its mean."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from reports.analysis.contrasts import LEAST_SWING, MIN_SEEDS
from reports.analysis.intervals import NAN, NOTHING, Floats, Integers, Interval, Mask, t_quantile
from reports.analysis.moderation import Moderated, moderate
from reports.analysis.sequential import Ladder

PRIOR_SHARE = 0.5

PAIRS_AT_ONCE = 2**20
"""Pairs of cells that are compared in one array: 8 MB for each of its parts."""


@dataclass(frozen=True)
class Selection:
    """The cells of a grid by their means; arrays (cells,).

    `winner` is the place of the best mean (−1: no cell has a figure), `interval` that of its mean, corrected
    for its having been picked. `may_be_best` are cells not shown to be beaten by another, `worse` those shown
    worse than the best mean of a look (and so than the best cell); what is in neither is "not the best" only.
    Cells that no look has tested are `untested`, and may be best. `look`: the seeds of the latest complete
    look (0: none).
    """

    means: Floats
    winner: int
    interval: Interval
    may_be_best: Mask
    worse: Mask
    untested: Mask
    look: int


def select(
    values: Floats,
    steps: Ladder,
    *,
    higher: bool = True,
    outstanding: Mask | None = None,
    diverged: Mask | None = None,
    grain: float = 0.0,
) -> Selection:
    """Judge cells by values (cells, seeds in the order first planned), diverged runs as what they count as.

    Multiple comparisons with the best (Hsu 1984): a cell cannot be the best where another's mean is
    significantly higher, one-sided, at the look's level over cells − 1. Variances are moderated; half of that
    level is kept back, for their prior need not fit (with all of it a true best of 96 equal cells was ruled
    out in up to 9 % at 5 seeds). "Worse than the best" is about two cells of which neither was named
    beforehand, so half the level is shared by all ordered pairs (with all of it, 8 cells of variances four
    times as large in every other seed had a false one in 7 %, with half in 6 %).
    The pairing by seed is not used: it is weak between cells, and where there is any it makes these
    intervals too wide, not too narrow. A cell shown not to be the best at one look stays so. A look is read
    for the cells whose runs of it have all ended.
    """
    sign = 1.0 if higher else -1.0
    cells, n = values.shape
    none = np.zeros((cells, n), dtype=bool)
    waiting, lost = (none if mask is None else mask for mask in (outstanding, diverged))
    state = unlooked(sign * values)
    for seeds, level in zip(steps.looks, steps.levels, strict=True):
        ready = ~waiting[:, :seeds].any(axis=1) & (np.isfinite(values[:, :seeds]).sum(axis=1) >= MIN_SEEDS)
        finished = ready & ~never_finished(values[:, :seeds], lost[:, :seeds])
        if seeds > n or ready.sum() < 2 or not finished.any():
            continue  # cells of which no run finished are compared with what did, not among themselves
        state = look(state, sign * values[:, :seeds], ready, lost[:, :seeds], level, grain, seeds)
    low, high = state.interval.low, state.interval.high
    turned = Interval(
        sign * state.interval.mean, *((low, high) if higher else (-high, -low)), state.interval.n
    )
    return replace(state, means=sign * state.means, interval=turned)


def unlooked(values: Floats) -> Selection:
    """Return what is known before any look: means, and that every cell with a figure may be the best."""
    counts = np.isfinite(values).sum(axis=1)
    means = np.where(counts > 0, np.nansum(values, axis=1) / np.maximum(counts, 1), np.nan)
    known = counts > 0
    winner = int(np.nanargmax(means)) if known.any() else -1
    interval = Interval(float(means[winner]), NAN, NAN, int(counts[winner])) if known.any() else NOTHING
    return Selection(means, winner, interval, known, np.zeros(len(means), dtype=bool), known, 0)


def look(
    state: Selection, values: Floats, ready: Mask, lost: Mask, level: float, grain: float, seeds: int
) -> Selection:
    """Return what is known after one more look, higher values better."""
    counts = np.isfinite(values).sum(axis=1)
    means = np.where(ready, np.nansum(values, axis=1) / np.maximum(counts, 1), -np.inf)
    spread = cell_variances(values, counts, lost, grain)
    error = np.where(ready, spread.variance / np.maximum(counts, 1), np.inf)
    cells = int(ready.sum())
    winner = int(np.argmax(means))
    of_best, of_pairs = PRIOR_SHARE * level / (cells - 1), PRIOR_SHARE * level / (cells * (cells - 1))
    beaten = ready & (advantage(means, error, spread.df, of_best) > 0)
    worse = ready & behind(winner, means, error, spread.df, of_pairs)
    mean, root = float(means[winner]), float(error[winner]) ** 0.5
    down = float(t_quantile(level / 2 / cells, spread.df[winner]))
    up = float(t_quantile(level / 2, spread.df[winner]))
    return replace(
        state,
        winner=winner,
        interval=Interval(mean, mean - down * root, mean + up * root, int(counts[winner])),
        may_be_best=state.may_be_best & ~beaten,
        worse=(state.worse | worse) & (np.arange(len(values)) != winner),
        untested=state.untested & ~ready,
        look=seeds,
    )


def never_finished(values: Floats, lost: Mask) -> Mask:
    """Return the cells of which every run with an outcome diverged."""
    return np.asarray(lost.any(axis=1) & (lost | ~np.isfinite(values)).all(axis=1))


def cell_variances(values: Floats, counts: Integers, lost: Mask, grain: float) -> Moderated:
    """Return each cell's variance of a run, moderated among the cells without a diverged run.

    A cell of which some or all runs diverged keeps its own, and at least that of `contrasts.differences`: of
    two that diverge alike one loses all n runs and the other none in up to 2·4⁻ⁿ: few seeds rule out little.
    """
    means = np.nansum(values, axis=1) / np.maximum(counts, 1)
    squares = np.nansum((values - means[:, None]) ** 2, axis=1)
    own = np.where(counts > 1, squares / np.maximum(counts - 1, 1), np.nan)
    calm = np.asarray(~lost.any(axis=1))
    if not calm.all() and calm.any():
        swing = np.nanmax(values) - np.nanmin(np.where(lost, values, np.inf))
        own = np.where(calm, own, np.maximum(own, LEAST_SWING * swing**2))
    return moderate(own, np.maximum(counts - 1, 0).astype(float), calm, grain**2 / 12)


def advantage(means: Floats, error: Floats, df: Floats, level: float) -> Floats:
    """Return by how much each cell is at least beaten by the cell that beats it most; ≤ 0: by none."""
    most = np.full(len(means), -np.inf)
    known = np.flatnonzero(np.isfinite(error) & np.isfinite(means))
    if not len(known):
        return most
    m, e, f = means[known], error[known], df[known]
    size = max(1, PAIRS_AT_ONCE // len(known))
    for start in range(0, len(known), size):  # all have to be asked, for their variances differ
        leaders = slice(start, start + size)
        lead = least_lead(m[leaders, None], e[leaders, None], f[leaders, None], m, e, f, level)
        most[known] = np.maximum(most[known], lead.max(axis=0))
    return most


def behind(leader: int, means: Floats, error: Floats, df: Floats, level: float) -> Mask:
    """Return which cells are significantly behind the leader."""
    known = np.isfinite(error) & np.isfinite(means)
    beaten = np.zeros(len(means), dtype=bool)
    if known[leader]:
        ahead = means[leader], error[leader], df[leader]
        beaten[known] = least_lead(*ahead, means[known], error[known], df[known], level) > 0
    return beaten


def least_lead(
    mean: Floats, error: Floats, df: Floats, means: Floats, errors: Floats, dfs: Floats, level: float
) -> Floats:
    """Return by how much cells are at least ahead of others (Welch 1938, Satterthwaite's df)."""
    both = error + errors
    share = error / np.maximum(both, 1e-300)  # squares of large figures' variances would overflow
    joint = np.where(both > 0, 1 / (share**2 / df + (1 - share) ** 2 / np.maximum(dfs, 1)), 1.0)
    return np.asarray(mean - means - many_quantiles(level, joint) * np.sqrt(both))


def many_quantiles(tail: float, df: Floats) -> Floats:
    """Return t quantiles of one tail for many df, from a table: to 1e-6 of their value."""
    inverse, logarithm = quantile_table(tail)
    return np.asarray(np.exp(np.interp(1 / np.maximum(df, 1.0), inverse, logarithm)))


@lru_cache(maxsize=64)
def quantile_table(tail: float) -> tuple[Floats, Floats]:
    """Return 1/df from 0 to 1 and the logarithm of the quantile, which is nearly linear in it."""
    inverse = np.linspace(1e-9, 1.0, 4001)
    return inverse, np.log(t_quantile(tail, 1 / inverse))
