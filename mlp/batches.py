"""Batches: rows of a data set, drawn in a given order, as the float arrays that a network takes."""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mlp.losses import one_hot
from mlp.workspace import Array, Workspace

ALIGNED = 16
"""Batches are cut to a multiple of so many columns: one cache line of float32."""


class Batches:
    """Examples x (n, features) with labels y (n,), given out as scaled inputs and one-hot targets.

    Inputs stay as they are stored (bytes that all processes share) until their batch is due. With `extents`
    (n,) given, row i is zero from column extents[i] on, and a batch is cut where all of its rows are.
    """

    def __init__(
        self, x: Array, y: Array, *, scale: float, classes: int, work: Workspace, extents: Array | None = None
    ) -> None:
        self.x, self.extents = x, extents
        self.scale = np.asarray(scale, work.dtype)
        self.targets = one_hot(y, classes, work.dtype)
        self.work, self.stored = work, Workspace(x.dtype)

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: Array) -> tuple[Array, Array]:
        """Return inputs (batch, columns) and targets (batch, classes) of these rows, in scratch arrays."""
        stored = _gather(self.x, rows, self.stored)
        batch, columns = stored.shape
        if self.extents is not None:
            columns = min(columns, -(-int(self.extents[rows].max()) // ALIGNED) * ALIGNED)
        inputs = self.work("inputs", (stored.size,))[: batch * columns].reshape(batch, columns)
        inputs[...] = stored[:, :columns]
        inputs *= self.scale
        return inputs, _gather(self.targets, rows, self.work)

    def split(self, size: int, order: Array | None = None) -> Iterator[tuple[Array, Array]]:
        """Yield batches of `size` rows in this order (file order by default); the last may be smaller."""
        rows = np.arange(len(self)) if order is None else order
        for start in range(0, len(rows), size):
            yield self.take(rows[start : start + size])


def shift_images(inputs: Array, by: int, *, rng: np.random.Generator) -> None:
    """Move each square image of inputs (batch, side²) by up to `by` pixels either way, in place.

    What comes in from outside the image is 0.
    """
    rows, side = len(inputs), int(np.sqrt(inputs.shape[1]))
    padded = np.pad(inputs.reshape(rows, side, side), ((0, 0), (by, by), (by, by)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))
    down, right = rng.integers(0, 2 * by + 1, (2, rows))
    inputs[...] = windows[np.arange(rows), down, right].reshape(rows, -1)


def _gather(array: Array, rows: Array, work: Workspace) -> Array:
    out = work("gathered", (len(rows), array.shape[1]))
    return array.take(rows, axis=0, out=out, mode="clip")  # the default mode would copy `out` first
