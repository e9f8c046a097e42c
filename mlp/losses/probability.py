"""Losses on class probabilities, p = softmax(z).

All of them go through log p_k = z_k − log Σ_j e^{z_j}, with the row maximum taken off first: no logit can
make them overflow, and no probability needs an epsilon. Their gradients come from ∂ log p_y/∂z_k = t_k − p_k.
"""

from dataclasses import dataclass

import numpy as np

from mlp.losses.loss import Loss, scratch_like
from mlp.ranges import BelowOne, NotNegative, UnitInterval
from mlp.special import softmax
from mlp.workspace import Array, Workspace


@dataclass(frozen=True, kw_only=True)
class SoftmaxCE(Loss):
    """−Σ_k t̃_k log p_k, the cross-entropy, with t̃ = (1 − s) t + s / classes for a label smoothing s.

    Label smoothing: Szegedy et al. 2016.
    """

    label_smoothing: BelowOne = 0.0

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = p_k − t̃_k."""
        return cross_entropy(logits, smoothed(targets, self.label_smoothing, work), grad, work)


@dataclass(frozen=True, kw_only=True)
class Focal(Loss):
    """−α (1 − p_y)^γ log p_y (Lin et al. 2017): examples that are already right count for little."""

    alpha: UnitInterval = 0.1
    gamma: NotNegative = 2.0

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = α q^γ (1 + γ p ℓ / q) (p_k − t_k), where p = p_y, q = 1 − p and ℓ = −log p.

        This is the gradient of ℓ times the derivative of q^γ ℓ in ℓ. q = −expm1(−ℓ) is exact near p = 1,
        where ℓ / q tends to 1; the floor under q keeps 0/0 out.
        """
        values = cross_entropy(logits, targets, grad, work)  # ℓ, and p_k − t_k in grad
        p, q, focus = (work(name, values.shape) for name in ("p", "q", "focus"))
        np.negative(values, out=p)
        np.expm1(p, out=q)
        np.negative(q, out=q)
        np.exp(p, out=p)
        np.power(q, self.gamma, out=focus)
        np.multiply(focus, self.alpha, out=focus)

        np.multiply(p, values, out=p)
        np.maximum(q, np.finfo(q.dtype).tiny, out=q)
        np.divide(p, q, out=p)
        np.multiply(p, self.gamma, out=p)
        np.add(p, 1.0, out=p)
        np.multiply(p, focus, out=p)
        np.multiply(grad, p[:, None], out=grad)
        return np.multiply(values, focus, out=values)


def smoothed(targets: Array, smoothing: float, work: Workspace) -> Array:
    """Return (1 − smoothing) t + smoothing / classes, the targets themselves if there is none to do."""
    if smoothing == 0.0:
        return targets
    soft = scratch_like(targets, "soft", work)
    np.multiply(targets, 1.0 - smoothing, out=soft)
    np.add(soft, smoothing / soft.shape[1], out=soft)
    return soft


def cross_entropy(logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
    """Return −Σ_k t_k log p_k (batch,) and write p − t into grad; the rows of targets add up to 1."""
    shifted = scratch_like(logits, "shifted", work)
    values = work("loss", (len(logits),))
    log_norm = softmax(logits, shifted, grad, work)
    np.vecdot(shifted, targets, out=values)
    np.subtract(log_norm[:, 0], values, out=values)
    np.subtract(grad, targets, out=grad)
    return values
