"""Activations and losses of networks side by side: each network has its own, equal ones share a call."""

import itertools
from collections.abc import Callable, Sequence
from operator import is_
from typing import NamedTuple

import numpy as np

from mlp.activations import Activation
from mlp.losses import Loss
from mlp.losses.loss import bare
from mlp.workspace import Array, Workspace


class ActivationsAbreast(Activation):
    """One activation for each network; neighbours with equal ones are one array to it.

    All arrays are (networks, batch, width), in memory order. What an entry becomes does not depend on what
    stands beside it: activations look at no more than a row.
    """

    def __init__(self, activations: Sequence[Activation]) -> None:
        self.parts, end = list[tuple[slice, Activation]](), 0
        for activation, equals in itertools.groupby(activations):
            start, end = end, end + len(list(equals))
            self.parts.append((slice(start, end), activation))
        self.by_slope = all(type(part).backward is Activation.backward for _, part in self.parts)
        self._arrays: tuple[Array, ...] = ()
        self._calls: list[tuple[Activation, Array, Array, Array]] = []

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Write each network's f(z) and f'(z)."""
        arrays = (z, value, slope)
        if not self._arrays or not all(map(is_, arrays, self._arrays)):  # views take 0.5 µs each: made once
            self._arrays = arrays
            self._calls = [
                (activation, _rows(z[part]), _rows(value[part]), _rows(slope[part]))
                for part, activation in self.parts
            ]
        for activation, its_z, its_value, its_slope in self._calls:
            activation(its_z, its_value, its_slope, work)

    def backward(self, delta: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Turn each network's dL/df into its dL/dz."""
        if self.by_slope:
            super().backward(delta, value, slope, work)
            return
        for part, activation in self.parts:
            activation.backward(_rows(delta[part]), _rows(value[part]), _rows(slope[part]), work)


class Sorted(NamedTuple):
    """Scratch arrays in which networks stand in the order of their losses, and what goes where.

    A row is one class of one network (batch,). One take copies the rows of all: 1 µs, where a copy for each
    loss took 6 µs there and back.

    scores, targets, slopes: (networks · classes, batch); values: (networks, batch), by loss
    losses: values in the networks' own order
    parts: each loss as it is called; its part of scores, targets, slopes (networks · batch, classes), values
    rows, classes: the row of the logits, and of the targets, that each row comes from
    places, networks: the row that each network's slopes, and values, are found in
    """

    scores: Array
    targets: Array
    slopes: Array
    values: Array
    losses: Array
    parts: list[tuple[Callable[..., Array], Array, Array, Array, Array]]
    rows: Array
    classes: Array
    places: Array
    networks: Array


class LossesAbreast:
    """One loss for each network; those with equal ones are one long batch to it."""

    def __init__(self, losses: Sequence[Loss]) -> None:
        self.places: dict[Loss, list[int]] = {}
        for place, loss in enumerate(losses):
            self.places.setdefault(loss, []).append(place)
        self.networks = len(losses)

    def __call__(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """Return the losses (networks, batch) and write their gradients into grad.

        logits, grad: (networks, batch, classes), column-major each; targets: (batch, classes).
        NumPy's warnings are for the caller to turn off, see losses.loss.bare.
        """
        batch, classes = targets.shape
        by_loss = work.made(self._sorted, batch, classes)
        logits.mT.reshape(-1, batch).take(by_loss.rows, 0, by_loss.scores, "clip")
        targets.T.take(by_loss.classes, 0, by_loss.targets, "clip")
        for loss, x, t, g, values in by_loss.parts:
            np.copyto(values, loss(x, t, g, work, batch=batch))
        by_loss.slopes.take(by_loss.places, 0, grad.mT, "clip")
        by_loss.values.take(by_loss.networks, 0, by_loss.losses, "clip")
        return by_loss.losses

    def _sorted(self, work: Workspace, batch: int, classes: int) -> Sorted:
        """Return the arrays for batches of this size; the rows of a loss go class by class."""
        rows = np.concatenate([_rows_of(where, classes) for where in self.places.values()])
        scores, targets, slopes = (
            work(f"{name} by loss", (len(rows), batch)) for name in ("logits", "targets", "grad")
        )
        values, losses = (work(name, (self.networks, batch)) for name in ("losses by loss", "losses"))
        parts, end = [], 0
        for loss, where in self.places.items():
            start, end = end, end + len(where)
            x, t, g = (
                array[start * classes : end * classes].reshape(classes, -1).T
                for array in (scores, targets, slopes)
            )
            parts.append((bare(loss), x, t, g, values[start:end].reshape(-1)))
        places = np.argsort(rows).reshape(self.networks, classes)
        networks = np.argsort([place for where in self.places.values() for place in where])
        return Sorted(scores, targets, slopes, values, losses, parts, rows, rows % classes, places, networks)


def _rows_of(places: list[int], classes: int) -> Array:
    """Return the rows of these networks among those of all, class by class."""
    rows: Array = np.add.outer(np.arange(classes), classes * np.array(places)).ravel()
    return rows


def _rows(array: Array) -> Array:
    """Return (networks, batch, width) as (networks · batch, width)."""
    return array.reshape(-1, array.shape[-1])
