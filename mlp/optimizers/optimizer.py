"""What an optimiser is: a rule that moves the parameters, one flat vector, along their gradient, another."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from mlp.ranges import Checked, NotNegative, Positive
from mlp.workspace import Array, Workspace

State = dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class Descent(Checked):
    """What every way down has: a learning rate, and the one place where weights are penalised.

    The penalty adds weight_decay · ‖w‖² / 2 + l1 · Σ|w| to the loss, so λ w + l1 sign(w) to the gradient;
    biases are not penalised.
    """

    lr: Positive = 0.01
    weight_decay: NotNegative = 0.0
    l1: NotNegative = 0.0

    def decay(self, weights: Array, grads: Array, lr: float) -> None:
        """Add the gradient of weight_decay · ‖w‖² / 2 to the weights' own."""
        if self.weight_decay:
            add_scaled(grads, self.weight_decay, weights)


@dataclass(frozen=True, kw_only=True)
class Optimizer(Descent, ABC):
    """A rule for one step along a gradient."""

    def init(self, params: Array) -> State:
        """Return the state before the first step: arrays that a checkpoint holds as they are."""
        return {}

    def update(
        self, params: Array, grads: Array, state: State, *, lr: float, weights: int, work: Workspace
    ) -> None:
        """Take one step in place.

        params, grads: (parameters,) contiguous, of one dtype; grads is used up. lr is the learning rate of
        this step. The first `weights` entries are weights, which are penalised; the rest are biases and such.
        """
        self.decay(params[:weights], grads[:weights], lr)
        if self.l1:
            signs = work("signs", (weights,))
            np.sign(params[:weights], out=signs)
            add_scaled(grads[:weights], self.l1, signs)
        self.step(params, grads, state, lr, work)

    @abstractmethod
    def step(self, params: Array, grads: Array, state: State, lr: float, work: Workspace) -> None:
        """Move params along grads in place."""


def add_scaled(target: Array, factor: float, vector: Array) -> None:
    """Do target += factor · vector in one pass over memory: BLAS's axpy, where NumPy's ufuncs need two."""
    _axpy(target.dtype)(vector, target, target.size, factor)  # by place, which takes 0.06 µs less than a=


@cache
def _axpy(dtype: np.dtype[Any]) -> Callable[..., object]:
    from scipy.linalg import blas  # here, because it takes a tenth of a second that planning need not wait

    return blas.saxpy if dtype == np.float32 else blas.daxpy


def moving_average(average: Array, share: float, new: Array) -> None:
    """Do average ← share · average + (1 − share) · new."""
    np.multiply(average, share, out=average)
    add_scaled(average, 1.0 - share, new)
