"""Batches: rows of a data set, drawn in a given order, as the float arrays that a network takes."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mlp.workspace import Array, Workspace

ALIGNED = 16
"""Blocks end at a multiple of so many columns: one cache line of float32."""
SHARES = (0.4, 0.7, 0.92)
"""Shares of the examples that have ended where one block of columns gives way to the next."""
SMALLEST = 50
"""Batches of fewer rows stay in one block: more products would cost them more than fewer zeros save."""


class Batch(NamedTuple):
    """Blocks of inputs, one-hot targets (batch, classes) and labels (batch,): scratch, all of them.

    The blocks stand side by side; each covers the first so many rows of the batch, which are zero below.
    """

    inputs: tuple[Array, ...]
    targets: Array
    labels: Array


class Batches:
    """Examples x (n, features) with labels y (n,), given out as scaled inputs and one-hot targets.

    Inputs stay as they are stored (bytes that all processes share) until their batch is due. With `extents`
    (n,) given, row i is zero from column extents[i] on. Then each batch has its longest rows first, and comes
    in blocks like the steps of a staircase, so that what is zero need not be multiplied.
    """

    def __init__(
        self, x: Array, y: Array, *, scale: float, classes: int, work: Workspace, extents: Array | None = None
    ) -> None:
        self.x, self.y = x, y.astype(np.intp)
        self.extents = np.full(len(x), x.shape[1]) if extents is None else extents
        self.cuts = [] if extents is None else _aligned(np.quantile(extents, SHARES))
        self.scale = np.asarray(scale, work.dtype)
        self.classes = np.eye(classes, dtype=work.dtype)
        self.work, self.stored, self.labels = work, Workspace(x.dtype), Workspace(np.intp)

    def __len__(self) -> int:
        return len(self.x)

    def split(self, size: int, order: Array | None = None) -> Iterator[Batch]:
        """Yield batches of the next `size` rows in this order, each with its longest rows first.

        Without an order every row comes once, from the longest to the shortest.
        """
        rows = self.longest_first if order is None else self._arranged(order, size)
        starts = list(range(0, len(rows), size))
        extents = self.extents[rows]
        columns = _aligned(np.maximum.reduceat(extents, starts))
        cuts = self.cuts if size >= SMALLEST else []
        beyond = [np.add.reduceat(extents > cut, starts, dtype=np.intp).tolist() for cut in cuts]
        for number, start in enumerate(starts):
            steps = [(cut, reach[number]) for cut, reach in zip(cuts, beyond, strict=True)]
            yield self._take(rows[start : start + size], columns[number], steps)

    def _arranged(self, order: Array, size: int) -> Array:
        """Return the order with the longest rows of each batch of `size` first.

        The sort is lexicographic, by batch, zeros at the row's end, place in the batch. These are the digits
        of one integer: there are features + 1 different numbers of zeros, since a row may be zero throughout.
        """
        if not self.cuts:
            return order
        batch, place = np.divmod(np.arange(len(order)), size)
        features = self.x.shape[1]
        zeros = features - self.extents[order]
        return order[np.argsort((batch * (features + 1) + zeros) * size + place)]

    @cached_property
    def longest_first(self) -> Array:
        """The order in which every row comes once: by its length, the longest first."""
        return self._arranged(np.arange(len(self)), len(self))

    def _take(self, rows: Array, columns: int, steps: list[tuple[int, int]]) -> Batch:
        batch, features, classes = len(rows), self.x.shape[1], len(self.classes)
        # "clip" because the default mode copies `out` first; column-major targets because losses like them
        stored = self.x.take(rows, 0, self.stored("x", (batch, features)), "clip")
        labels = self.y.take(rows, 0, self.labels("y", (batch,)), "clip")
        targets = self.classes.take(labels, 1, self.work("targets", (classes, batch)), "clip").T
        columns = min(columns, features)
        inputs = self.work("inputs", (stored.size,))[: batch * columns].reshape(batch, columns)
        inputs[...] = stored[:, :columns]
        inputs *= self.scale
        return Batch(_blocks(inputs, steps), targets, labels)


def _blocks(inputs: Array, steps: list[tuple[int, int]]) -> tuple[Array, ...]:
    """Cut inputs (batch, columns) into blocks; beyond each column of `steps` only so many rows go on."""
    blocks, start, (rows, columns) = [], 0, inputs.shape
    for cut, reach in steps:
        if cut < columns:
            blocks.append(inputs[:rows, start:cut])
            start, rows = cut, reach
    return (*blocks, inputs[:rows, start:])


def _aligned(columns: Array) -> list[int]:
    """Round numbers of columns up to multiples of ALIGNED."""
    return [int(-(-column // ALIGNED)) * ALIGNED for column in columns.tolist()]


def shift_images(inputs: Array, by: int, *, rng: np.random.Generator) -> None:
    """Move each square image of inputs (batch, side²) by up to `by` pixels either way, in place.

    What comes in from outside the image is 0.
    """
    rows, side = len(inputs), int(np.sqrt(inputs.shape[1]))
    padded = np.pad(inputs.reshape(rows, side, side), ((0, 0), (by, by), (by, by)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    down, right = rng.integers(0, 2 * by + 1, (2, rows))
    inputs[...] = windows[np.arange(rows), down, right].reshape(rows, -1)
