"""What the steps of an epoch add up to: losses, right answers, and where they stopped being finite."""

import math

import numpy as np

from mlp.workspace import Array

EXAMPLES = 3200
"""Examples, over all networks, whose logits wait to be looked at together: 128 KB of float32 for 10 classes.

More of them would not fit the second cache beside the parameters.
"""


class Tally:
    """Sums over an epoch's batches, for one network or for several side by side.

    networks: () or (n,), the shape of every figure
    loss: the sum of the examples' losses; correct: how many were given their class
    diverged, infinite: the first step, counted from 1, whose loss, or an output of which, was not finite; 0
        if there is none

    All are up to date only after `count`, which now and then happens by itself.
    """

    def __init__(self, networks: tuple[int, ...]) -> None:
        self.loss = np.zeros(networks)
        self.correct, self.diverged, self.infinite = (np.zeros(networks, np.intp) for _ in range(3))
        self.steps = self.waiting = 0
        self.all_diverged = False
        self.values, self.logits, self.labels = (np.empty((0, 0)) for _ in range(3))
        self.places = np.empty((0, 0), np.intp)
        self.by_class = (-1, *range(len(networks) + 1))  # the axes of logits, the classes first

    def add(self, values: Array, logits: Array, labels: Array) -> None:
        """Take in a batch: values (networks, batch), logits (networks, batch, classes), labels (batch,)."""
        by_class, waiting = logits.transpose(self.by_class), self.waiting
        if waiting == len(self.values) or values.shape[-1] != self.values.shape[-1]:
            self.count()
            waiting, size = 0, max(1, EXAMPLES // values.size)
            self.values = np.empty((size, *values.shape), values.dtype)
            self.logits = np.empty((len(by_class), size, *values.shape), logits.dtype)
            self.labels = np.empty((size, *[1] * self.loss.ndim, len(labels)), labels.dtype)
            self.places = np.arange(self.values.size).reshape(self.values.shape)
        self.values[waiting] = values
        self.logits[:, waiting] = by_class
        self.labels[waiting] = labels
        self.waiting = waiting + 1

    def count(self) -> None:
        """Add what waits to the sums, one step after the other."""
        if not self.waiting:
            return
        logits = self.logits[:, : self.waiting]
        # For 6 batches of 16 networks all this took 100 µs, calls that the caches have forgotten. It takes 60
        # since a single product tells whether all outputs are finite, and a comparison which are largest.
        finite = math.isfinite(np.vdot(logits, logits))
        right = self._right(logits, finite=finite)
        self.correct += np.add.reduce(right, axis=(0, -1), dtype=np.intp)
        sums = np.add.reduce(self.values[: self.waiting], axis=-1)
        self.loss = np.add.accumulate(np.concatenate([self.loss[np.newaxis], sums]))[-1]
        if not (finite and np.isfinite(self.loss).all()):
            self._diverge(logits, sums)
        self.steps += self.waiting
        self.waiting = 0

    def _right(self, logits: Array, *, finite: bool) -> Array:
        """Tell which answers are right (steps, …, batch): whether the first largest score is of the label."""
        labels, largest = self.labels[: self.waiting], logits == np.maximum.reduce(logits, axis=0)
        examples = largest[0].size
        if not finite or np.count_nonzero(largest) != examples:  # ties
            return np.asarray(first_largest(logits) == labels)
        right: Array = largest.ravel().take(labels * examples + self.places[: self.waiting])
        return right

    def _diverge(self, logits: Array, sums: Array) -> None:
        """Note which losses (steps, …) and outputs are the first that are not finite, if any is."""
        self.diverged = self._first(self.diverged, np.isfinite(sums))
        self.infinite = self._first(self.infinite, np.asarray(np.isfinite(logits).all(axis=0).all(axis=-1)))
        self.all_diverged = bool(self.diverged.all())

    def _first(self, known: Array, finite: Array) -> Array:
        """Return the first steps so far that were not finite, given which of the latest were (steps, …)."""
        newly = (known == 0) & ~finite.all(axis=0)
        return np.where(newly, self.steps + 1 + finite.argmin(axis=0), known)


def first_largest(scores: Array) -> Array:
    """Return what scores.argmax(axis=0) returns for finite scores (classes, …), several times as fast.

    With few rows that are long it pays to go through them as wholes: argmax takes the columns one by one, and
    decides for each number, 30 ns an example of 10 classes where this takes 6.
    """
    classes = len(scores)
    from_last = np.arange(classes, 0, -1, dtype=np.int32).reshape(-1, *[1] * (scores.ndim - 1))
    largest = scores == np.maximum.reduce(scores, axis=0)
    first: Array = classes - np.maximum.reduce(largest * from_last, axis=0)
    return first
