"""Special functions in place, in forms that cannot overflow: sigmoid, softplus, softmax and its Jacobian."""

from functools import cache
from typing import Any

import numpy as np

from mlp.workspace import Array, Workspace


def sigmoid(z: Array, out: Array) -> None:
    """Write 1 / (1 + e^−z) = (1 + tanh(z / 2)) / 2; out may be z."""
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    np.multiply(out, 0.5, out=out)
    np.add(out, 0.5, out=out)


def softplus(z: Array, out: Array, spare: Array) -> None:
    """Write log(1 + e^z) = max(z, 0) + log(1 + e^−|z|); spare is overwritten; three distinct arrays."""
    np.absolute(z, out=spare)
    np.negative(spare, out=spare)
    np.exp(spare, out=spare)
    np.log1p(spare, out=spare)
    np.maximum(z, 0.0, out=out)
    np.add(out, spare, out=out)


def softmax(z: Array, shifted: Array, p: Array, work: Workspace) -> Array:
    """Write z − max z and p, the softmax of each row z; return log Σ_k e^(z_k − max z), shape (batch, 1).

    z, shifted, p: (batch, classes); shifted may be the same array as either of the others. With the row
    maximum taken off, every exponent is <= 0 and the sum is >= 1: neither exp nor log can overflow, and
    log p = shifted − log Σ is exact where the logarithm of p itself would be −inf. A difference beyond the
    range of the dtype counts as the lowest number in it, so that shifted is finite for any finite z. Of
    infinite z, −inf counts the same; a row with +inf or NaN in it, or of −inf alone, becomes NaN.
    """
    column = work("softmax", (len(z), 1))
    np.maximum.reduce(z, axis=1, keepdims=True, out=column)
    with np.errstate(over="ignore", invalid="ignore"):  # see above
        np.subtract(z, column, out=shifted)
    (lowest,) = work.numbers(_lowest(shifted.dtype))
    np.maximum(shifted, lowest, out=shifted)
    np.exp(shifted, out=p)
    np.add.reduce(p, axis=1, keepdims=True, out=column)
    np.divide(p, column, out=p)
    np.log(column, out=column)
    return column


@cache
def _lowest(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).min)


def softmax_backward(delta: Array, p: Array, work: Workspace) -> None:
    """Turn delta = dL/dp into dL/dz in place, for p = softmax(z); both (batch, classes).

    ∂p_j/∂z_k = p_j (1[j = k] − p_k), so dL/dz_k = p_k (delta_k − Σ_j delta_j p_j).
    """
    column = work("softmax", (len(delta), 1))
    np.vecdot(delta, p, out=column[:, 0])
    np.subtract(delta, column, out=delta)
    np.multiply(delta, p, out=delta)
