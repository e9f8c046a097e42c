"""The activations: slopes are derivatives, extremes stay finite, nothing is allocated."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import erf, expit

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
from mlp.workspace import Array, Workspace
from tests.support.scratch import UFUNC_BUFFERS, PoisonedWorkspace, allocated

ELEMENTWISE = [
    ReLU(),
    LeakyReLU(),
    LeakyReLU(negative_slope=0.3),
    ELU(),
    ELU(alpha=0.5),
    SELU(),
    Swish(),
    Swish(beta=1.7),
    GELU(),
    GELUExact(),
    HardSwish(),
    Mish(),
    Tanh(),
    Sigmoid(),
    Softplus(),
    Identity(),
]
ALL = [*ELEMENTWISE, Softmax()]
KINKS = np.array([-3.0, 0.0, 3.0])

FORMULAS: dict[Activation, Callable[[Array], Array]] = {
    ReLU(): lambda z: np.where(z > 0, z, 0),
    LeakyReLU(): lambda z: np.where(z > 0, z, 0.01 * z),
    ELU(alpha=0.5): lambda z: np.where(z > 0, z, 0.5 * (np.exp(np.minimum(z, 0)) - 1)),
    SELU(): lambda z: (
        1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))
    ),
    Swish(beta=1.7): lambda z: z * expit(1.7 * z),
    GELU(): lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    GELUExact(): lambda z: 0.5 * z * (1 + erf(z / np.sqrt(2))),
    HardSwish(): lambda z: z * np.clip(z + 3, 0, 6) / 6,
    Mish(): lambda z: z * np.tanh(np.logaddexp(0, z)),
    Tanh(): np.tanh,
    Sigmoid(): expit,
    Softplus(): lambda z: np.logaddexp(0, z),
    Identity(): lambda z: z,
    Softmax(): lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
}


def apply(activation: Activation, z: Array) -> tuple[Array, Array]:
    """Value and slope at z (batch, width), from scratch arrays that start as NaN."""
    work = PoisonedWorkspace(z.dtype)
    value, slope = np.full_like(z, np.nan), np.full_like(z, np.nan)
    activation(z.copy(), value, slope, work)
    return value, slope


def away_from_kinks(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    z = 3.0 * rng.standard_normal(shape)
    for kink in KINKS:
        z[np.abs(z - kink) < 1e-3] += 0.01
    return z


@pytest.mark.parametrize("activation", FORMULAS, ids=repr)
def test_value_is_the_textbook_formula(activation: Activation) -> None:
    z = 4.0 * np.random.default_rng(0).standard_normal((30, 20))
    np.testing.assert_allclose(apply(activation, z)[0], FORMULAS[activation](z), rtol=1e-12, atol=1e-14)


def test_every_activation_has_its_formula_here() -> None:
    assert {type(activation) for activation in FORMULAS} == {type(activation) for activation in ALL}


@pytest.mark.parametrize("activation", ALL, ids=repr)
def test_backward_is_the_derivative_along_random_directions(activation: Activation) -> None:
    rng = np.random.default_rng(1)
    z, delta = away_from_kinks(rng, (7, 9)), rng.standard_normal((7, 9))
    value, slope = apply(activation, z)
    gradient = delta.copy()
    activation.backward(gradient, value, slope, Workspace(z.dtype))
    for _ in range(5):
        direction = rng.standard_normal(z.shape)
        step = 1e-5 * direction
        change = (apply(activation, z + step)[0] - apply(activation, z - step)[0]) / 2e-5
        np.testing.assert_allclose(np.vdot(gradient, direction), np.vdot(delta, change), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("activation", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_stay_finite_without_a_warning(activation: Activation, dtype: type) -> None:
    row = [-1e4, -100.0, -88.0, -20.0, -3.0, -1e-30, 0.0, 1e-30, 3.0, 20.0, 88.0, 100.0, 1e4]
    z: Array
    for z in (np.array([row, row[::-1]], dtype), np.zeros((1, 5), dtype), np.full((1, 1), 1e4, dtype)):
        value, slope = apply(activation, z)
        assert np.isfinite(value).all()
        assert np.isfinite(slope).all()
        gradient: Array = np.ones_like(z)
        activation.backward(gradient, value, slope, Workspace(dtype))
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("activation", ALL, ids=repr)
def test_float32_is_float64_up_to_rounding(activation: Activation) -> None:
    z = np.linspace(-12.0, 12.0, 400).reshape(8, 50)
    for single, double in zip(apply(activation, z.astype(np.float32)), apply(activation, z), strict=True):
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, rtol=2e-6, atol=4e-6)


@pytest.mark.parametrize("activation", [ReLU(), Swish(), GELU(), GELUExact(), HardSwish(), Mish()], ids=repr)
def test_gates_are_open_far_right_and_shut_far_left(activation: Activation) -> None:
    value, slope = apply(activation, np.array([[-1e4, 1e4]], np.float32))
    np.testing.assert_array_equal(value, [[0.0, 1e4]])
    np.testing.assert_array_equal(slope, [[0.0, 1.0]])


@pytest.mark.parametrize("activation", ALL, ids=repr)
def test_repeated_calls_allocate_no_arrays(activation: Activation) -> None:
    rng = np.random.default_rng(2)
    z = rng.standard_normal((400, 256)).astype(np.float32)
    value, slope, delta, work = np.empty_like(z), np.empty_like(z), np.ones_like(z), Workspace(np.float32)

    def step() -> None:
        activation(z, value, slope, work)
        activation.backward(delta, value, slope, work)

    held, peak = allocated(step)
    assert held < 4096
    assert peak < UFUNC_BUFFERS < z.nbytes


def test_softmax_rows_add_up_to_one_and_the_gradient_along_a_constant_is_zero() -> None:
    z = np.random.default_rng(3).standard_normal((6, 11))
    value, slope = apply(Softmax(), z)
    np.testing.assert_allclose(value.sum(axis=1), 1.0)
    delta = np.random.default_rng(4).standard_normal(z.shape)
    Softmax().backward(delta, value, slope, Workspace(np.float64))
    np.testing.assert_allclose(delta.sum(axis=1), 0.0, atol=1e-14)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    value, _ = apply(SELU(), np.random.default_rng(5).standard_normal((2000, 500)))
    assert value.mean() == pytest.approx(0.0, abs=0.01)
    assert value.var() == pytest.approx(1.0, abs=0.01)


def test_maxout_takes_the_largest_piece_and_its_slope_picks_it() -> None:
    z = np.random.default_rng(6).standard_normal((3, 5, 4))
    value, slope = np.empty((5, 4)), np.empty_like(z)
    Maxout(pieces=3)(z, value, slope, PoisonedWorkspace(np.float64))
    np.testing.assert_array_equal(value, z.max(axis=0))
    np.testing.assert_array_equal(slope.argmax(axis=0), z.argmax(axis=0))
    np.testing.assert_array_equal(np.sort(slope, axis=0)[-1], 1.0)
    np.testing.assert_array_equal(slope.sum(axis=0), 1.0)


def test_maxout_pieces_that_tie_share_the_slope() -> None:
    value, slope = np.empty((2, 3)), np.empty((4, 2, 3))
    Maxout(pieces=4)(np.zeros((4, 2, 3)), value, slope, Workspace(np.float64))
    np.testing.assert_array_equal(slope, 0.25)
