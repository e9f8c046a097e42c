"""How good the best of so many trials is, and how options rank by that at each number of trials.

Comparisons at one budget of tuning can turn round at another (Dodge et al. 2019), so all are shown. What the
first trials happened to be says nothing, so the trials are put in many random orders, the same for all
combinations, whose trials try the same values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.analysis.intervals import Floats, Mask

ORDERS = 1000
COVERED = 0.95


@dataclass(frozen=True)
class BestSoFar:
    """The best figure after 1, 2, … trials, a mean over combinations, arrays (trials,).

    `mean` is over the orders of the trials; between `low` and `high` are 95 % of them.
    """

    mean: Floats
    low: Floats
    high: Floats


def running_best(figures: Floats, higher: bool = True) -> Floats:
    """Return the best of the first trials in many random orders, (orders, combinations, trials).

    `figures` is (combinations, trials). The orders come from a fixed seed.
    """
    rng = np.random.default_rng(0)
    orders = np.argsort(rng.random((ORDERS, figures.shape[1])), axis=1)
    drawn = np.moveaxis(figures[:, orders], 0, 1)
    return np.asarray((np.maximum if higher else np.minimum).accumulate(drawn, axis=2))


def best_so_far(best: Floats, which: Mask) -> BestSoFar:
    """Return the curve of the combinations in `which`, of what `running_best` returned."""
    curves = best[:, which].mean(axis=1)
    tail = (1 - COVERED) / 2
    low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    return BestSoFar(curves.mean(axis=0), low, high)


def ranking(curves: Sequence[BestSoFar], trials: int, higher: bool = True) -> list[int]:
    """Return the places of options in the order of their best after so many trials (from 1)."""
    sign = -1 if higher else 1
    return sorted(range(len(curves)), key=lambda place: sign * float(curves[place].mean[trials - 1]))


def stable_from(curves: Sequence[BestSoFar], higher: bool = True) -> int:
    """Return the number of trials from which on the order of options is that after all of them."""
    most = len(curves[0].mean)
    last = ranking(curves, most, higher)
    changed = [n for n in range(1, most + 1) if ranking(curves, n, higher) != last]
    return changed[-1] + 1 if changed else 1


def sensitivity(figures: Floats, which: Mask, within: float) -> float:
    """Return the share of the trials of some combinations that come within so much of the best of theirs."""
    own = figures[which]
    return float((own >= own.max(axis=1, keepdims=True) - within).mean())
