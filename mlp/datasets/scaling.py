"""Scaling of inputs, feature by feature, fitted on the training examples alone."""

from dataclasses import dataclass

import numpy as np

from mlp.workspace import Array

RULES = ("none", "unit", "standard")


@dataclass(frozen=True, eq=False)
class Scaling:
    """The inputs are (x − offset) · factor; both are (features,) float64."""

    offset: Array
    factor: Array

    def __call__(self, x: Array) -> Array:
        """Return scaled float32 inputs of rows x (n, features)."""
        with np.errstate(over="ignore"):
            scaled: Array = ((x - self.offset) * self.factor).astype(np.float32)
        return scaled


def fitted(rule: str, x: Array) -> Scaling | None:
    """Return the scaling of a rule for training inputs x (n, features); None for "none".

    unit: each feature from 0 to 1; standard: mean 0 and standard deviation 1. A feature that is the same in
    all rows becomes 0.
    """
    if rule == "none":
        return None
    wide = x.astype(np.float64, copy=False)
    low, high = wide.min(axis=0), wide.max(axis=0)
    if rule == "unit":
        offset, spread = low, high - low
    else:
        offset, spread = wide.mean(axis=0), wide.std(axis=0)
    constant = low == high  # whose deviation is often a rounding error, not 0
    factor = 1 / np.where(constant, 1.0, spread)
    return Scaling(np.where(constant, low, offset), factor)
