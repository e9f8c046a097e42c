"""The activations against PyTorch: values and gradients in float64."""

from typing import Any

import numpy as np
import pytest

from mlp.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    GELUExact,
    HardSwish,
    Identity,
    LeakyReLU,
    Maxout,
    Mish,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Swish,
    Tanh,
)
from mlp.workspace import Workspace

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional
pytestmark = pytest.mark.parity

PAIRS = [
    (ReLU(), F.relu),
    (LeakyReLU(negative_slope=0.2), lambda z: F.leaky_relu(z, 0.2)),
    (ELU(), F.elu),
    (ELU(alpha=0.7), lambda z: F.elu(z, 0.7)),
    (SELU(), F.selu),
    (Swish(), F.silu),
    (Swish(beta=1.5), lambda z: z * torch.sigmoid(1.5 * z)),
    (GELU(), lambda z: F.gelu(z, approximate="tanh")),
    (GELUExact(), F.gelu),
    (HardSwish(), F.hardswish),
    (Mish(), F.mish),
    (Tanh(), torch.tanh),
    (Sigmoid(), torch.sigmoid),
    (Softplus(), F.softplus),
    (Softmax(), lambda z: F.softmax(z, dim=1)),
    (Identity(), lambda z: z * 1.0),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[repr(ours) for ours, _ in PAIRS])
@pytest.mark.parametrize("scale", [1.0, 10.0, 1e4])
def test_value_and_gradient(ours: Activation, theirs: Any, scale: float) -> None:
    rng = np.random.default_rng(0)
    z, delta = scale * rng.standard_normal((50, 30)), rng.standard_normal((50, 30))
    tensor = torch.tensor(z, requires_grad=True)
    expected = theirs(tensor)
    expected.backward(torch.tensor(delta))

    value, slope, work = np.empty_like(z), np.empty_like(z), Workspace(np.float64)
    ours(z, value, slope, work)
    ours.backward(delta, value, slope, work)
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(delta, tensor.grad.numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("tied", [False, True])
def test_maxout_is_amax_over_the_pieces(tied: bool) -> None:
    rng = np.random.default_rng(1)
    z = rng.integers(0, 2, (3, 20, 10)).astype(float) if tied else rng.standard_normal((3, 20, 10))
    tensor = torch.tensor(z, requires_grad=True)
    expected = tensor.amax(dim=0)
    expected.sum().backward()
    value, slope = np.empty((20, 10)), np.empty_like(z)
    Maxout(pieces=3)(z, value, slope, Workspace(np.float64))
    np.testing.assert_array_equal(value, expected.detach().numpy())
    np.testing.assert_allclose(slope, tensor.grad.numpy(), rtol=1e-15)
