"""Figures of merit that are reported, not trained on."""

import numpy as np

from mlp.batches import Batches
from mlp.network import Network
from mlp.workspace import Array


def predicted(network: Network, batches: Batches, size: int) -> Array:
    """Return the class that a network gives each example, (examples,), in the data set's own order.

    They are shown in the batches of `size` in which all are evaluated: the share of correct ones is the very
    accuracy that `Trainer.evaluate` returns, for other batches may round an undecided example the other way.
    """
    order, given = batches.longest_first, []
    for inputs, _, _ in batches.split(size, order):
        given.append(network.forward(inputs).argmax(axis=1))
    found = np.empty(len(batches), dtype=np.intp)
    found[order] = np.concatenate(given)
    return found


def predicted_of(network: Network, batches: Batches, size: int, rows: Array) -> tuple[Array, Array]:
    """Return the classes that a network gives these rows, and the true ones, in one order; (rows,) each.

    The rows are shown as `Trainer.evaluate` shows them.
    """
    given, true = [], []
    for inputs, _, labels in batches.split(size, rows):
        given.append(network.forward(inputs).argmax(axis=1))
        true.append(labels.copy())
    return np.concatenate(given), np.concatenate(true)


def correct(network: Network, batches: Batches, size: int) -> Array:
    """Return which examples a network classifies correctly, (examples,) bool, in the data set's own order."""
    right: Array = predicted(network, batches, size) == batches.y
    return right


def balanced_accuracy(given: Array, true: Array) -> float:
    """Return the mean over the classes of the share of their examples that were recognised, in [0, 1].

    given, true: (examples,) classes from 0. Classes without an example have no part in it (Brodersen et al.
    2010).
    """
    right, _, all_true = _counts(given, true)
    return float((right[all_true > 0] / all_true[all_true > 0]).mean())


def macro_f1(given: Array, true: Array) -> float:
    """Return the mean over the classes of F1, 2 · right / (given + true), in [0, 1].

    given, true: (examples,) classes from 0. Classes that no example has or was given have no part in it.
    """
    right, all_given, all_true = _counts(given, true)
    there = (all_given + all_true) > 0
    return float((2 * right[there] / (all_given + all_true)[there]).mean())


def majority_accuracy(trained: Array, true: Array) -> float:
    """Return the accuracy of always naming the most common class of the training examples, in [0, 1]."""
    return float((true == np.bincount(trained).argmax()).mean())


def _counts(given: Array, true: Array) -> tuple[Array, Array, Array]:
    """Return for each class how many examples were recognised, were given it, and have it."""
    classes = int(max(given.max(), true.max())) + 1
    right, all_given, all_true = (
        np.bincount(each, minlength=classes) for each in (true[given == true], given, true)
    )
    return right, all_given, all_true


def hamming_loss(predicted: Array, true: Array) -> float:
    """Return the share of labels that differ (Hamming 1950), in [0, 1].

    Class labels (batch,) give the error rate, 1 − accuracy; rows of yes-or-no labels (batch, classes) give
    the share of wrong entries. ValueError if the shapes differ.
    """
    if predicted.shape != true.shape:
        raise ValueError(f"predicted labels {predicted.shape} and true labels {true.shape} differ in shape")
    return float(np.mean(predicted != true))
