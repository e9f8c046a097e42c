"""Optimisers, which move one flat vector of parameters along its gradient in place; L-BFGS beside them."""

from mlp.optimizers.adaptive import Adagrad, Adam, AdamW, RMSprop
from mlp.optimizers.lbfgs import LBFGS
from mlp.optimizers.momentum import SGD, Nesterov
from mlp.optimizers.optimizer import Optimizer, State

__all__ = ["LBFGS", "SGD", "Adagrad", "Adam", "AdamW", "Nesterov", "Optimizer", "RMSprop", "State"]
