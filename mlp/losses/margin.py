"""Losses on the margin between the true class's score and every other class's."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mlp.losses.loss import Loss, scratch_like
from mlp.ranges import Flag, NotNegative, one_of
from mlp.special import softmax, softmax_backward
from mlp.workspace import Array, Workspace

Power = Annotated[int, one_of(1, 2)]


@dataclass(frozen=True, kw_only=True)
class Hinge(Loss):
    """Σ_{k≠y} max(0, margin − s_y + s_k) (Weston & Watkins 1999) on the scores s = z, or s = softmax(z)."""

    margin: NotNegative = 5.0
    softmax: Flag = False

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂s_k = 1 where the margin is violated, else 0; ∂/∂s_y = −the number of violations."""
        if not self.softmax:
            return self.on_scores(logits, targets, grad, work)
        probabilities = scratch_like(logits, "probabilities", work)
        softmax(logits, probabilities, probabilities, work)
        values = self.on_scores(probabilities, targets, grad, work)
        softmax_backward(grad, probabilities, work)
        return values

    def on_scores(self, scores: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """Return the loss of each example and write its gradient in the scores."""
        gap = scratch_like(scores, "gap", work)
        values = work("loss", (len(scores),))
        violations(scores, targets, self.margin, gap, grad, work)
        np.vecdot(gap, grad, out=values)
        push_apart(grad, targets, work)
        return values


@dataclass(frozen=True, kw_only=True)
class MultiMargin(Loss):
    """(1 / classes) Σ_{k≠y} max(0, margin − z_y + z_k)^p: the hinge averaged over the classes, p = 1 or 2."""

    margin: NotNegative = 1.0
    p: Power = 1

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = p max(0, margin − z_y + z_k)^(p − 1) / classes for k ≠ y."""
        gap = scratch_like(logits, "gap", work)
        values = work("loss", (len(logits),))
        violations(logits, targets, self.margin, gap, grad, work)
        if self.p == 2:
            np.multiply(grad, gap, out=grad)
        np.vecdot(gap, grad, out=values)
        np.multiply(values, 1.0 / logits.shape[1], out=values)
        np.multiply(grad, self.p / logits.shape[1], out=grad)
        push_apart(grad, targets, work)
        return values


def violations(
    scores: Array, targets: Array, margin: float, gap: Array, violated: Array, work: Workspace
) -> None:
    """Write gap_k = margin − s_y + s_k, and 1 where it is > 0 and k ≠ y, else 0; arrays (batch, classes).

    Where k = y the gap is the margin itself, so that gap > margin · t tests both at once. A gap below the
    range of the dtype counts as the lowest number in it: 0 times it is 0, where 0 times −inf is NaN.
    """
    true_score = work("true_score", (len(scores), 1))
    least, lowest = work.numbers(margin, float(np.finfo(gap.dtype).min))
    limit = scratch_like(scores, "limit", work)
    np.vecdot(scores, targets, out=true_score[:, 0])
    with np.errstate(over="ignore"):
        np.subtract(scores, true_score, out=gap)
    np.add(gap, least, out=gap)
    np.maximum(gap, lowest, out=gap)
    np.multiply(targets, least, out=limit)
    np.greater(gap, limit, out=violated)


def push_apart(grad: Array, targets: Array, work: Workspace) -> None:
    """Complete ∂/∂s_k, k ≠ y, by ∂/∂s_y = −Σ_{k≠y} ∂/∂s_k: only differences of scores count."""
    total = work("total", (len(grad), 1))
    pull = scratch_like(grad, "pull", work)
    np.add.reduce(grad, axis=1, keepdims=True, out=total)
    np.multiply(targets, total, out=pull)
    np.subtract(grad, pull, out=grad)
