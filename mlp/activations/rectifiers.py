"""Activations with a kink at zero: a line for z > 0, something flatter below.

The slope at the kink is that of the left branch.
"""

from dataclasses import dataclass
from typing import ClassVar

from numpy import add, expm1, greater, multiply, subtract

from mlp.activations.activation import Activation
from mlp.ranges import Number, Positive
from mlp.workspace import Array, Workspace


@dataclass(frozen=True)
class ReLU(Activation):
    """f(z) = max(0, z) (Nair & Hinton 2010)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = 1 where z > 0, else 0, so f = z f'."""
        (zero,) = work.numbers(0.0)
        greater(z, zero, slope)
        multiply(z, slope, value)


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """f(z) = z for z > 0, a z below (Maas, Hannun & Ng 2013)."""

    negative_slope: Number = 0.01

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = 1 where z > 0, else a, so f = z f'."""
        zero, step, left = work.numbers(0.0, 1.0 - self.negative_slope, self.negative_slope)
        greater(z, zero, slope)
        multiply(slope, step, slope)
        add(slope, left, slope)
        multiply(z, slope, value)


@dataclass(frozen=True)
class ELU(Activation):
    """f(z) = z for z > 0, α (e^z − 1) below (Clevert, Unterthiner & Hochreiter 2016)."""

    alpha: Positive = 1.0

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = 1 where z > 0, else α e^z."""
        exponential_linear(z, value, slope, work, right=1.0, left=self.alpha)


@dataclass(frozen=True)
class SELU(Activation):
    """f(z) = λ z for z > 0, λ α (e^z − 1) below (Klambauer et al. 2017).

    With λ = 1.0507… and α = 1.6732…, mean 0 and variance 1 are a fixed point from layer to layer.
    """

    scale: ClassVar[float] = 1.0507009873554805
    alpha: ClassVar[float] = 1.6732632423543772

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = λ where z > 0, else λ α e^z."""
        exponential_linear(z, value, slope, work, right=self.scale, left=self.scale * self.alpha)


def exponential_linear(
    z: Array, value: Array, slope: Array, work: Workspace, *, right: float, left: float
) -> None:
    """Write f = right · z for z > 0, left · (e^z − 1) below, and its slope; arrays (batch, width).

    Let p = max(z, 0) and n = left · (e^min(z, 0) − 1), which is 0 for z > 0. Then f = right · p + n; the
    slope is left · e^z = n + left below zero and right above: f' = n + left + (right − left) · 1[z > 0].
    """
    negative = work("negative", z.shape)
    zero, below, above, step = work.numbers(0.0, left, right, right - left)
    greater(z, zero, slope)
    multiply(z, slope, value)
    subtract(z, value, negative)
    expm1(negative, negative)
    multiply(negative, below, negative)

    multiply(value, above, value)
    add(value, negative, value)

    multiply(slope, step, slope)
    add(slope, below, slope)
    add(slope, negative, slope)
