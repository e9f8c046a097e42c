"""Special functions in place, in forms that cannot overflow: sigmoid, softplus, softmax and its Jacobian."""

import numpy as np
from numpy import absolute, add, divide, exp, log, log1p, maximum, multiply, negative, subtract, tanh, vecdot

from mlp.workspace import Array, Workspace


def sigmoid(z: Array, out: Array) -> None:
    """Write 1 / (1 + e^−z) = (1 + tanh(z / 2)) / 2; out may be z."""
    multiply(z, 0.5, out)
    tanh(out, out)
    multiply(out, 0.5, out)
    add(out, 0.5, out)


def softplus(z: Array, out: Array, spare: Array) -> None:
    """Write log(1 + e^z) = max(z, 0) + log(1 + e^−|z|); spare is overwritten; three distinct arrays."""
    absolute(z, spare)
    negative(spare, spare)
    exp(spare, spare)
    log1p(spare, spare)
    maximum(z, 0.0, out=out)
    add(out, spare, out)


def softmax(z: Array, shifted: Array, p: Array, work: Workspace) -> Array:
    """Write z − max z and p, the softmax of each row z; return log Σ_k e^(z_k − max z), shape (batch, 1).

    z, shifted, p: (batch, classes); shifted may be the same array as either of the others. With the row
    maximum taken off, every exponent is <= 0 and the sum is >= 1: neither exp nor log can overflow, and
    log p = shifted − log Σ is exact where the logarithm of p itself would be −inf. A difference beyond the
    range of the dtype counts as the lowest number in it, so that shifted is finite for any finite z. Of
    infinite z, −inf counts the same; a row with +inf or NaN in it, or of −inf alone, becomes NaN.
    """
    norm, column, lowest = work.made(softmax_scratch, len(z))
    with np.errstate(over="ignore", invalid="ignore"):  # see above
        softmax_unguarded(z, shifted, p, norm, column, lowest)
    return column


def softmax_scratch(work: Workspace, batch: int) -> tuple[Array, Array, Array]:
    """Return an array (batch,), the same as a column (batch, 1), and the lowest number of the dtype."""
    norm = work("softmax", (batch,))
    return norm, norm[:, np.newaxis], work.numbers(float(np.finfo(work.dtype).min))[0]


def softmax_unguarded(z: Array, shifted: Array, p: Array, norm: Array, column: Array, lowest: Array) -> None:
    """Do what softmax does, in the scratch arrays that it is given; log Σ_k is left in norm and column.

    NumPy's warnings of overflow and of invalid values are for the caller to turn off: that takes 0.7 µs, so
    that a training loop does it once.
    """
    maximum.reduce(z, axis=1, out=norm)
    subtract(z, column, shifted)
    maximum(shifted, lowest, out=shifted)
    exp(shifted, p)
    add.reduce(p, axis=1, out=norm)
    divide(p, column, p)
    log(norm, norm)


def softmax_backward(delta: Array, p: Array, work: Workspace) -> None:
    """Turn delta = dL/dp into dL/dz in place, for p = softmax(z); both (batch, classes).

    ∂p_j/∂z_k = p_j (1[j = k] − p_k), so dL/dz_k = p_k (delta_k − Σ_j delta_j p_j).
    """
    column = work("softmax", (len(delta), 1))
    vecdot(delta, p, out=column[:, 0])
    subtract(delta, column, delta)
    multiply(delta, p, delta)
