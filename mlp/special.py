"""Softmax in place, in a form that cannot overflow: shared by the losses and the softmax activation."""

import numpy as np

from mlp.workspace import Array, Workspace


def softmax(logits: Array, shifted: Array, probabilities: Array, work: Workspace) -> Array:
    """Write z − max z and p = softmax z of each row; return log Σ_k exp(z_k − max z), shape (batch, 1).

    logits, shifted, probabilities: (batch, classes); shifted may be the same array as either of the others.
    With the row maximum taken off, every exponent is <= 0 and the sum is >= 1: neither exp nor log can
    overflow, and log p = shifted − log Σ is exact where log(softmax(z)) would be −inf.
    """
    column = work("softmax", (len(logits), 1))
    np.maximum.reduce(logits, axis=1, keepdims=True, out=column)
    np.subtract(logits, column, out=shifted)
    np.exp(shifted, out=probabilities)
    np.add.reduce(probabilities, axis=1, keepdims=True, out=column)
    np.divide(probabilities, column, out=probabilities)
    return np.log(column, out=column)


def softmax_backward(delta: Array, probabilities: Array, work: Workspace) -> None:
    """Turn delta = dL/dp into dL/dz in place, for p = softmax(z); both (batch, classes).

    ∂p_j/∂z_k = p_j (1[j = k] − p_k), so dL/dz_k = p_k (delta_k − Σ_j delta_j p_j).
    """
    column = work("softmax", (len(delta), 1))
    np.vecdot(delta, probabilities, out=column[:, 0])
    np.subtract(delta, column, out=delta)
    np.multiply(delta, probabilities, out=delta)
