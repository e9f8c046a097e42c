"""The optimisers: their update rules written out again, penalties on weights only, states that resume."""

from dataclasses import replace
from functools import partial
from math import sqrt

import numpy as np
import pytest

from mlp.optimizers import LBFGS, SGD, Adagrad, Adam, AdamW, Nesterov, Optimizer, RMSprop
from mlp.workspace import Array, Workspace
from tests.support.scratch import UFUNC_BUFFERS, PoisonedWorkspace, allocated

STEPWISE = [SGD(), Nesterov(), Adagrad(), RMSprop(), RMSprop(momentum=0.5), Adam(), AdamW()]
PLAIN = [replace(optimizer, weight_decay=0.0) for optimizer in STEPWISE]
SIZE, WEIGHTS = 12, 9


def run(
    optimizer: Optimizer, gradients: Array, start: Array, lr: float = 0.1, weights: int = WEIGHTS
) -> Array:
    """Parameters after a step along each row of gradients (steps, parameters)."""
    params, work = start.copy(), PoisonedWorkspace(start.dtype)
    state = optimizer.init(params)
    for gradient in gradients:
        optimizer.updater(params, gradient.copy(), state, lr=lr, weights=weights, work=work)()
    return params


def by_the_book(optimizer: Optimizer, gradients: Array, w: float, lr: float = 0.1) -> float:
    """One parameter after these gradients, by the published rule."""
    v = s = 0.0
    for t, g in enumerate(map(float, gradients), start=1):
        match optimizer:
            case Nesterov(momentum=mu):
                v = mu * v + g
                w -= lr * (g + mu * v)
            case SGD(momentum=mu):
                v = mu * v + g
                w -= lr * v
            case Adagrad(eps=eps):
                s += g * g
                w -= lr * g / (sqrt(s) + eps)
            case RMSprop(rho=rho, momentum=mu, eps=eps):
                s = rho * s + (1 - rho) * g * g
                v = mu * v + g / (sqrt(s) + eps)
                w -= lr * v
            case Adam(beta1=b1, beta2=b2, eps=eps):
                v = b1 * v + (1 - b1) * g
                s = b2 * s + (1 - b2) * g * g
                w -= lr * (v / (1 - b1**t)) / (sqrt(s / (1 - b2**t)) + eps)
    return w


@pytest.fixture
def gradients() -> Array:
    return np.random.default_rng(0).standard_normal((20, SIZE))


@pytest.fixture
def start() -> Array:
    return np.random.default_rng(1).standard_normal(SIZE)


@pytest.mark.parametrize("optimizer", PLAIN, ids=repr)
def test_twenty_steps_follow_the_published_rule(optimizer: Optimizer, gradients: Array, start: Array) -> None:
    expected = [by_the_book(optimizer, gradients[:, i], float(start[i])) for i in range(SIZE)]
    np.testing.assert_allclose(run(optimizer, gradients, start), expected, rtol=1e-10)


@pytest.mark.parametrize("optimizer", [o for o in STEPWISE if not isinstance(o, AdamW)], ids=repr)
def test_weight_decay_and_l1_are_part_of_the_gradient_of_weights(
    optimizer: Optimizer, gradients: Array, start: Array
) -> None:
    penalised = replace(optimizer, weight_decay=0.3, l1=0.2)
    plain = replace(optimizer, weight_decay=0.0, l1=0.0)
    first = gradients[:1].copy()
    stepped = run(penalised, first, start)
    first[0, :WEIGHTS] += 0.3 * start[:WEIGHTS] + 0.2 * np.sign(start[:WEIGHTS])
    np.testing.assert_allclose(stepped, run(plain, first, start), rtol=1e-12)


def test_adamw_shrinks_weights_by_lr_times_weight_decay_whatever_the_gradient(
    gradients: Array, start: Array
) -> None:
    shrunk = run(AdamW(weight_decay=0.5), np.zeros((1, SIZE)), start)
    np.testing.assert_allclose(shrunk[:WEIGHTS], start[:WEIGHTS] * (1 - 0.1 * 0.5), rtol=1e-14)
    np.testing.assert_array_equal(shrunk[WEIGHTS:], start[WEIGHTS:])
    both = run(AdamW(weight_decay=0.5), gradients[:1], start)
    adam = run(Adam(), gradients[:1], start)
    np.testing.assert_allclose(both[:WEIGHTS], adam[:WEIGHTS] - 0.05 * start[:WEIGHTS], rtol=1e-12)


