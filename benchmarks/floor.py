"""The floor: how long a training epoch's matrix products take at the highest rate that this core reaches.

Per example a layer of a × b weights costs 2ab flops forward and 2ab for the gradient of its weights; every
layer but the first costs 2ab more for the gradient of its inputs. All 784 columns count, also where an engine
need not multiply those that are zero. Nothing else counts: no activation, loss, update or batch.
"""

import itertools
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.engine import Epoch
from benchmarks.task import Task

SIDES = (512, 768, 1024)
"""Sides of the square float32 products whose fastest rate is the peak: large, but still in the cache."""

SECONDS_PER_SIDE = 0.06


def flops_per_example(widths: Sequence[int]) -> int:
    """Return the flops of one example's products in one training step."""
    layers = [fan_in * fan_out for fan_in, fan_out in itertools.pairwise(widths)]
    return 2 * (2 * sum(layers) + sum(layers[1:]))


def epoch_flops(task: Task) -> int:
    """Return the flops of one epoch's products."""
    return flops_per_example(task.widths) * task.examples


def peak_flops() -> float:
    """Measure the flops per second of the fastest product on this core, now."""
    return max(map(_rate, SIDES))


def _rate(side: int) -> float:
    a, b, c = (np.full((side, side), value, np.float32) for value in (0.5, 0.25, 0.0))
    best, until = np.inf, time.perf_counter() + SECONDS_PER_SIDE
    while time.perf_counter() < until:
        started = time.perf_counter()
        np.matmul(a, b, out=c)
        best = min(best, time.perf_counter() - started)
    return float(2 * side**3 / best)


class Floor:
    """Takes part in a contest as an engine does; its time is the flops of the epoch over the peak."""

    def __init__(self, task: Task) -> None:
        self.flops = epoch_flops(task)

    def epoch(self, number: int) -> Epoch:
        """Measure the peak, and return how long the products would take."""
        return Epoch(self.flops / peak_flops())

    def test(self) -> None:
        """Nothing was learned."""


class Products:
    """The same products at the sizes that they have, through NumPy, and nothing else."""

    def __init__(self, task: Task) -> None:
        rng = np.random.default_rng(0)

        def random(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape, np.float32)

        self.steps, batch = task.steps, task.batch_size
        self.layers = [
            (random(batch, a), random(a, b), random(batch, b)) for a, b in itertools.pairwise(task.widths)
        ]
        self.outputs = [tuple(map(np.empty_like, layer)) for layer in self.layers]

    def epoch(self, number: int) -> Epoch:
        """Multiply as often as an epoch does."""
        started = time.perf_counter()
        for _ in range(self.steps):
            self._step()
        return Epoch(time.perf_counter() - started)

    def _step(self) -> None:
        for depth, ((x, weight, delta), (dx, grad, z)) in enumerate(
            zip(self.layers, self.outputs, strict=True)
        ):
            np.matmul(x, weight, out=z)
            np.matmul(x.T, delta, out=grad)
            if depth:
                np.matmul(delta, weight.T, out=dx)

    def test(self) -> None:
        """Nothing was learned."""
