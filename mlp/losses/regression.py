"""Losses on the distance between the raw outputs and the one-hot targets."""

from dataclasses import dataclass

import numpy as np

from mlp.losses.loss import Loss
from mlp.workspace import Array, Workspace


@dataclass(frozen=True, kw_only=True)
class MSE(Loss):
    """Σ_k (z_k − t_k)²: the squared error on the raw outputs, summed (not averaged) over the classes."""

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = 2 (z_k − t_k)."""
        values = work("loss", (len(logits),))
        np.subtract(logits, targets, out=grad)
        np.vecdot(grad, grad, out=values)
        np.add(grad, grad, out=grad)
        return values
