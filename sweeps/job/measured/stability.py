"""Whether the losses with softmax ever give a value or gradient that is not finite, up to logits of 1e38."""

import numpy as np
import pandas as pd

from mlp.losses import Hinge, Loss, one_hot
from mlp.workspace import Workspace
from sweeps.job.measured.start import component

EXAMPLES, CLASSES, SEEDS = 1000, 10, range(5)
MAGNITUDES = [10.0**power for power in range(39)]


def measure() -> pd.DataFrame:
    """Return one row for each loss and seed: `nonfinite` counts values and gradients, in float32."""
    losses: dict[str, Loss] = {
        name: component("loss", name) for name in ("softmax_ce", "focal", "kldiv", "nll")
    }
    losses["hinge of softmax"] = Hinge(softmax=True)
    rows = [
        {"loss": name, "seed": seed, "nonfinite": sum(nonfinite(loss, seed, size) for size in MAGNITUDES)}
        for name, loss in losses.items()
        for seed in SEEDS
    ]
    return pd.DataFrame(rows)


def nonfinite(loss: Loss, seed: int, size: float) -> int:
    """Return how many values and gradients are not finite, for logits drawn evenly from ± size."""
    rng = np.random.default_rng(seed)
    logits = (size * rng.uniform(-1, 1, (EXAMPLES, CLASSES))).astype(np.float32)
    targets = one_hot(rng.integers(CLASSES, size=EXAMPLES), CLASSES, np.float32)
    grad = np.empty_like(logits)
    values = loss(logits, targets, grad, Workspace())
    return int((~np.isfinite(values)).sum() + (~np.isfinite(grad)).sum())
