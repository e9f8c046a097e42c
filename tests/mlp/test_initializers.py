"""The initialisers: the variance they promise, and draws that are paired across them."""

from math import sqrt

import numpy as np
import pytest

from mlp.activations import ELU, GELU, SELU, Activation, Identity, Maxout, ReLU, Sigmoid, Softmax, Tanh
from mlp.initializers import Auto, He, Initializer, LeCun, Normal, Uniform, VarianceScaling, Xavier, Zero
from mlp.workspace import Array, Workspace

FAN_IN, FAN_OUT = 300, 200
STD = {He: sqrt(2 / 300), Xavier: sqrt(2 / 500), LeCun: sqrt(1 / 300)}


def draw(init: Initializer, seed: int = 0, activation: Activation | None = None) -> Array:
    rng = np.random.default_rng(seed)
    return init(FAN_IN, FAN_OUT, rng=rng, activation=activation or ReLU())


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("rule", STD)
def test_mean_is_zero_and_variance_is_the_rule(rule: type[VarianceScaling], distribution: str) -> None:
    weights = draw(rule(distribution=distribution))
    assert weights.shape == (FAN_IN, FAN_OUT)
    assert weights.dtype == np.float64
    assert weights.mean() == pytest.approx(0.0, abs=4 * STD[rule] / sqrt(weights.size))
    assert weights.std() == pytest.approx(STD[rule], rel=0.02)


@pytest.mark.parametrize("rule", STD)
def test_uniform_draws_fill_their_interval(rule: type[VarianceScaling]) -> None:
    bound = sqrt(3) * STD[rule]
    assert np.abs(draw(rule(distribution="uniform"))).max() == pytest.approx(bound, rel=1e-3)
    assert np.abs(draw(rule(distribution="uniform"))).max() < bound


def test_fixed_scales_and_zero_are_what_they_say() -> None:
    assert draw(Normal(std=0.3)).std() == pytest.approx(0.3, rel=0.02)
    assert np.abs(draw(Uniform(bound=0.2))).max() == pytest.approx(0.2, rel=1e-3)
    np.testing.assert_array_equal(draw(Zero()), 0.0)


@pytest.mark.parametrize(
    "family",
    [
        [He(), Xavier(), LeCun(), Auto(), Normal()],
        [rule(distribution="uniform") for rule in (He, Xavier, LeCun, Auto)] + [Uniform()],
    ],
)
def test_one_seed_draws_the_same_numbers_up_to_scale(family: list[Initializer]) -> None:
    first, *others = [draw(init) / draw(init).std() for init in family]
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-12)


def test_the_generator_decides() -> None:
    np.testing.assert_array_equal(draw(He(), seed=1), draw(He(), seed=1))
    assert not np.array_equal(draw(He(), seed=1), draw(He(), seed=2))


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize(
    ("activation", "rule"),
    [
        (SELU(), LeCun),
        (Tanh(), Xavier),
        (Sigmoid(), Xavier),
        (Softmax(), Xavier),
        (Identity(), Xavier),
        (ReLU(), He),
        (ELU(), He),
        (GELU(), He),
        (Maxout(), He),
    ],
)
def test_auto_is_the_rule_that_suits_the_activation(
    activation: Activation, rule: type[VarianceScaling], distribution: str
) -> None:
    auto = draw(Auto(distribution=distribution), activation=activation)
    np.testing.assert_array_equal(auto, draw(rule(distribution=distribution)))


@pytest.mark.parametrize(("init", "activation"), [(He(), ReLU()), (LeCun(), SELU()), (Xavier(), Tanh())])
def test_the_signal_survives_ten_layers(init: Initializer, activation: Activation) -> None:
    rng = np.random.default_rng(7)
    signal = rng.standard_normal((200, 200))
    for _ in range(10):
        z = signal @ init(200, 200, rng=rng, activation=activation)
        signal = np.empty_like(z)
        activation(z, signal, np.empty_like(z), Workspace(z.dtype))
    assert 0.1 < np.sqrt(np.mean(signal**2)) < 2.0
