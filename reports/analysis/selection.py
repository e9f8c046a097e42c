"""Which cells may be the best, which are not, and how good the one is that was picked for its mean."""

from dataclasses import dataclass, replace

import numpy as np

from reports.analysis.contrasts import LEAST_SWING, MIN_SEEDS
from reports.analysis.intervals import NAN, NOTHING, Floats, Integers, Interval, Mask, t_quantile
from reports.analysis.leads import Means, beaten, beaten_by, means_of
from reports.analysis.moderation import Moderated, moderate
from reports.analysis.proportions import share_lost
from reports.analysis.sequential import Ladder

PRIOR_SHARE = 0.4


@dataclass(frozen=True)
class Selection:
    """The cells of a grid by their means; arrays (cells,).

    `winner` is the place of the best mean (−1: no cell has a figure), `interval` that of its mean, corrected
    for its having been picked. `may_be_best` are cells not shown to be beaten by another, `worse` those shown
    worse than the best mean of a look (and so than the best cell); what is in neither is "not the best" only.
    Cells that no look has tested are `untested`, and may be best. `look`: the seeds of the latest complete
    look (0: none), `picked_among`: the cells that it looked at, for which `interval` is corrected.
    """

    means: Floats
    winner: int
    interval: Interval
    may_be_best: Mask
    worse: Mask
    untested: Mask
    look: int
    picked_among: int = 0


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

    A cell cannot be the best where another's mean is significantly higher, one-sided. Multiple comparisons
    with the best (Hsu 1984) ask that at the look's level over cells − 1, so that *a* best cell is kept; but
    of 24 equally good ones some was then left out in 20 to 30 %, for each has a chance of its own. So all
    that are the best are kept: by Holm's steps (`leads.beaten`). "Worse than the best" is about the best mean
    and any other, of which neither was named beforehand, so its level is shared by all ordered pairs.
    Variances are moderated; three fifths of the level are kept back, for their prior need not fit (of 12
    cells at 3 seeds, log-normal, one was left out in 5.3 %, with half of the level in 6.0 %).
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
    spread = cell_variances(values, counts, lost, grain)
    means = means_of(values, lost, ready, spread.variance, spread.df)
    cells, winner = int(ready.sum()), int(np.argmax(means.mean))
    leader: Mask = np.arange(len(values)) == winner
    out = beaten(means, ready & state.may_be_best, PRIOR_SHARE * level)
    worse = beaten_by(means, leader, ready & ~leader, PRIOR_SHARE * level / (cells * (cells - 1)))
    return replace(
        state,
        winner=winner,
        interval=interval_of(means, winner, level / 2 / cells, level / 2),
        may_be_best=state.may_be_best & ~out,
        worse=(state.worse | worse) & ~leader,
        untested=state.untested & ~ready,
        look=seeds,
        picked_among=cells,
    )


def interval_of(means: Means, winner: int, below: float, above: float) -> Interval:
    """Return the interval of the winner's mean with these tails.

    If some of its runs diverged, its ends lie at least where the share of such runs puts them (t, symmetric,
    put the lower end of one lost in 20 too high).
    """
    mean, root, df = (float(a[winner]) for a in (means.mean, means.error**0.5, means.df))
    low, high = mean - float(t_quantile(below, df)) * root, mean + float(t_quantile(above, df)) * root
    lost, runs = int(means.lost[winner]), int(means.runs[winner])
    if 0 < lost < runs:
        swing = float(means.finished[winner]) - means.counted_as
        least, most = share_lost(lost, runs, above)[0], share_lost(lost, runs, below)[1]
        low = min(low, means.counted_as + (1 - most) * swing)
        high = max(high, means.counted_as + (1 - least) * swing)
    return Interval(mean, low, high, runs)


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
