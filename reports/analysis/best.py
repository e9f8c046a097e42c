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
from reports.analysis.matched import Matched, blocks_of, cells_of, first_rows
from reports.analysis.selection import Selection, judge, select
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
        return np.flatnonzero(self._leads).tolist()

    @cached_property
    def standing(self) -> list[Standing]:
        """What is shown of each cell. Without a look: nothing but which mean is best."""
        chosen, never = self.selection, self.runs == self.diverged
        untested = chosen.untested | (chosen.look == 0)
        return standings(chosen.means, self._leads, chosen.worse, chosen.may_be_best, never, untested)

    @cached_property
    def _leads(self) -> Mask:
        one = Groups.one(len(self.cells))
        return ties(self.selection.means, self.higher, one) & (self.finished > 0)

    def count(self, standing: Standing) -> int:
        """Return how many cells stand so."""
        return self.standing.count(standing)


def standings(
    means: Floats, leads: Mask, worse: Mask, may_be_best: Mask, never: Mask, untested: Mask
) -> list[Standing]:
    """Return what is shown of each cell; of one of which every run diverged (`never`), that nothing more is.

    With few seeds such a cell is not shown to be behind, for one that is as good loses all n runs where
    another loses none in up to 4⁻ⁿ. It is no candidate either: none of its runs could be used.
    """
    cases: dict[Standing, Mask] = {
        "": ~np.isfinite(means),
        "best": leads,
        "worse": worse,
        "not the best": ~may_be_best,
        "never finished": never,
        "untested": untested,
    }
    found: list[Standing] = np.select(list(cases.values()), list(cases), "may be best").tolist()
    return found


def ties(means: Floats, higher: bool, groups: Groups) -> Mask:
    """Return which means are the best of their group, to rounding."""
    values = means if higher else -means
    top = np.full(groups.count, -np.inf)
    np.fmax.at(top, groups.of, values)
    best = np.abs(values - top[groups.of]) <= TIE * np.maximum(np.abs(top), 1e-300)[groups.of]
    return np.asarray(np.isfinite(means) & best)


@dataclass(frozen=True)
class Cells:
    """The cells of one data set by one metric: their numbers in the whole sweep, and their runs."""

    numbers: Integers
    use: Counted
    matched: Matched
    looks: Looks

    def best(self) -> Best:
        """Judge all cells as one group."""
        matched = self.matched
        chosen = select(
            matched.counted[0],
            self.looks.steps,
            higher=self.use.higher,
            outstanding=matched.outstanding[0],
            diverged=matched.diverged[0],
            grain=self.use.grain,
        )
        diverged, runs, finished = self._counts
        return Best(self.numbers, chosen, diverged, runs, finished, self.use, self.use.higher)

    def standing(self, groups: "pd.Series[int]") -> list[Standing]:
        """Return how each cell stands within its group; `groups` is on the numbers in the whole sweep."""
        numbers, distinct = pd.factorize(groups.reindex(self.numbers))
        made, matched = Groups(numbers, len(distinct)), self.matched
        values = matched.counted[0] if self.use.higher else -matched.counted[0]
        looked = (matched.outstanding[0], matched.diverged[0], self.use.grain)
        state = judge(values, self.looks.steps, made, *looked)
        diverged, runs, finished = self._counts
        leads = ties(state.means, True, made) & (finished > 0)
        untested = state.untested | (state.look == 0)[made.of]
        return standings(state.means, leads, state.worse, state.may_be_best, runs == diverged, untested)

    @cached_property
    def _counts(self) -> tuple[Integers, Integers, Integers]:
        """How many runs of each cell diverged, were planned, and finished."""
        matched = self.matched
        finished = np.isfinite(matched.finished[0]).sum(axis=1)
        return matched.diverged[0].sum(axis=1), matched.planned[0].sum(axis=1), finished


def cells_by(part: Results, name: str, looks: Looks, whole: Results | None = None) -> Cells | None:
    """Return the cells of one data set by a metric, numbered as in the `whole` sweep; None without runs."""
    use = counted(part, name)
    if use.runs.empty:
        return None
    matched = cells_of(
        use.runs, part.names, name, counting=use.counting, seeds=looks.order, higher=use.higher
    )
    cell = (whole or part).runs["cell"].reindex(use.runs.index).to_numpy(dtype=np.intp)
    return Cells(cell[first_rows(blocks_of(use.runs, part.names)[0])], use, matched, looks)


def marks(groups: "pd.Series[int]", judged: Sequence[Cells]) -> "pd.Series[str]":
    """Return how each cell stands within its group; "" where the metric has no better end."""
    found: dict[int, str] = {}
    for cells in judged:
        if cells.use.metric.better:
            found |= zip(cells.numbers.tolist(), cells.standing(groups), strict=True)
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
