"""What became of runs, and what each outcome counts as."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

import pandas as pd

from sweeps.records.schema import ENDED_BADLY, PENDING

DONE, DIVERGED = "done", "diverged"
OUTSTANDING = tuple(state for state in PENDING if state not in ENDED_BADLY)  # still to come; all else ended


@dataclass(frozen=True)
class Counting:
    """What a run without a figure counts as.

    `diverged`: of a classifier, chance: the accuracy of always naming the largest class, for that is what
    replaces a network of no use; None: as the worst figure of any finished run. `unreached`: a finished run
    that did not get there (epochs to a target): the longest that it could have been seen to take, so that
    the mean is the restricted mean (Royston and Parmar 2013); None: such a run is left out.
    """

    diverged: float | None = None
    unreached: float | None = None


def majority_accuracy(class_counts: Sequence[int]) -> float:
    """Return the test accuracy of always naming the largest class of the test set."""
    return max(class_counts) / sum(class_counts)


def seeds_in_order(history: Sequence[Collection[Hashable]]) -> tuple[tuple[Hashable, ...], int | None]:
    """Return the seeds in the order first planned, and how many the first plan had, from each plan's seeds.

    `history` has the seeds that each command planned, oldest first, as `sweep.json` keeps them; without any,
    nothing is known: no seeds and None.
    """
    order = tuple(dict.fromkeys(seed for plan in history for seed in plan))
    return order, len(dict.fromkeys(history[0])) if history else None


def cannot_exclude(runs: int, alpha: float = 0.05) -> float:
    """Return the largest share of failures under which so many runs without one have probability alpha.

    1 − α^(1/n), the exact one-sided bound (Clopper and Pearson 1934; "rule of three", Hanley and
    Lippman-Hand 1983): 45 % after 5 runs, 14 % after 20.
    """
    return float(1 - alpha ** (1 / runs)) if runs else 1.0


def within_reach(
    runs: pd.DataFrame, cell: Sequence[str], metric: str = "test_accuracy", distance: float = 0.05
) -> "pd.Series[bool]":
    """Return which runs belong to a cell whose mean is within `distance` of the best cell's.

    Only those are compared in how soon they converge: what stays at chance is there from the first epoch.
    `cell` are the columns that tell cells apart; higher is better; a diverged run's cell is judged by its
    finished runs. Of a cell without any outcome nobody knows how far it is: it is within.
    """
    done = runs[metric].where(runs["status"] == DONE)
    if not cell:
        return pd.Series(bool(done.notna().any()), index=runs.index)
    by = [runs[name] for name in cell]
    means = done.groupby(by, observed=True, dropna=False).transform("mean")
    lost = (runs["status"] == DIVERGED).groupby(by, observed=True, dropna=False).transform("any")
    return pd.Series((means >= means.max() - distance) | (means.isna() & ~lost), index=runs.index)
