"""Optimisers that scale each parameter's step by the size of its past gradients."""

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

import numpy as np

from mlp.optimizers.optimizer import Optimizer, State, add_scaled, moving_average
from mlp.ranges import BelowOne, NotNegative, Positive, numbers
from mlp.workspace import Array, Workspace, zeros

Epsilon = Annotated[float, numbers("a number >= 1e-30 (float32 must hold it)", lambda value: value >= 1e-30)]


@dataclass(frozen=True, kw_only=True)
class Adagrad(Optimizer):
    """s ← s + g²; w ← w − lr g / (√s + ε) (Duchi, Hazan & Singer 2011)."""

    eps: Epsilon = 1e-10

    def init(self, params: Array) -> State:
        """Start with a sum of squares of 0."""
        return {"sum": zeros(params.shape, params.dtype)}

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Move less where the sum of squared gradients is large."""
        total, root = state["sum"], work("root", params.shape)
        np.square(grads, out=root)
        np.add(total, root, out=total)
        np.sqrt(total, out=root)
        np.add(root, self.eps, out=root)
        np.divide(grads, root, out=grads)
        add_scaled(params, -lr, grads)


@dataclass(frozen=True, kw_only=True)
class RMSprop(Optimizer):
    """s ← ρ s + (1 − ρ) g²; v ← μ v + g / (√s + ε); w ← w − lr v (Tieleman & Hinton 2012)."""

    lr: Positive = 0.001
    rho: BelowOne = 0.99
    momentum: BelowOne = 0.0
    eps: Epsilon = 1e-8

    def init(self, params: Array) -> State:
        """Start at rest, with a mean square of 0."""
        return {
            "mean_square": zeros(params.shape, params.dtype),
            "velocity": zeros(params.shape, params.dtype),
        }

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Divide the gradient by its recent root mean square, and gather speed with that."""
        mean_square, velocity, root = state["mean_square"], state["velocity"], work("root", params.shape)
        np.square(grads, out=root)
        moving_average(mean_square, self.rho, root)
        np.sqrt(mean_square, out=root)
        np.add(root, self.eps, out=root)
        np.divide(grads, root, out=grads)
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, grads, out=velocity)
        add_scaled(params, -lr, velocity)


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; w ← w − lr m̂ / (√ŝ + ε) (Kingma & Ba 2015).

    m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) take out the pull of the averages to their start, 0.
    """

    lr: Positive = 0.001
    beta1: BelowOne = 0.9
    beta2: BelowOne = 0.999
    eps: Epsilon = 1e-8

    def init(self, params: Array) -> State:
        """Start with both averages 0, at step t = 0."""
        return {
            "mean": zeros(params.shape, params.dtype),
            "mean_square": zeros(params.shape, params.dtype),
            "steps": np.zeros((), np.int64),
        }

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Move along the average gradient, in units of its root mean square."""
        mean, mean_square, steps = state["mean"], state["mean_square"], state["steps"]
        steps += 1
        moving_average(mean, self.beta1, grads)
        np.square(grads, out=grads)
        moving_average(mean_square, self.beta2, grads)

        np.sqrt(mean_square, out=grads)
        np.multiply(grads, 1.0 / sqrt(1.0 - self.beta2 ** int(steps)), out=grads)
        np.add(grads, self.eps, out=grads)
        np.divide(mean, grads, out=grads)
        add_scaled(params, -lr / (1.0 - self.beta1 ** int(steps)), grads)


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, w ← (1 − lr λ) w before each step (Loshchilov & Hutter 2019)."""

    weight_decay: NotNegative = 0.01

    def decay(self, weights: Array, grads: Array, lr: float) -> None:
        """Shrink the weights themselves: in the gradient, the decay would be divided by √ŝ too."""
        np.multiply(weights, 1.0 - lr * self.weight_decay, out=weights)
