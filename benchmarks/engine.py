"""What an engine is to the benchmark: something that trains a task, an epoch at a time, and can be tested.

No NumPy here, for the reason that task.py gives.
"""

import time
from abc import ABC, abstractmethod
from typing import NamedTuple

from benchmarks.task import Task


class Epoch(NamedTuple):
    """Seconds that one epoch took, and its running mean loss and accuracy where it has them."""

    seconds: float
    loss: float | None = None
    accuracy: float | None = None


class Examined(NamedTuple):
    """Seconds that a pass over the test images took, and the accuracy on them."""

    seconds: float
    accuracy: float


class Engine(ABC):
    """Trains a task. Making one loads and prepares whatever is not part of an epoch."""

    @abstractmethod
    def __init__(self, task: Task) -> None: ...

    @abstractmethod
    def train(self, epoch: int) -> tuple[float | None, float | None]:
        """Train one epoch, in this 0-based epoch's order; return its running mean loss and accuracy."""

    @abstractmethod
    def test_accuracy(self) -> float:
        """Return the accuracy on the test images."""

    def epoch(self, number: int) -> Epoch:
        """Train one epoch by the clock."""
        started = time.perf_counter()
        loss, accuracy = self.train(number)
        return Epoch(time.perf_counter() - started, loss, accuracy)

    def test(self) -> Examined:
        """Test by the clock."""
        started = time.perf_counter()
        accuracy = self.test_accuracy()
        return Examined(time.perf_counter() - started, accuracy)
