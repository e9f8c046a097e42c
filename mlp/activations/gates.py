"""Activations of the form z times a gate that opens from 0 to 1 as z grows."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from mlp.activations.activation import Activation
from mlp.ranges import Positive
from mlp.workspace import Array, Workspace


@dataclass(frozen=True)
class Swish(Activation):
    """f(z) = z σ(β z) (Ramachandran, Zoph & Le 2017); β = 1 is SiLU."""

    beta: Positive = 1.0

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = σ + β z σ (1 − σ) = σ (1 + h (1 − T)).

        Here h = β z / 2 and T = tanh(h), so that σ(β z) = (1 + T) / 2: tanh costs less than exp and a
        division, and cannot overflow.
        """
        half, gate = work("half", z.shape), work("gate", z.shape)
        np.multiply(z, 0.5 * self.beta, out=half)
        np.tanh(half, out=slope)
        np.multiply(slope, 0.5, out=gate)
        np.add(gate, 0.5, out=gate)
        np.multiply(z, gate, out=value)

        np.subtract(1.0, slope, out=slope)
        np.multiply(slope, half, out=slope)
        np.add(slope, 1.0, out=slope)
        np.multiply(slope, gate, out=slope)


@dataclass(frozen=True)
class GELU(Activation):
    """f(z) = z (1 + tanh u) / 2 with u = √(2/π) (z + 0.044715 z³) (Hendrycks & Gimpel 2016, tanh form)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = g + f (1 − g) 2u', where g = (1 + tanh u) / 2 is the gate.

        From g' = 2 g (1 − g) u', with u = z c and c = k + k a z², a = 0.044715, k = √(2/π):
        u' = k + 3 k a z² = 3 c − 2 k.
        """
        gate = work("gate", z.shape)
        k = sqrt(2.0 / pi)
        np.square(z, out=slope)
        np.multiply(slope, k * 0.044715, out=slope)
        np.add(slope, k, out=slope)  # c
        np.multiply(z, slope, out=gate)
        np.tanh(gate, out=gate)
        np.multiply(gate, 0.5, out=gate)
        np.add(gate, 0.5, out=gate)
        np.multiply(z, gate, out=value)

        np.multiply(slope, 6.0, out=slope)
        np.subtract(slope, 4.0 * k, out=slope)  # 2u'
        np.multiply(slope, value, out=slope)
        np.subtract(1.0, gate, out=z)
        np.multiply(slope, z, out=slope)
        np.add(slope, gate, out=slope)
