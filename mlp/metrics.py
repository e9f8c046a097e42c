"""Figures of merit that are reported, not trained on."""

import numpy as np

from mlp.batches import Batches
from mlp.network import Network
from mlp.workspace import Array


def correct(network: Network, batches: Batches, size: int) -> Array:
    """Return which examples a network classifies correctly, (examples,) bool, in the data set's own order.

    They are shown in the batches of `size` in which all are evaluated: the mean is the very accuracy that
    `Trainer.evaluate` returns, for other batches may round an undecided example the other way.
    """
    order, right = batches.longest_first, []
    for inputs, _, labels in batches.split(size, order):
        right.append(network.forward(inputs).argmax(axis=1) == labels)
    found = np.empty(len(batches), dtype=bool)
    found[order] = np.concatenate(right)
    return found


def hamming_loss(predicted: Array, true: Array) -> float:
    """Return the share of labels that differ (Hamming 1950), in [0, 1].

    Class labels (batch,) give the error rate, 1 − accuracy; rows of yes-or-no labels (batch, classes) give
    the share of wrong entries. ValueError if the shapes differ.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"predicted labels {predicted.shape} and true labels {true.shape} differ in shape")
    return float(np.mean(predicted != true))
