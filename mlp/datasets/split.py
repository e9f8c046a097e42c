"""Stratified splits: every class has its share of the test examples, as nearly as whole numbers allow."""

import numpy as np

from mlp.randomness import Stream, generator
from mlp.workspace import Array


def test_counts(sizes: Array, share: float) -> Array:
    """Return how many examples of each class (classes,) go to the test set: `share` of them all.

    What whole numbers leave over goes to the largest fractions, of equal ones to the first classes. Every
    class keeps an example to train on. The seed has no part in it, so all splits are of one size.
    """
    exact = sizes * share
    counts = np.floor(exact).astype(np.intp)
    left = round(float(exact.sum())) - int(counts.sum())
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: max(left, 0)]] += 1
    found: Array = np.minimum(counts, np.maximum(sizes - 1, 0))
    return found


test_counts.__test__ = False  # type: ignore[attr-defined]  # for pytest, which takes the name for a test


def stratified(classes: Array, share: float, seed: int) -> tuple[Array, Array]:
    """Return the rows to train and to test on, each in an order drawn from the seed.

    classes: (n,) integers from 0. A beginning of the training rows is a random part of them.
    """
    order = generator(seed, Stream.TEST_SPLIT).permutation(len(classes))
    wanted = test_counts(np.bincount(classes), share)
    place = np.empty(len(classes), dtype=np.intp)  # of each example among those of its class, as drawn
    for label in range(len(wanted)):
        own = order[classes[order] == label]
        place[own] = np.arange(len(own))
    tested = place[order] < wanted[classes[order]]
    return order[~tested], order[tested]
