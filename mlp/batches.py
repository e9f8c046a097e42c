"""Batches: rows of a data set, drawn in a given order, as the float arrays that a network takes."""

import math
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

AHEAD = 100
"""Rows that are taken at once where batches are smaller: 300 KB of float32, for one call in place of many."""


class Batch(NamedTuple):
    """Blocks of inputs, one-hot targets (batch, classes), both of them scratch, and labels (batch,).

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
        unused = x.shape[1] - self.extents
        self.unused = unused.astype(np.min_scalar_type(x.shape[1]))  # of 16 bits: sorted twice as fast
        self.cuts = [] if extents is None else _aligned(np.quantile(extents, SHARES))
        self.scale = np.asarray(scale, work.dtype)
        self.classes = np.arange(classes)[:, np.newaxis]
        self.work, self.stored = work, Workspace(x.dtype)

    def __len__(self) -> int:
        return len(self.x)

    def first(self, rows: int) -> "Batches":
        """Return the first so many rows, by themselves."""
        x, y, extents = self.x[:rows], self.y[:rows], self.extents[:rows]
        scale, classes = float(self.scale), len(self.classes)
        return Batches(x, y, scale=scale, classes=classes, work=self.work, extents=extents)

    def split(self, size: int, order: Array | None = None) -> Iterator[Batch]:
        """Yield batches of the next `size` rows in this order, each with its longest rows first.

        Without an order every row comes once, from the longest to the shortest.
        """
        for batches in self.chunks(size, order):
            yield from batches

    def chunks(
        self, size: int, order: Array | None = None, *, rows_at_once: int = AHEAD
    ) -> Iterator[list[Batch]]:
        """Yield the batches of `split`, as many together as have so many rows, at least one."""
        rows = self.longest_first if order is None else self._arranged(order, size)
        starts = list(range(0, len(rows), size))
        extents, labels = self.extents[rows], self.y[rows]
        columns = _aligned(np.maximum.reduceat(extents, starts))
        cuts = self.cuts if size >= SMALLEST else []
        beyond = [np.add.reduceat(extents > cut, starts, dtype=np.intp).tolist() for cut in cuts]
        steps = [[*zip(cuts, reach, strict=True)] for reach in zip(*beyond, strict=True)] or [[]] * len(
            starts
        )
        for first, last in _together(len(rows), size, max(1, rows_at_once // size)):
            here = slice(starts[first], starts[last - 1] + size)
            named = labels[here].reshape(last - first, -1)
            inputs, targets = self._take(rows[here], named, max(columns[first:last]))
            yield [
                Batch(_blocks(x[:, :end], blocks), t, label)
                for x, t, label, end, blocks in zip(
                    inputs, targets, named, columns[first:last], steps[first:last], strict=True
                )
            ]

    def _arranged(self, order: Array, size: int) -> Array:
        """Return the order with the longest rows of each batch of `size` first."""
        if not self.cuts:
            return order
        full = len(order) // size * size
        batches, rest = order[:full].reshape(-1, size), order[np.newaxis, full:]
        return np.concatenate([self._sorted(batches).ravel(), self._sorted(rest).ravel()])

    def _sorted(self, batches: Array) -> Array:
        """Return row numbers (batches, size), those of each batch from the longest row to the shortest."""
        places = np.argsort(self.unused[batches], axis=1, kind="stable")
        places += np.arange(len(batches))[:, np.newaxis] * batches.shape[1]
        return batches.take(places)  # from all of them, which is several times as fast as along the rows

    @cached_property
    def longest_first(self) -> Array:
        """The order in which every row comes once: by its length, the longest first."""
        return self._arranged(np.arange(len(self)), len(self))

    def _take(self, rows: Array, labels: Array, columns: int) -> tuple[Array, Array]:
        """Return inputs and targets, (batches, size, …) both, of whole batches; labels: (batches, size)."""
        features, (batches, size) = self.x.shape[1], labels.shape
        shape = (batches, size, min(columns, features))
        # "clip" because the default mode copies `out` first
        stored = self.x.take(rows, 0, self.stored("x", (len(rows), features)), "clip")
        targets = self.work("targets", (batches, len(self.classes), size))
        np.equal(labels[:, np.newaxis], self.classes, targets)
        inputs = self.work("inputs", (stored.size,))[: math.prod(shape)].reshape(shape)
        inputs[...] = stored.reshape(batches, size, features)[..., : shape[2]]
        np.multiply(inputs, self.scale, inputs)
        return inputs, targets.mT  # targets column-major, because losses like them so


def _together(rows: int, size: int, ahead: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the end of the batches that are taken at once; a shorter last one is by itself."""
    full = rows // size
    for first in range(0, full, ahead):
        yield first, min(first + ahead, full)
    if rows % size:
        yield full, full + 1


def _blocks(inputs: Array, steps: list[tuple[int, int]]) -> tuple[Array, ...]:
    """Cut inputs (batch, columns) into blocks; beyond each column of `steps` only so many rows go on."""
    if not steps:
        return (inputs,)
    blocks, start, (rows, columns) = [], 0, inputs.shape
    for cut, reach in steps:
        if cut < columns:
            blocks.append(inputs[:rows, start:cut])
            start, rows = cut, reach
    return (*blocks, inputs[:rows, start:])


def _aligned(columns: Array) -> list[int]:
    """Round numbers of columns up to multiples of ALIGNED."""
    aligned: list[int] = (-(-columns // ALIGNED) * ALIGNED).astype(int).tolist()
    return aligned


def shift_images(inputs: Array, by: int, *, rng: np.random.Generator) -> None:
    """Move each square image of inputs (batch, side²) by up to `by` pixels either way, in place.

    What comes in from outside the image is 0.
    """
    rows, side = len(inputs), int(np.sqrt(inputs.shape[1]))
    padded = np.pad(inputs.reshape(rows, side, side), ((0, 0), (by, by), (by, by)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    down, right = rng.integers(0, 2 * by + 1, (2, rows))
    inputs[...] = windows[np.arange(rows), down, right].reshape(rows, -1)
