"""Optimisers: rules that move one flat vector of parameters along its gradient, in place."""

from mlp.optimizers.momentum import SGD
from mlp.optimizers.optimizer import Optimizer, State

__all__ = ["SGD", "Optimizer", "State"]
