"""How the learning rate changes over the epochs: a schedule is a factor on it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi

from mlp.ranges import Checked, Count, NotNegative, UnitInterval, UpToOne


@dataclass(frozen=True)
class Schedule(Checked, ABC):
    """A factor on the learning rate, constant within an epoch."""

    @abstractmethod
    def __call__(self, epoch: int, epochs: int) -> float:
        """Return the factor in an epoch, counted from 0, of a training of so many epochs."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The learning rate stays as it is."""

    def __call__(self, epoch: int, epochs: int) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True)
class Step(Schedule):
    """Drops at once by the factor, every so many epochs."""

    every: Count = 10
    factor: UpToOne = 0.1

    def __call__(self, epoch: int, epochs: int) -> float:
        """Return factor^⌊epoch / every⌋."""
        return float(self.factor ** (epoch // self.every))


@dataclass(frozen=True)
class Exponential(Schedule):
    """Shrinks by the factor from each epoch to the next."""

    factor: UpToOne = 0.95

    def __call__(self, epoch: int, epochs: int) -> float:
        """Return factor^epoch."""
        return float(self.factor**epoch)


@dataclass(frozen=True)
class InverseTime(Schedule):
    """Shrinks as 1 / t, the classic rate of stochastic approximation (Robbins & Monro 1951)."""

    rate: NotNegative = 0.1

    def __call__(self, epoch: int, epochs: int) -> float:
        """Return 1 / (1 + rate · epoch)."""
        return 1.0 / (1.0 + self.rate * epoch)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine wave, from 1 at the start to `final` at the end (Loshchilov & Hutter 2017)."""

    final: UnitInterval = 0.0

    def __call__(self, epoch: int, epochs: int) -> float:
        """Return final + (1 − final) (1 + cos(π epoch / epochs)) / 2."""
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + cos(pi * epoch / epochs))


@dataclass(frozen=True)
class Warmup(Schedule):
    """Grows evenly from `start` to 1 over the first `epochs` epochs, then stays there (Goyal et al. 2017)."""

    epochs: Count = 5
    start: UpToOne = 0.1

    def __call__(self, epoch: int, epochs: int) -> float:
        """Return start + (1 − start) · epoch / self.epochs, at most 1."""
        return self.start + (1.0 - self.start) * min(epoch / self.epochs, 1.0)
