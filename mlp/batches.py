"""Batches: rows of a data set, drawn in a given order, as the float arrays that a network takes."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mlp.workspace import Array, Workspace

ALIGNED = 16
"""Batches are cut to a multiple of so many columns: one cache line of float32."""


class Batch(NamedTuple):
    """Inputs (batch, columns), one-hot targets (batch, classes) and labels (batch,): scratch, all three."""

    inputs: Array
    targets: Array
    labels: Array


class Batches:
    """Examples x (n, features) with labels y (n,), given out as scaled inputs and one-hot targets.

    Inputs stay as they are stored (bytes that all processes share) until their batch is due. With `extents`
    (n,) given, row i is zero from column extents[i] on, and a batch is cut where all of its rows are.
    """

    def __init__(
        self, x: Array, y: Array, *, scale: float, classes: int, work: Workspace, extents: Array | None = None
    ) -> None:
        self.x, self.y, self.extents = x, y.astype(np.intp), extents
        self.scale = np.asarray(scale, work.dtype)
        self.classes = np.eye(classes, dtype=work.dtype)
        self.work, self.stored, self.labels = work, Workspace(x.dtype), Workspace(np.intp)

    def __len__(self) -> int:
        return len(self.x)

    def split(self, size: int, order: Array | None = None) -> Iterator[Batch]:
        """Yield batches of `size` rows in this order (file order by default); the last may be smaller."""
        rows = np.arange(len(self)) if order is None else order
        starts = range(0, len(rows), size)
        for start, columns in zip(starts, self._columns(rows, starts), strict=True):
            yield self._take(rows[start : start + size], columns)

    def _columns(self, rows: Array, starts: range) -> list[int]:
        """Return how many columns each batch needs: what its longest row does, rounded up."""
        features = self.x.shape[1]
        if self.extents is None:
            return [features] * len(starts)
        longest = np.maximum.reduceat(self.extents[rows], list(starts))
        return [min(features, -(-extent // ALIGNED) * ALIGNED) for extent in longest.tolist()]

    def _take(self, rows: Array, columns: int) -> Batch:
        batch, classes = len(rows), len(self.classes)
        # "clip" because the default mode copies `out` first; column-major targets because losses like them
        stored = self.x.take(rows, 0, self.stored("x", (batch, self.x.shape[1])), "clip")
        labels = self.y.take(rows, 0, self.labels("y", (batch,)), "clip")
        targets = self.classes.take(labels, 1, self.work("targets", (classes, batch)), "clip").T
        inputs = self.work("inputs", (stored.size,))[: batch * columns].reshape(batch, columns)
        inputs[...] = stored[:, :columns]
        inputs *= self.scale
        return Batch(inputs, targets, labels)


def shift_images(inputs: Array, by: int, *, rng: np.random.Generator) -> None:
    """Move each square image of inputs (batch, side²) by up to `by` pixels either way, in place.

    What comes in from outside the image is 0.
    """
    rows, side = len(inputs), int(np.sqrt(inputs.shape[1]))
    padded = np.pad(inputs.reshape(rows, side, side), ((0, 0), (by, by), (by, by)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    down, right = rng.integers(0, 2 * by + 1, (2, rows))
    inputs[...] = windows[np.arange(rows), down, right].reshape(rows, -1)
