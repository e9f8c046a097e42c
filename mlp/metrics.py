"""Figures of merit that are reported, not trained on."""

import numpy as np

from mlp.workspace import Array


def hamming_loss(predicted: Array, true: Array) -> float:
    """Return the share of labels that differ (Hamming 1950), in [0, 1].

    Class labels (batch,) give the error rate, 1 − accuracy; rows of yes-or-no labels (batch, classes) give
    the share of wrong entries. ValueError if the shapes differ.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"predicted labels {predicted.shape} and true labels {true.shape} differ in shape")
    return float(np.mean(predicted != true))
