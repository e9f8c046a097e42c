"""Gradient descent, plain and with momentum."""

from dataclasses import dataclass

import numpy as np

from mlp.optimizers.optimizer import Optimizer, State, add_scaled
from mlp.ranges import BelowOne, NotNegative
from mlp.workspace import Array, Workspace


@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Gradient descent with heavy-ball momentum μ (Polyak 1964): v ← μ v + g; w ← w − lr v."""

    weight_decay: NotNegative = 0.0005
    momentum: BelowOne = 0.9

    def init(self, params: Array) -> State:
        """Start with velocity 0."""
        return {"velocity": np.zeros_like(params)}

    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Move along the velocity."""
        velocity = state["velocity"]
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, grads, out=velocity)
        add_scaled(params, -lr, velocity)
