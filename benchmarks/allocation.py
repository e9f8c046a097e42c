"""What a training step allocates, told by tracemalloc, which NumPy reports its arrays to."""

import tracemalloc
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.engines.own import train_to, trainer
from benchmarks.task import Task
from mlp.optimizers import SGD, State
from mlp.workspace import Array, Workspace


@dataclass(frozen=True, kw_only=True)
class Watched(SGD):
    """Momentum SGD that notes, at the end of each step, the bytes held and the step's peak."""

    seen: ClassVar[Array]
    steps: ClassVar[int] = 0

    def update(
        self, params: Array, grads: Array, state: State, *, lr: float, weights: int, work: Workspace
    ) -> None:
        """Take the step, then look."""
        super().update(params, grads, state, lr=lr, weights=weights, work=work)
        if tracemalloc.is_tracing():
            Watched.seen[Watched.steps % len(Watched.seen)] = tracemalloc.get_traced_memory()
            Watched.steps += 1
            tracemalloc.reset_peak()


class Allocation:
    """Trains under tracemalloc."""

    def __init__(self, task: Task) -> None:
        self.task = task
        Watched.seen = np.zeros((task.steps, 2), np.int64)

    def per_step(self) -> tuple[float, float]:
        """Return the bytes by which a step grows what is held (median), and its largest temporary bytes."""
        run = trainer(self.task, optimizer=Watched())
        train_to(run, 1)
        tracemalloc.start()
        try:
            train_to(run, 2)
        finally:
            tracemalloc.stop()
        held, peak = Watched.seen.T
        return float(np.median(np.diff(held))), float(np.median(peak[1:] - held[:-1]))
