"""The reported metrics."""

import numpy as np
import pytest

from mlp.losses import one_hot
from mlp.metrics import hamming_loss


def test_hamming_loss_of_class_labels_is_the_error_rate() -> None:
    assert hamming_loss(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2])) == 0.25
    assert hamming_loss(np.array([3]), np.array([3])) == 0.0


def test_hamming_loss_of_one_hot_rows_counts_both_wrong_entries() -> None:
    predicted, true = one_hot(np.array([0, 1, 2, 2]), 4), one_hot(np.array([0, 1, 1, 2]), 4)
    assert hamming_loss(predicted, true) == 2 / 16


def test_hamming_loss_compares_like_with_like() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        hamming_loss(np.zeros(3), np.zeros((3, 2)))
