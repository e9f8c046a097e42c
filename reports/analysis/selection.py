"""Which cells may be the best, which are not, and how good the one is that was picked for its mean."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.candidates import Candidates, look, never_finished, unlooked
from reports.analysis.contrasts import MIN_SEEDS
from reports.analysis.groups import Groups
from reports.analysis.intervals import Floats, Integers, Interval, Mask
from reports.analysis.sequential import Ladder


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
    one = Groups.one(len(values))
    return select_each(values, steps, one, higher, outstanding, diverged, grain)[0]


def select_each(
    values: Floats,
    steps: Ladder,
    groups: Groups,
    higher: bool = True,
    outstanding: Mask | None = None,
    diverged: Mask | None = None,
    grain: float = 0.0,
) -> list[Selection]:
    """Judge the cells of each group among themselves, as `select` does."""
    state = judge(values if higher else -values, steps, groups, outstanding, diverged, grain)
    return [selection(state, group, cells, higher) for group, cells in groups.cells()]


def judge(
    values: Floats,
    steps: Ladder,
    groups: Groups,
    outstanding: Mask | None = None,
    diverged: Mask | None = None,
    grain: float = 0.0,
) -> Candidates:
    """Return what all looks leave of the cells of each group, higher values better."""
    n, none = values.shape[1], np.zeros(values.shape, dtype=bool)
    waiting, lost = (none if mask is None else mask for mask in (outstanding, diverged))
    state = unlooked(values, groups)
    for seeds, level in zip(steps.looks, steps.levels, strict=True):
        if seeds > n:
            break
        ready = ~waiting[:, :seeds].any(axis=1) & (np.isfinite(values[:, :seeds]).sum(axis=1) >= MIN_SEEDS)
        finished = ready & ~never_finished(values[:, :seeds], lost[:, :seeds])
        # cells of which no run finished are compared with what did, not among themselves
        looked = (groups.total(ready) > 1) & (groups.total(finished) > 0)
        if looked.any():
            ready &= looked[groups.of]
            state = look(state, values[:, :seeds], ready, lost[:, :seeds], level, grain, seeds)
    return state


def selection(state: Candidates, group: int, cells: Integers, higher: bool) -> Selection:
    """Return what is known of the cells of one group."""
    mean, low, high = state.interval[:, group].tolist()
    ends = (mean, low, high) if higher else (-mean, -high, -low)
    return Selection(
        state.means[cells] if higher else -state.means[cells],
        int(np.searchsorted(cells, state.winner[group])) if state.n[group] else -1,
        Interval(*ends, int(state.n[group])),
        state.may_be_best[cells],
        state.worse[cells],
        state.untested[cells],
        int(state.look[group]),
        int(state.picked_among[group]),
    )
