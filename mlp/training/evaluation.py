"""What trained networks are worth: loss and accuracy over many rows, and statistics of their layers."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlp.batches import Batches
from mlp.layers import Elementwise
from mlp.losses.loss import scratch_like
from mlp.network import Network
from mlp.workspace import Array

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer

EVALUATION_BATCH = 500
"""Rows per forward pass when no gradient is wanted: large enough to be fast, small enough for the cache."""


def evaluate(
    runs: Sequence["Trainer"], batches: Batches, rows: Array | None = None
) -> list[tuple[float, float]]:
    """Return each run's mean loss per example and accuracy over these rows (all by default).

    All runs are shown a batch before the next is made; each has the figures that it would have alone.
    Where an output is not finite the loss is NaN, whatever the loss makes of it.
    """
    count = len(batches) if rows is None else len(rows)
    total_loss, correct = [0.0] * len(runs), [0] * len(runs)
    for inputs, targets, labels in batches.split(EVALUATION_BATCH, rows):
        for i, run in enumerate(runs):
            logits, work = run.network.forward(inputs), run.network.work
            values = run.loss(logits, targets, scratch_like(logits, "grad", work), work)
            total_loss[i] += float(values.sum())
            correct[i] += int(np.count_nonzero(logits.argmax(axis=1) == labels))
            if not np.isfinite(logits).all():
                total_loss[i] = math.nan
    return [(loss / count, right / count) for loss, right in zip(total_loss, correct, strict=True)]


def layer_stats(network: Network) -> dict[str, float]:
    """Return, for each layer, the norm of its last weight gradient, and its share of dead units.

    A unit is dead where its slope is below 1e-3 on every example of the last batch that was evaluated: then
    nothing that it is shown moves its weights.
    """
    linear = [layer for layer in network.layers if "weight" in layer.grads]
    active = [layer for layer in network.layers if isinstance(layer, Elementwise)]
    norms = {f"grad_norm_{i}": l2_norm(layer.grads["weight"]) for i, layer in enumerate(linear, 1)}
    dead = {
        f"dead_{i}": float((abs(layer.slope).max(axis=0) < 1e-3).mean()) for i, layer in enumerate(active, 1)
    }
    return norms | dead


def l2_norm(array: Array) -> float:
    """Return the square root of the sum of squares; in float64 where it is beyond the array's own range."""
    norm = float(np.linalg.norm(array))
    return norm if math.isfinite(norm) else float(np.linalg.norm(array.astype(np.float64)))
