"""Losses on class probabilities, p = softmax(z).

All of them go through log p_k = z_k − log Σ_j e^{z_j}, with the row maximum taken off first: no logit can
make them overflow, and no probability needs an epsilon. Their gradients come from ∂ log p_y/∂z_k = t_k − p_k.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Annotated

import numpy as np
from numpy import add, divide, exp, expm1, matmul, maximum, multiply, negative, power, subtract, vecdot

from mlp.losses.loss import Loss, scratch, scratch_like
from mlp.ranges import BelowOne, NotNegative, Range, is_number
from mlp.special import sigmoid, softmax_scratch, softmax_unguarded, softplus
from mlp.workspace import Array, Workspace


def in_unit_interval(alpha: object) -> bool:
    """Tell whether alpha is a number in [0, 1], or a tuple of such numbers."""
    entries = alpha if isinstance(alpha, tuple) else (alpha,)
    return all(is_number(entry) and 0 <= entry <= 1 for entry in entries)


Alpha = Annotated[
    float | Sequence[float], Range("a number in [0, 1], or a list of one for each class", in_unit_interval)
]


@dataclass(frozen=True, kw_only=True)
class SoftmaxCE(Loss):
    """−Σ_k t̃_k log p_k, the cross-entropy, with t̃ = (1 − s) t + s / classes for a label smoothing s.

    Label smoothing: Szegedy et al. 2016.
    """

    clips = True
    label_smoothing: BelowOne = 0.0

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = p_k − t̃_k."""
        return cross_entropy(logits, smoothed(targets, self.label_smoothing, work), grad, work)


@dataclass(frozen=True, kw_only=True)
class NLL(Loss):
    """−log p_y, the negative log-likelihood; it brings the log-softmax output that it needs with it.

    On raw outputs alone, −z_y has no lower bound. So this is softmax_ce without label smoothing, under the
    name that other libraries give to the second half of it.
    """

    clips = True

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = p_k − t_k."""
        return cross_entropy(logits, targets, grad, work)


@dataclass(frozen=True, kw_only=True)
class KLDiv(Loss):
    """Σ_k t̃_k (log t̃_k − log p_k), the divergence KL(t̃ ‖ p) (Kullback & Leibler 1951).

    t̃ = (1 − s) t + s / classes for a smoothing s. The difference to the cross-entropy is the entropy of t̃,
    which is the same for every example.
    """

    clips = True
    smoothing: BelowOne = 0.0

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = p_k − t̃_k."""
        values = cross_entropy(logits, smoothed(targets, self.smoothing, work), grad, work)
        subtract(values, self.entropy(logits.shape[1]), values)
        maximum(values, 0.0, out=values)  # a divergence of 0 may round below
        return values

    def entropy(self, classes: int) -> float:
        """Return −Σ_k t̃_k log t̃_k."""
        wrong = self.smoothing / classes
        right = 1.0 - self.smoothing + wrong
        return -right * log(right) - ((classes - 1) * wrong * log(wrong) if wrong else 0.0)


@dataclass(frozen=True, kw_only=True)
class Focal(Loss):
    """−α (1 − p_y)^γ log p_y (Lin et al. 2017): examples that are already right count for little.

    alpha: one number for all examples, or one for each class, which counts for the examples of that class
    """

    clips = True
    alpha: Alpha = 0.1
    gamma: NotNegative = 2.0

    def __post_init__(self) -> None:
        if isinstance(self.alpha, list):
            object.__setattr__(self, "alpha", tuple(self.alpha))
        super().__post_init__()

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = α q^γ (1 + γ p ℓ / q) (p_k − t_k), where p = p_y, q = 1 − p and ℓ = −log p.

        This is the gradient of ℓ times the derivative of q^γ ℓ in ℓ. q = −expm1(−ℓ) is exact near p = 1,
        where ℓ / q tends to 1; the floor under q keeps 0/0 out.
        """
        values = cross_entropy(logits, targets, grad, work)  # ℓ, and p_k − t_k in grad
        p, column, q, focus, one, gamma, tiny = work.made(_focal_scratch, len(values), self.gamma)
        negative(values, p)
        expm1(p, q)
        negative(q, q)
        exp(p, p)
        power(q, gamma, focus)
        multiply(focus, self.weight(targets, work), focus)

        multiply(p, values, p)
        maximum(q, tiny, out=q)
        divide(p, q, p)
        multiply(p, gamma, p)
        add(p, one, p)
        multiply(p, focus, p)
        multiply(grad, column, grad)
        multiply(values, focus, values)
        return values

    def weight(self, targets: Array, work: Workspace) -> Array:
        """Return alpha: as it is, or that of each example's true class (batch,)."""
        if isinstance(self.alpha, (float, int)):  # asking for a Sequence takes 0.4 µs longer
            return work.numbers(self.alpha)[0]
        by_class = work("by_class", (targets.shape[1],))
        by_class[:] = self.alpha
        return matmul(targets, by_class, out=work("alpha", (len(targets),)))


def _focal_scratch(work: Workspace, batch: int, gamma: float) -> tuple[Array, ...]:
    p, q, focus = (work(name, (batch,)) for name in ("p", "q", "focus"))
    return p, p[:, np.newaxis], q, focus, *work.numbers(1.0, gamma, float(np.finfo(work.dtype).tiny))


@dataclass(frozen=True, kw_only=True)
class BCE(Loss):
    """−Σ_k [t_k log σ(z_k) + (1 − t_k) log(1 − σ(z_k))]: each class a yes-or-no question of its own."""

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = σ(z_k) − t_k, since the summand is log(1 + e^{z_k}) − t_k z_k."""
        terms, product = scratch_like(logits, "terms", work), scratch_like(logits, "product", work)
        values = work("loss", (len(logits),))
        softplus(logits, out=terms, spare=product)
        multiply(logits, targets, product)
        subtract(terms, product, terms)
        add.reduce(terms, axis=1, out=values)
        sigmoid(logits, out=grad)
        subtract(grad, targets, grad)
        return values


def smoothed(targets: Array, smoothing: float, work: Workspace) -> Array:
    """Return (1 − smoothing) t + smoothing / classes, the targets themselves if there is none to do."""
    if smoothing == 0.0:
        return targets
    soft = scratch_like(targets, "soft", work)
    multiply(targets, 1.0 - smoothing, soft)
    add(soft, smoothing / soft.shape[1], soft)
    return soft


def cross_entropy(logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
    """Return −Σ_k t_k log p_k (batch,) and write p − t into grad; the rows of targets add up to 1."""
    values, shifted, *parts = work.made(_cross_entropy_scratch, logits.shape)
    softmax_unguarded(logits, shifted, grad, *parts)
    vecdot(shifted, targets, values)
    subtract(parts[0], values, values)
    subtract(grad, targets, grad)
    return values


def _cross_entropy_scratch(work: Workspace, shape: tuple[int, ...]) -> tuple[Array, ...]:
    batch = shape[0]
    return work("loss", (batch,)), scratch(work, "shifted", shape), *softmax_scratch(work, batch)
