"""Activations of the form z times a gate that opens from 0 to 1 as z grows."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy import absolute, add, divide, exp, less, minimum, multiply, square, subtract, tanh

from mlp.activations.activation import Activation
from mlp.ranges import Positive
from mlp.workspace import Array, Workspace

K = sqrt(2.0 / pi)


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
        one, one_half, half_beta = work.numbers(1.0, 0.5, 0.5 * self.beta)
        multiply(z, half_beta, half)
        tanh(half, slope)
        multiply(slope, one_half, gate)
        add(gate, one_half, gate)
        multiply(z, gate, value)

        subtract(one, slope, slope)
        multiply(slope, half, slope)
        add(slope, one, slope)
        multiply(slope, gate, slope)


@dataclass(frozen=True)
class GELU(Activation):
    """f(z) = z (1 + tanh u) / 2 with u = √(2/π) (z + 0.044715 z³) (Hendrycks & Gimpel 2016, tanh form)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = g + f (1 − g) 2u', where g = (1 + tanh u) / 2 is the gate.

        From g' = 2 g (1 − g) u', with u = z c and c = k + k a z², a = 0.044715, k = √(2/π):
        u' = k + 3 k a z² = 3 c − 2 k.
        """
        gate = work("gate", z.shape)
        k, ka, four_k, half, one, six = work.numbers(K, K * 0.044715, 4.0 * K, 0.5, 1.0, 6.0)
        square(z, slope)
        multiply(slope, ka, slope)
        add(slope, k, slope)  # c
        multiply(z, slope, gate)
        tanh(gate, gate)
        multiply(gate, half, gate)
        add(gate, half, gate)
        multiply(z, gate, value)

        multiply(slope, six, slope)
        subtract(slope, four_k, slope)  # 2u'
        multiply(slope, value, slope)
        subtract(one, gate, z)
        multiply(slope, z, slope)
        add(slope, gate, slope)


@dataclass(frozen=True)
class GELUExact(Activation):
    """f(z) = z Φ(z), Φ the standard normal distribution function (Hendrycks & Gimpel 2016)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = Φ + z φ, with Φ(z) = (1 + erf(z / √2)) / 2 and φ(z) = e^(−z² / 2) / √(2π)."""
        from scipy.special import erf  # here, because it takes a fifth of a second that others need not wait

        gate = work("gate", z.shape)
        multiply(z, sqrt(0.5), gate)
        erf(gate, out=gate)
        multiply(gate, 0.5, gate)
        add(gate, 0.5, gate)
        multiply(z, gate, value)

        square(z, slope)
        multiply(slope, -0.5, slope)
        exp(slope, slope)
        multiply(slope, 1.0 / sqrt(2.0 * pi), slope)
        multiply(slope, z, slope)
        add(slope, gate, slope)


@dataclass(frozen=True)
class HardSwish(Activation):
    """f(z) = z g with the piecewise linear gate g = min(max(z / 6 + 1/2, 0), 1) (Howard et al. 2019)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = g + z g', with g' = 1/6 where |z| < 3, else 0."""
        gate = work("gate", z.shape)
        multiply(z, 1.0 / 6.0, gate)
        add(gate, 0.5, gate)
        np.clip(gate, 0.0, 1.0, out=gate)
        multiply(z, gate, value)

        absolute(z, slope)
        less(slope, 3.0, slope)
        multiply(slope, 1.0 / 6.0, slope)
        multiply(slope, z, slope)
        add(slope, gate, slope)


@dataclass(frozen=True)
class Mish(Activation):
    """f(z) = z tanh(log(1 + e^z)) (Misra 2020)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = T + 4 z (a − n) / (a + 2)², where n = e^z, a = n (n + 2) and T = tanh(log(1 + n)).

        tanh(log x) = (x² − 1) / (x² + 1) makes the gate T = a / (a + 2), so T' = 2 a' / (a + 2)², and
        a' = 2 n (n + 1) = 2 (a − n). From z = 20 on T is 1 to double precision: n stops there, and so
        cannot overflow.
        """
        n, a, denominator = (work(name, z.shape) for name in ("n", "gate", "denominator"))
        minimum(z, 20.0, out=n)
        exp(n, n)
        add(n, 2.0, a)
        multiply(a, n, a)
        add(a, 2.0, denominator)

        subtract(a, n, slope)
        multiply(slope, 4.0, slope)
        multiply(slope, z, slope)
        divide(slope, denominator, slope)
        divide(slope, denominator, slope)

        divide(a, denominator, a)
        multiply(z, a, value)
        add(slope, a, slope)
