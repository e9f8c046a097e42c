"""Activations and losses of networks side by side: each network has its own, equal ones share a call."""

import itertools
from collections.abc import Sequence

import numpy as np

from mlp.activations import Activation
from mlp.losses import Loss
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

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Write each network's f(z) and f'(z)."""
        for part, activation in self.parts:
            activation(_rows(z[part]), _rows(value[part]), _rows(slope[part]), work)

    def backward(self, delta: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Turn each network's dL/df into its dL/dz."""
        if self.by_slope:
            super().backward(delta, value, slope, work)
            return
        for part, activation in self.parts:
            activation.backward(_rows(delta[part]), _rows(value[part]), _rows(slope[part]), work)


class LossesAbreast:
    """One loss for each network; those with equal ones are one long batch to it."""

    def __init__(self, losses: Sequence[Loss]) -> None:
        places: dict[Loss, list[int]] = {}
        for place, loss in enumerate(losses):
            places.setdefault(loss, []).append(place)
        self.parts = [(loss, len(where), _compact(where)) for loss, where in places.items()]
        self.networks = len(losses)

    def __call__(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """Return the losses (networks, batch) and write their gradients into grad.

        logits, grad: (networks, batch, classes), column-major each; targets: (batch, classes).
        """
        batch, classes = targets.shape
        losses = work("losses", (self.networks, batch))
        for loss, size, places in self.parts:
            scores, wanted, slopes = (
                work(f"{name} of a loss", (classes, size, batch)) for name in ("logits", "targets", "grad")
            )
            np.copyto(scores, logits.mT[places].swapaxes(0, 1))
            np.copyto(wanted, targets.T[:, np.newaxis])
            x, t, g = (array.reshape(classes, -1).T for array in (scores, wanted, slopes))
            losses[places] = loss(x, t, g, work, batch=batch).reshape(size, batch)
            grad.mT[places] = slopes.swapaxes(0, 1)
        return losses


def _rows(array: Array) -> Array:
    """Return (networks, batch, width) as (networks · batch, width)."""
    return array.reshape(-1, array.shape[-1])


def _compact(places: list[int]) -> slice | list[int]:
    """Return neighbouring places as a slice, which takes a view."""
    first, last = places[0], places[-1]
    return slice(first, last + 1) if last - first + 1 == len(places) else places
