"""An epoch of L-BFGS: no steps over batches, but one search for the least loss over all examples."""

import math
from typing import TYPE_CHECKING

import numpy as np

from mlp.losses.loss import scratch_like
from mlp.optimizers import LBFGS
from mlp.training.evaluation import EVALUATION_BATCH, l2_norm
from mlp.workspace import Array

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


def search(run: "Trainer", epoch: int, minimizer: LBFGS) -> tuple[float, float, float]:
    """Let L-BFGS search with the loss over all examples; return loss, accuracy, gradient norm there."""
    network, rows, whole = run.network, run.train_rows, np.empty_like(run.network.grads)
    alone = run.normalises and len(rows) % EVALUATION_BATCH == 1
    size = EVALUATION_BATCH - 1 if alone else EVALUATION_BATCH

    def value_and_grad() -> tuple[float, Array]:
        run.reseed_dropout(epoch)
        whole.fill(0.0)
        total_loss = 0.0
        for inputs, targets, _ in run.train.split(size, rows):
            logits = network.forward(inputs, train=True)
            grad = scratch_like(logits, "grad", network.work)
            total_loss += float(run.loss(logits, targets, grad, network.work).sum())
            network.backward(grad)
            share = len(targets) / len(rows) if run.loss.reduction == "mean" else 1.0
            np.add(whole, share * network.grads, out=whole)
        return (total_loss / len(rows) if run.loss.reduction == "mean" else total_loss), whole

    minimizer.minimize(value_and_grad, network.params, weights=network.weights)
    norm = l2_norm(whole)
    if not math.isfinite(norm):  # the search may have looked there last, and gone back
        value_and_grad()
        norm = l2_norm(whole)
    loss, accuracy = run.evaluate(run.train, rows)
    return loss, accuracy, norm
