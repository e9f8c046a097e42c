"""Data as somebody may have them, and the smallest run that trains on them."""

from typing import Any

import numpy as np
import pandas as pd

CONFIG: dict[str, Any] = {
    "activation": {"_target_": "mlp.activations.ReLU"},
    "loss": {"_target_": "mlp.losses.SoftmaxCE"},
    "model": {"_target_": "mlp.network.MLP", "hidden": [4]},
    "init": {"_target_": "mlp.initializers.Auto"},
    "optimizer": {"_target_": "mlp.optimizers.SGD"},
    "schedule": {"_target_": "mlp.schedules.Constant"},
    "training": {"_target_": "mlp.training.Training", "batch_size": 4},
    "seed": 0,
}
"""The config of a run with small batches; what it trains on is to be set."""


def table(x: np.ndarray, y: Any, names: list[str] | None = None) -> pd.DataFrame:
    """Inputs x (n, features) as the columns f0, f1, … (or these names) of a table, y as its label."""
    return pd.DataFrame(x, columns=names or [f"f{i}" for i in range(x.shape[1])]).assign(label=y)
