"""This engine and PyTorch on the same work: the third report's first run, in turns on one core and thread.

PyTorch runs twice: from this engine's initial weights, and from its own default ones; the batches are the
same for all. What is measured is an epoch's gradient steps, with loss and accuracy, and no test after it.
"""

import statistics
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.examples import component
from benchmarks.process import Remote, last_core
from mlp.datasets import FashionMNIST
from mlp.network import MLP
from mlp.optimizers import SGD
from mlp.randomness import Stream, generator
from mlp.schedules import Constant
from mlp.training import Training
from mlp.workspace import Array
from sweeps.job.components import Components

HIDDEN, BATCH, LR, EPOCHS, SEEDS = 256, 256, 0.1, 5, range(5)
ENGINES = {
    ("numpy", "same"): ("benchmarks.measured.engines:OwnEngine", {}),
    ("torch", "same"): ("benchmarks.measured.torch_engine:TorchEngine", {"same": True}),
    ("torch", "own"): ("benchmarks.measured.torch_engine:TorchEngine", {"same": False}),
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


def batches(seed: int, epoch: int, examples: int) -> list[Array]:
    """Return the rows of each batch of an epoch, as this engine draws them."""
    order = generator(seed, Stream.ORDER, epoch).permutation(np.arange(examples))
    return [order[start : start + BATCH] for start in range(0, examples, BATCH)]


class OwnEngine:
    """mlp.training.Trainer, timed by its own clock."""

    def __init__(self, seed: int) -> None:
        parts = components(seed)
        self.trainer = parts.trainer(parts.dataset.load())

    def run(self) -> list[dict[str, float]]:
        """Train; return the history."""
        self.trainer.run()
        return self.trainer.history


def measure() -> pd.DataFrame:
    """Return one row for each engine and seed."""
    rows = []
    for seed in SEEDS:
        for (engine, weights), (target, extra) in ENGINES.items():
            started = time.perf_counter()
            rows.append({"engine": engine, "weights": weights, "seed": seed} | row(target, seed, extra))
            print(f"{engine}, {weights} weights, seed {seed}: {time.perf_counter() - started:.1f} s")
    return pd.DataFrame(rows)


def row(target: str, seed: int, extra: dict[str, Any]) -> dict[str, Any]:
    """Return what one engine measured with one seed."""
    engine = Remote(target, last_core(), seed=seed, **extra)
    try:
        history = engine.call("run")
    finally:
        engine.close()
    settings = {"hidden": HIDDEN, "batch_size": BATCH, "lr": LR, "epochs": EPOCHS}
    final = {name: history[-1][name] for name in ("train_accuracy", "test_accuracy", "train_loss")}
    cost = {name: statistics.median(e[name] for e in history) for name in ("epoch_cpu_s", "epoch_wall_s")}
    return {**settings, **final, **cost, "concurrent_runs": 1, "blas_threads": 1}
