"""Our engine and PyTorch on the same work: the third report's first run, in turns on one core and thread.

PyTorch runs twice: from our engine's initial weights, and from its own default ones; the batches are the same
for all. What is measured is an epoch's gradient steps, with loss and accuracy, and no test after it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pandas as pd

from mlp.datasets import FashionMNIST
from mlp.network import MLP
from mlp.optimizers import SGD
from mlp.schedules import Constant
from mlp.training import Training
from sweeps.job.components import Components
from sweeps.job.measured.process import ask, last_core
from sweeps.job.measured.start import component

HIDDEN, BATCH, LR, EPOCHS, SEEDS = 256, 256, 0.1, 5, range(5)
NAMED = ("train_accuracy", "test_accuracy", "train_loss")
ENGINES: dict[tuple[str, str], tuple[str, dict[str, bool]]] = {
    ("numpy", "same"): ("sweeps.job.measured.engines:OurEngine", {}),
    ("torch", "same"): ("sweeps.job.measured.engines:TorchEngine", {"same": True}),
    ("torch", "own"): ("sweeps.job.measured.engines:TorchEngine", {"same": False}),
}


def components(seed: int) -> Components:
    """Return the run that all engines do."""
    return Components(
        activation=component("activation", "relu"),
        loss=component("loss", "softmax_ce"),
        model=MLP((HIDDEN,)),
        init=component("init", "he"),
        optimizer=SGD(lr=LR, momentum=0.0, weight_decay=0.0),
        schedule=Constant(),
        dataset=FashionMNIST(),
        training=Training(epochs=EPOCHS, batch_size=BATCH),
        seed=seed,
    )


class OurEngine:
    """mlp.training.Trainer, timed by its own clock."""

    def __init__(self, seed: int) -> None:
        parts = components(seed)
        self.trainer = parts.trainer(parts.dataset.load())

    def run(self) -> list[dict[str, float]]:
        """Train; return the history."""
        self.trainer.run()
        return self.trainer.history


class TorchEngine:
    """PyTorch, timed here."""

    def __init__(self, seed: int, same: bool) -> None:
        from sweeps.job.measured.torch_run import TorchRun

        self.parts = components(seed)
        self.torch_run = TorchRun(self.parts, same=same)

    def run(self) -> list[dict[str, float]]:
        """Train; return the history."""
        return [self._epoch(number) for number in range(self.parts.training.epochs)]

    def _epoch(self, number: int) -> dict[str, float]:
        """Train one epoch by the clock, then test."""
        (loss, accuracy), spent = _timed(lambda: self.torch_run.train(number))
        means = {"train_loss": loss, "train_accuracy": accuracy}
        return {**means, "test_accuracy": self.torch_run.test_accuracy(), **spent}


def _timed(work: Callable[[], tuple[float, float]]) -> tuple[tuple[float, float], dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"epoch_cpu_s": time.process_time() - cpu, "epoch_wall_s": time.perf_counter() - wall}


def measure() -> pd.DataFrame:
    """Return one row for each engine and seed."""
    rows = []
    for seed in SEEDS:
        for (engine, weights), (target, extra) in ENGINES.items():
            started = time.perf_counter()
            rows.append({"engine": engine, "weights": weights, "seed": seed} | row(target, seed, extra))
            print(f"{engine}, {weights} weights, seed {seed}: {time.perf_counter() - started:.1f} s")
    return pd.DataFrame(rows)


def row(target: str, seed: int, extra: dict[str, bool]) -> dict[str, Any]:
    """Return what one engine measured with one seed."""
    history = ask(target, "run", core=last_core(), seed=seed, **extra)
    settings = {"hidden": HIDDEN, "batch_size": BATCH, "lr": LR, "epochs": EPOCHS}
    final = {name: history[-1][name] for name in NAMED}
    cost = {name: statistics.median(e[name] for e in history) for name in ("epoch_cpu_s", "epoch_wall_s")}
    return {**settings, **final, **cost, "concurrent_runs": 1, "blas_threads": 1}
