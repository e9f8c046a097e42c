"""How the learning rate changes over the epochs: a schedule is a factor on it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from mlp.ranges import Checked


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