@pytest.mark.parametrize("optimizer", STEPWISE, ids=repr)
def test_biases_are_never_penalised(optimizer: Optimizer, gradients: Array, start: Array) -> None:
    penalised = run(replace(optimizer, weight_decay=0.3, l1=0.2), gradients, start)
    plain = run(replace(optimizer, weight_decay=0.0, l1=0.0), gradients, start)
    np.testing.assert_array_equal(penalised[WEIGHTS:], plain[WEIGHTS:])
    assert (penalised[:WEIGHTS] != plain[:WEIGHTS]).all()


@pytest.mark.parametrize("optimizer", STEPWISE, ids=repr)
def test_a_copied_state_goes_on_bit_for_bit(optimizer: Optimizer, gradients: Array, start: Array) -> None:
    params, work = start.copy(), Workspace(np.float64)
    state = optimizer.init(params)
    for i, gradient in enumerate(gradients):
        if i == 7:
            params, work = params.copy(), Workspace(np.float64)
            state = {name: array.copy() for name, array in state.items()}
        optimizer.updater(params, gradient.copy(), state, lr=0.1, weights=WEIGHTS, work=work)()
    np.testing.assert_array_equal(params, run(optimizer, gradients, start))


@pytest.mark.parametrize("optimizer", STEPWISE, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_gradients_move_nothing_and_warn_of_nothing(optimizer: Optimizer, dtype: type) -> None:
    plain = replace(optimizer, weight_decay=0.0)
    start: Array = np.linspace(-1.0, 1.0, SIZE).astype(dtype)
    after = run(plain, np.zeros((3, SIZE), dtype), start)
    assert after.dtype == dtype
    np.testing.assert_array_equal(after, start)


@pytest.mark.parametrize("optimizer", STEPWISE, ids=repr)
def test_float32_is_float64_up_to_rounding(optimizer: Optimizer, gradients: Array, start: Array) -> None:
    single = run(optimizer, gradients.astype(np.float32), start.astype(np.float32))
    np.testing.assert_allclose(single, run(optimizer, gradients, start), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("optimizer", STEPWISE, ids=repr)
def test_a_quadratic_valley_is_descended(optimizer: Optimizer) -> None:
    curvature = np.linspace(0.5, 2.0, SIZE)
    plain, params, work = replace(optimizer, weight_decay=0.0), np.ones(SIZE), Workspace(np.float64)
    state = plain.init(params)
    for _ in range(500):
        plain.updater(params, curvature * params, state, lr=0.02, weights=WEIGHTS, work=work)()
    assert np.abs(params).max() < 0.5


@pytest.mark.parametrize("optimizer", STEPWISE, ids=repr)
def test_repeated_steps_allocate_no_arrays(optimizer: Optimizer) -> None:
    optimizer = replace(optimizer, l1=1e-3)
    params, grads = np.ones(100_000, np.float32), np.ones(100_000, np.float32)
    state, work = optimizer.init(params), Workspace(np.float32)
    update = optimizer.updater(params, grads, state, lr=0.01, weights=90_000, work=work)
    held, peak = allocated(update)
    assert held < 4096
    assert peak < UFUNC_BUFFERS < params.nbytes


def quadratic(params: Array, target: Array, curvature: Array) -> tuple[float, Array]:
    error = params - target
    return 0.5 * float(np.vdot(error, curvature * error)), curvature * error


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-5), (np.float32, 1e-3)])
def test_lbfgs_finds_the_minimum_of_loss_and_weight_decay_together(dtype: type, tolerance: float) -> None:
    rng = np.random.default_rng(2)
    target: Array = rng.standard_normal(SIZE).astype(dtype)
    curvature: Array = np.linspace(0.5, 5.0, SIZE).astype(dtype)
    params: Array = np.zeros(SIZE, dtype)
    LBFGS(max_iter=100, weight_decay=0.7).minimize(
        lambda: quadratic(params, target, curvature), params, weights=WEIGHTS
    )
    expected = target * curvature / (curvature + 0.7 * (np.arange(SIZE) < WEIGHTS))
    np.testing.assert_allclose(params, expected, atol=tolerance)


def test_lbfgs_stops_after_max_iter() -> None:
    target, curvature = np.ones(50), np.logspace(0, 4, 50)
    losses = []
    for max_iter in (1, 5, 20):
        params = np.zeros(50)
        value_and_grad = partial(quadratic, params, target, curvature)
        LBFGS(max_iter=max_iter).minimize(value_and_grad, params, weights=50)
        losses.append(quadratic(params, target, curvature)[0])
    assert losses[0] > losses[1] > losses[2] > 0


def test_lbfgs_is_no_rule_for_a_single_step() -> None:
    assert not isinstance(LBFGS(), Optimizer)
    assert not hasattr(LBFGS, "step")
