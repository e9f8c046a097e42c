"""The best cells of a sweep: which mean is best, which cells may be best, which are shown worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from reports.analysis.counting import Counted, counted
from reports.analysis.groups import Groups
from reports.analysis.intervals import Floats, Integers, Mask
from reports.analysis.looks import Looks
from reports.analysis.matched import Matched, cells_of
from reports.analysis.selection import Selection, select_each
from reports.runs.results import Results

Standing = Literal["best", "may be best", "not the best", "worse", "never finished", "untested", ""]
TIE = 1e-12


@dataclass(frozen=True)
class Best:
    """The cells of one group (a data set, a panel) judged by one metric; arrays (cells,).

    `cells` are the cells' numbers in the whole sweep's `Results.cells`; `selection` is of them, in
    this order. `diverged`, `runs` (planned) and `finished` (with a figure) count its runs.
    """

    cells: Integers
    selection: Selection
    diverged: Integers
    runs: Integers
    finished: Integers
    use: Counted
    higher: bool = True

    @cached_property
    def leaders(self) -> list[int]:
        """The places of the best mean over all seeds; several if they share it, none if nothing finished."""
        means = self.selection.means
        return [int(place) for place in np.flatnonzero(ties(means, self.higher) & (self.finished > 0))]

    @cached_property
    def standing(self) -> list[Standing]:
        """What is shown of each cell. Without a look: nothing but which mean is best."""
        leaders = set(self.leaders)
        return [self.standing_of(place, place in leaders) for place in range(len(self.cells))]

    def standing_of(self, place: int, leads: bool) -> Standing:
        """Return what is shown of one cell; of one of which every run diverged, that nothing more is.

        With few seeds such a cell is not shown to be behind, for one that is as good loses all n runs where
        another loses none in up to 4⁻ⁿ. It is no candidate either: none of its runs could be used.
        """
        chosen = self.selection
        if not np.isfinite(chosen.means[place]):
            return ""
        if leads:
            return "best"
        if chosen.worse[place]:
            return "worse"
        if not chosen.may_be_best[place]:
            return "not the best"
        if self.runs[place] == self.diverged[place]:
            return "never finished"
        return "untested" if not chosen.look or chosen.untested[place] else "may be best"

    def count(self, standing: Standing) -> int:
        """Return how many cells stand so."""
        return self.standing.count(standing)


def ties(means: Floats, higher: bool) -> Mask:
    """Return which means are the best, to rounding."""
    if not np.isfinite(means).any():
        return np.zeros(len(means), dtype=bool)
    top = np.nanmax(means) if higher else np.nanmin(means)
    return np.asarray(np.abs(means - top) <= TIE * max(abs(float(top)), 1e-300))


@dataclass(frozen=True)
class Cells:
    """The cells of one data set by one metric: their numbers in the whole sweep, and their runs."""

    numbers: Integers
    use: Counted
    matched: Matched
    looks: Looks

    def best(self, groups: "pd.Series[int] | None" = None) -> list[Best]:
        """Judge the cells of each group; `groups` is on the numbers in the whole sweep (None: one group)."""
        known = np.zeros(len(self.numbers)) if groups is None else groups.reindex(self.numbers)
        numbers, distinct = pd.factorize(known)
        made, matched = Groups(numbers, len(distinct)), self.matched
        found = select_each(
            matched.counted[0],
            self.looks.steps,
            made,
            self.use.higher,
            matched.outstanding[0],
            matched.diverged[0],
            self.use.grain,
        )
        diverged, runs = (mask[0].sum(axis=1) for mask in (matched.diverged, matched.planned))
        finished = np.isfinite(matched.finished[0]).sum(axis=1)
        return [
            Best(self.numbers[c], one, diverged[c], runs[c], finished[c], self.use, self.use.higher)
            for one, (_, c) in zip(found, made.cells(), strict=True)
        ]


def cells_by(part: Results, name: str, looks: Looks, whole: Results | None = None) -> Cells | None:
    """Return the cells of one data set by a metric, numbered as in the `whole` sweep; None without runs."""
    use = counted(part, name)
    if use.runs.empty:
        return None
    matched = cells_of(
        use.runs, part.names, name, counting=use.counting, seeds=looks.order, higher=use.higher
    )
    cell = (whole or part).runs["cell"].reindex(use.runs.index)
    columns = [use.runs[factor] for factor in part.names]
    first = cell.groupby(columns, observed=True, dropna=False).first() if columns else cell.iloc[:1]
    return Cells(first.to_numpy().astype(np.intp), use, matched, looks)


def marks(groups: "pd.Series[int]", judged: Sequence[Cells]) -> "pd.Series[str]":
    """Return how each cell stands within its group; "" where the metric has no better end."""
    found: dict[int, str] = {}
    for cells in judged:
        for best in cells.best(groups) if cells.use.metric.better else ():
            found |= zip(best.cells.tolist(), best.standing, strict=True)
    return pd.Series([found.get(cell, "") for cell in groups.index], index=groups.index, dtype=object)


def leaders(groups: "pd.Series[int]", judged: Sequence[Cells]) -> "pd.Series[str]":
    """Return "best" for the best mean of each group and "" for the others, without testing anything."""
    found = pd.Series("", index=groups.index, dtype=object)
    for cells in judged:
        known, finished = (np.isfinite(a[0]) for a in (cells.matched.counted, cells.matched.finished))
        total = np.nansum(cells.matched.counted[0], axis=1)
        means = np.where(finished.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
        own = pd.Series(means if cells.use.higher else -means, index=cells.numbers)
        top = own.groupby(groups.reindex(own.index)).transform("max")
        found.loc[own.index[(own >= top - TIE * top.abs())].tolist()] = "best"
    return found
