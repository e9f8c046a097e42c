"""What an activation function is, and the simplest one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy import multiply

from mlp.ranges import Checked
from mlp.workspace import Array, Workspace


@dataclass(frozen=True)
class Activation(Checked, ABC):
    """A function f, applied to each entry of a layer's output; its value and its slope come from one pass."""

    @abstractmethod
    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Write f(z) and f'(z) into value and slope; three arrays (batch, width), z may be overwritten."""

    def backward(self, delta: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Turn delta = dL/df into dL/dz = dL/df · f'(z) in place, entry by entry; all (batch, width)."""
        multiply(delta, slope, delta)


@dataclass(frozen=True)
class Identity(Activation):
    """f(z) = z: what is left is a linear model."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Write z and 1."""
        np.copyto(value, z)
        slope.fill(1.0)
