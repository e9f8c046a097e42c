"""Losses on the distance between the raw outputs and the one-hot targets."""

from dataclasses import dataclass

import numpy as np
from numpy import add, multiply, subtract, vecdot

from mlp.losses.loss import Loss, scratch_like
from mlp.ranges import Positive
from mlp.workspace import Array, Workspace


@dataclass(frozen=True, kw_only=True)
class MSE(Loss):
    """Σ_k (z_k − t_k)²: the squared error on the raw outputs, summed (not averaged) over the classes."""

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = 2 (z_k − t_k)."""
        values = work("loss", (len(logits),))
        subtract(logits, targets, grad)
        vecdot(grad, grad, values)
        add(grad, grad, grad)
        return values


@dataclass(frozen=True, kw_only=True)
class Huber(Loss):
    """Σ_k h(z_k − t_k), where h(r) = r² / 2 up to |r| = δ and the tangent from there on (Huber 1964)."""

    delta: Positive = 1.0

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = c = r clipped to ±δ, and h = c (r − c / 2)."""
        residual = scratch_like(logits, "residual", work)
        half = scratch_like(logits, "half", work)
        values = work("loss", (len(logits),))
        subtract(logits, targets, residual)
        np.clip(residual, -self.delta, self.delta, out=grad)
        multiply(grad, 0.5, half)
        subtract(residual, half, residual)
        vecdot(grad, residual, values)
        return values
