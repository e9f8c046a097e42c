"""Activations made of the sigmoid: itself, tanh, softplus (whose slope it is), softmax (of many classes)."""

from dataclasses import dataclass

from numpy import square, subtract, tanh

from mlp.activations.activation import Activation
from mlp.special import sigmoid, softmax, softmax_backward, softplus
from mlp.workspace import Array, Workspace


@dataclass(frozen=True)
class Sigmoid(Activation):
    """f(z) = 1 / (1 + e^−z), the logistic function."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = f (1 − f) = f − f²."""
        sigmoid(z, out=value)
        square(value, slope)
        subtract(value, slope, slope)


@dataclass(frozen=True)
class Tanh(Activation):
    """f(z) = tanh z."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = 1 − f²."""
        tanh(z, value)
        square(value, slope)
        subtract(1.0, slope, slope)


@dataclass(frozen=True)
class Softplus(Activation):
    """f(z) = log(1 + e^z), a smooth ReLU (Dugas et al. 2001)."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope f' = σ(z)."""
        softplus(z, out=value, spare=slope)
        sigmoid(z, out=slope)


@dataclass(frozen=True)
class Softmax(Activation):
    """f(z)_k = e^{z_k} / Σ_j e^{z_j} over the units of a layer: shares that add up to 1."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Slope ∂f_k/∂z_k = f_k − f_k², the diagonal of the Jacobian; backward uses all of it."""
        softmax(z, z, value, work)
        square(value, slope)
        subtract(value, slope, slope)

    def backward(self, delta: Array, value: Array, slope: Array, work: Workspace) -> None:
        """Turn delta = dL/df into dL/dz through the full Jacobian ∂f_j/∂z_k = f_j (1[j = k] − f_k)."""
        softmax_backward(delta, value, work)
