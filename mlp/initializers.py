"""How the weights of a layer start. Biases start at zero, which is the network's business.

All initialisers of one distribution draw the same standard numbers from the same generator and only scale
them, so that runs with one seed are paired.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import sqrt
from typing import Annotated

import numpy as np

from mlp.activations import SELU, Activation, Identity, Sigmoid, Softmax, Tanh
from mlp.ranges import Checked, NotNegative, one_of
from mlp.workspace import Array

Distribution = Annotated[str, one_of("normal", "uniform")]


@dataclass(frozen=True)
class Initializer(Checked, ABC):
    """A rule for the weights of a linear layer."""

    @abstractmethod
    def __call__(
        self, fan_in: int, fan_out: int, *, rng: np.random.Generator, activation: Activation
    ) -> Array:
        """Return float64 weights (fan_in, fan_out); activation is what the layer's output will go through."""


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Mean 0 and a variance set by the layer's fans, drawn from a normal or a uniform distribution."""

    distribution: Distribution = "normal"

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return the variance of a weight."""

    def __call__(
        self, fan_in: int, fan_out: int, *, rng: np.random.Generator, activation: Activation
    ) -> Array:
        """Draw from N(0, variance) or from U(−b, b) with b = √(3 variance), which has that variance too."""
        std = sqrt(self.variance(fan_in, fan_out))
        if self.distribution == "normal":
            return std * standard_normal(fan_in, fan_out, rng=rng)
        return sqrt(3.0) * std * standard_uniform(fan_in, fan_out, rng=rng)


@dataclass(frozen=True)
class He(VarianceScaling):
    """Variance 2 / fan_in: keeps the signal's size through ReLU layers (He et al. 2015)."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return 2 / fan_in."""
        return 2.0 / fan_in


@dataclass(frozen=True)
class Xavier(VarianceScaling):
    """Variance 2 / (fan_in + fan_out): a compromise of forward and backward signal (Glorot & Bengio 2010)."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return 2 / (fan_in + fan_out)."""
        return 2.0 / (fan_in + fan_out)


@dataclass(frozen=True)
class LeCun(VarianceScaling):
    """Variance 1 / fan_in (LeCun et al. 1998), as the self-normalising SELU needs it."""

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Return 1 / fan_in."""
        return 1.0 / fan_in


@dataclass(frozen=True)
class Auto(Initializer):
    """Picks by activation: LeCun for selu, Xavier for the S-shaped and the linear ones, He for the rest."""

    distribution: Distribution = "normal"

    def __call__(
        self, fan_in: int, fan_out: int, *, rng: np.random.Generator, activation: Activation
    ) -> Array:
        """Draw as the initialiser that suits the activation does."""
        rule = self.rule(activation)
        return rule(fan_in, fan_out, rng=rng, activation=activation)

    def rule(self, activation: Activation) -> VarianceScaling:
        """Return the initialiser that suits the activation."""
        if isinstance(activation, SELU):
            return LeCun(self.distribution)
        if isinstance(activation, Tanh | Sigmoid | Softmax | Identity):
            return Xavier(self.distribution)
        return He(self.distribution)


@dataclass(frozen=True)
class Normal(Initializer):
    """N(0, std²) whatever the layer's size."""

    std: NotNegative = 0.01

    def __call__(
        self, fan_in: int, fan_out: int, *, rng: np.random.Generator, activation: Activation
    ) -> Array:
        """Draw from N(0, std²)."""
        return self.std * standard_normal(fan_in, fan_out, rng=rng)


@dataclass(frozen=True)
class Uniform(Initializer):
    """U(−bound, bound) whatever the layer's size."""

    bound: NotNegative = 0.05

    def __call__(
        self, fan_in: int, fan_out: int, *, rng: np.random.Generator, activation: Activation
    ) -> Array:
        """Draw from U(−bound, bound)."""
        return self.bound * standard_uniform(fan_in, fan_out, rng=rng)


@dataclass(frozen=True)
class Zero(Initializer):
    """All weights 0: hidden units that start equal stay equal, which is what this option is there to show."""

    def __call__(
        self, fan_in: int, fan_out: int, *, rng: np.random.Generator, activation: Activation
    ) -> Array:
        """Return zeros."""
        return np.zeros((fan_in, fan_out))


def standard_normal(fan_in: int, fan_out: int, *, rng: np.random.Generator) -> Array:
    """Draw (fan_in, fan_out) numbers from N(0, 1)."""
    return rng.standard_normal((fan_in, fan_out))


def standard_uniform(fan_in: int, fan_out: int, *, rng: np.random.Generator) -> Array:
    """Draw (fan_in, fan_out) numbers from U(−1, 1)."""
    return rng.uniform(-1.0, 1.0, (fan_in, fan_out))
