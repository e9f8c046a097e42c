"""Cells in groups that are judged apart, all at once: a table has hundreds of panels of a few cells each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reports.analysis.intervals import Floats, Integers, Mask


@dataclass(frozen=True)
class Ranked:
    """Cells by group and, within each, the largest value first: the `cells` of a group begin at `start`."""

    cells: Integers
    start: Integers
    size: Integers

    @property
    def first(self) -> Integers:
        """The first cell of each group, (groups,): −1 where it has none."""
        found = np.full(len(self.start), -1, dtype=np.intp)
        some = self.size > 0
        found[some] = self.cells[self.start[some]]
        return found

    def places(self, group: Integers, ranks: Integers) -> Integers:
        """Return the cells of these ranks in these groups; a rank that a group does not have is its last."""
        return self.cells[self.start[group] + np.minimum(ranks, self.size[group] - 1)]


@dataclass(frozen=True)
class Groups:
    """The group of each cell, `of` (cells,): numbers from 0 to `count` − 1."""

    of: Integers
    count: int

    @classmethod
    def one(cls, cells: int) -> "Groups":
        """Return so many cells as one group."""
        return cls(np.zeros(cells, dtype=np.intp), 1)

    def total(self, which: Mask) -> Integers:
        """Return how many of these cells each group has, (groups,)."""
        return np.bincount(self.of[which], minlength=self.count)

    def ranked(self, which: Mask, values: Floats) -> Ranked:
        """Return these cells by group, the largest value first, equal ones as they come."""
        cells = np.flatnonzero(which)
        size = self.total(which)
        order = np.lexsort((-values[cells], self.of[cells]))
        return Ranked(cells[order], np.cumsum(size) - size, size)

    def cells(self, some: Mask | None = None) -> Iterator[tuple[int, Integers]]:
        """Yield each group, or each of `some` (groups,), with the places of its cells."""
        order, size = np.argsort(self.of, kind="stable"), np.bincount(self.of, minlength=self.count)
        ends = np.cumsum(size).tolist()
        for group in range(self.count) if some is None else np.flatnonzero(some).tolist():
            yield group, order[ends[group] - size[group] : ends[group]]
