"""Losses on the margin between the true class's score and every other class's."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy import add, greater, maximum, multiply, subtract, vecdot

from mlp.losses.loss import Loss, scratch, scratch_like
from mlp.ranges import Flag, NotNegative, one_of
from mlp.special import softmax, softmax_backward
from mlp.workspace import Array, Workspace

Power = Annotated[int, one_of(1, 2)]


@dataclass(frozen=True, kw_only=True)
class Hinge(Loss):
    """Σ_{k≠y} max(0, margin − s_y + s_k) (Weston & Watkins 1999) on the scores s = z, or s = softmax(z)."""

    clips = True
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
        values, gap = work.made(_margin_scratch, scores.shape)
        violations(scores, targets, self.margin, gap, grad, work)
        vecdot(gap, grad, values)
        push_apart(grad, targets, work)
        return values


@dataclass(frozen=True, kw_only=True)
class MultiMargin(Loss):
    """(1 / classes) Σ_{k≠y} max(0, margin − z_y + z_k)^p: the hinge averaged over the classes, p = 1 or 2."""

    clips = True
    margin: NotNegative = 1.0
    p: Power = 1

    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """∂/∂z_k = p max(0, margin − z_y + z_k)^(p − 1) / classes for k ≠ y."""
        values, gap = work.made(_margin_scratch, logits.shape)
        violations(logits, targets, self.margin, gap, grad, work)
        if self.p == 2:
            multiply(grad, gap, grad)
        vecdot(gap, grad, values)
        multiply(values, 1.0 / logits.shape[1], values)
        multiply(grad, self.p / logits.shape[1], grad)
        push_apart(grad, targets, work)
        return values


def _margin_scratch(work: Workspace, shape: tuple[int, ...]) -> tuple[Array, Array]:
    return work("loss", shape[:1]), scratch(work, "gap", shape)


def violations(
    scores: Array, targets: Array, margin: float, gap: Array, violated: Array, work: Workspace
) -> None:
    """Write gap_k = margin − s_y + s_k, and 1 where it is > 0 and k ≠ y, else 0; arrays (batch, classes).

    Where k = y the gap is the margin itself, so that gap > margin · t tests both at once. A gap below the
    range of the dtype counts as the lowest number in it: 0 times it is 0, where 0 times −inf is NaN.
    """
    score, column, limit, least, lowest = work.made(_violations_scratch, scores.shape, margin)
    vecdot(scores, targets, score)
    subtract(scores, column, gap)
    add(gap, least, gap)
    maximum(gap, lowest, out=gap)
    multiply(targets, least, limit)
    greater(gap, limit, violated)


def _violations_scratch(work: Workspace, shape: tuple[int, ...], margin: float) -> tuple[Array, ...]:
    score = work("true_score", shape[:1])
    numbers = work.numbers(margin, float(np.finfo(work.dtype).min))
    return score, score[:, np.newaxis], scratch(work, "limit", shape), *numbers


def push_apart(grad: Array, targets: Array, work: Workspace) -> None:
    """Complete ∂/∂s_k, k ≠ y, by ∂/∂s_y = −Σ_{k≠y} ∂/∂s_k: only differences of scores count."""
    total, column, pull = work.made(_push_scratch, grad.shape)
    add.reduce(grad, axis=1, out=total)
    multiply(targets, column, pull)
    subtract(grad, pull, grad)


def _push_scratch(work: Workspace, shape: tuple[int, ...]) -> tuple[Array, ...]:
    total = work("total", shape[:1])
    return total, total[:, np.newaxis], scratch(work, "pull", shape)
