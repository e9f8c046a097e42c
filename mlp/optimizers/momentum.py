"""Gradient descent with momentum: the velocity remembers past gradients, and the parameters follow it."""

from dataclasses import dataclass

import numpy as np

from mlp.optimizers.optimizer import Optimizer, State, add_scaled
from mlp.ranges import BelowOne, NotNegative
from mlp.workspace import Array, Workspace


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """v ← μ v + g; w ← w − lr v: gradient descent with the momentum of a heavy ball (Polyak 1964)."""

    momentum: BelowOne = 0.9
    weight_decay: NotNegative = 0.0005

    def init(self, params: Array) -> State:
        """Start at rest."""
        return {"velocity": np.zeros_like(params)}

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Gather speed, and move."""
        velocity = state["velocity"]
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, grads, out=velocity)
        add_scaled(params, -lr, velocity)


@dataclass(frozen=True, kw_only=True)
class Nesterov(SGD):
    """v ← μ v + g; w ← w − lr (g + μ v): looks ahead along the velocity (Nesterov 1983)."""

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Gather speed, and move to where the new velocity will lead."""
        velocity = state["velocity"]
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, grads, out=velocity)
        add_scaled(grads, self.momentum, velocity)
        add_scaled(params, -lr, grads)
