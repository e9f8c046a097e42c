"""Maxout: not a function of one number but of several, so its layer brings parameters of its own."""

from dataclasses import dataclass

from numpy import add, divide, equal, maximum

from mlp.activations.activation import Activation
from mlp.ranges import Count
from mlp.workspace import Array, Workspace


@dataclass(frozen=True)
class Maxout(Activation):
    """f(z_1, …, z_k) = max_j z_j over k linear maps of the layer's output (Goodfellow et al. 2013)."""

    pieces: Count = 2

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope ∂f/∂z_j = 1 for the largest piece, else 0; pieces that tie share it.

        z, slope: (pieces, batch, width); value: (batch, width). backward takes dL/df once for each piece.
        """
        ties = work("ties", value.shape)
        maximum.reduce(z, axis=0, out=value)
        equal(z, value, slope)
        add.reduce(slope, axis=0, out=ties)
        divide(slope, ties, slope)
