"""JAX with sixteen networks at once: the step of jax_scan, vmapped over parameters, on the same batches."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.engine import Epoch
from benchmarks.engines.jax_scan import JaxScan, step
from benchmarks.task import Task
from sweeps.job.measured.start import batches

CELLS = 16


class JaxVmap(JaxScan):
    """One activation and one loss for all, which favours it; the times are those of one cell, a sixteenth."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.state = jax.tree.map(lambda array: jnp.stack([array] * CELLS), self.state)
        self.train_epoch = jax.jit(epoch_of, donate_argnums=0)

    def train(self, epoch: int) -> tuple[float, float]:
        """Train one epoch of all; return the mean loss and accuracy of the first."""
        rows = jnp.asarray(np.stack(batches(self.parts, epoch, self.task.examples)))
        self.state, loss, correct = self.train_epoch(self.state, self.train_set, rows)
        return float(loss[0]), int(correct[0]) / self.task.examples

    def epoch(self, number: int) -> Epoch:
        """Train one epoch by the clock."""
        seconds, loss, accuracy = super().epoch(number)
        return Epoch(seconds / CELLS, loss, accuracy)

    def test_accuracy(self) -> float:
        """Return the accuracy of the first on all test images at once."""
        first = jax.tree.map(lambda array: array[0], self.state[0])
        return float(self.accuracy(first, *self.test_set))


def epoch_of(state: Any, train_set: Any, rows: Any) -> tuple[Any, Any, Any]:
    """Return the states after an epoch, each one's mean loss, and how many each had right."""
    x, y = train_set
    steps = jax.vmap(step, in_axes=(0, None, None))
    state, (losses, right) = jax.lax.scan(lambda state, batch: steps(state, x[batch], y[batch]), state, rows)
    return state, losses.mean(axis=0), right.sum(axis=0)
