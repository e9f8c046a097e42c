"""Gradients of whole networks against central differences, and what a network must keep to."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mlp.activations import GELU, Activation, Maxout, ReLU, Softmax
from mlp.initializers import Xavier
from mlp.layers import BatchNorm, Dropout
from mlp.losses import Loss, SoftmaxCE, one_hot
from mlp.network import MLP, Network
from sweeps.job.components import build as component

CONF = Path(__file__).parents[2] / "conf"
FEATURES, CLASSES, ROWS = 7, 5, 6


def choices(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def chosen(group: str, name: str, **changes: Any) -> Any:
    return component(group, yaml.safe_load((CONF / group / f"{name}.yaml").read_text()) | changes)


def build(activation: Activation, seed: int = 1, **model: Any) -> Network:
    mlp = MLP(**({"hidden": (6, 4)} | model))
    return mlp.build(FEATURES, CLASSES, activation=activation, init=Xavier(), seed=seed, dtype=np.float64)


def batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ROWS, FEATURES)), one_hot(rng.integers(0, CLASSES, ROWS), CLASSES, np.float64)


def reduced_loss(network: Network, loss: Loss, train: bool) -> float:
    inputs, targets = batch()
    for layer in network.layers:
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng(3)  # the same mask every time
    logits = network.forward(inputs, train=train)
    values = loss(logits, targets, np.empty_like(logits), network.work)
    return float(values.mean() if loss.reduction == "mean" else values.sum())


def assert_gradient_is_that_of_the_loss(network: Network, loss: Loss) -> None:
    reduced_loss(network, loss, train=True)
    inputs, targets = batch()
    for layer in network.layers:
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng(3)
    logits = network.forward(inputs, train=True)
    grad = np.empty_like(logits)
    loss(logits, targets, grad, network.work)
    network.backward(grad)
    analytic, start, step = network.grads.copy(), network.params.copy(), 1e-6
    rng = np.random.default_rng(5)
    for _ in range(4):
        direction = rng.normal(size=start.size)
        direction /= np.linalg.norm(direction)
        network.params[...] = start + step * direction
        above = reduced_loss(network, loss, train=True)
        network.params[...] = start - step * direction
        below = reduced_loss(network, loss, train=True)
        network.params[...] = start
        numeric = (above - below) / (2 * step)
        assert analytic @ direction == pytest.approx(numeric, rel=2e-5, abs=1e-7)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", choices("loss"))
@pytest.mark.parametrize("activation", choices("activation"))
def test_gradient_of_every_activation_with_every_loss_is_that_of_the_loss(
    activation: str, loss: str, reduction: str
) -> None:
    network = build(chosen("activation", activation))
    assert_gradient_is_that_of_the_loss(network, chosen("loss", loss, reduction=reduction))


@pytest.mark.parametrize(
    "model",
    [
        {"hidden": ()},
        {"dropout": 0.4},
        {"batch_norm": True},
        {"hidden": (FEATURES, 4, 4), "residual": True},
        {"hidden": (6, 6, 6), "residual": True, "batch_norm": True, "dropout": 0.3},
    ],
    ids=str,
)
@pytest.mark.parametrize("activation", [GELU(), Maxout(pieces=3), Softmax()], ids=str)
def test_gradient_is_that_of_the_loss_for_every_kind_of_layer(
    activation: Activation, model: dict[str, Any]
) -> None:
    assert_gradient_is_that_of_the_loss(build(activation, **model), SoftmaxCE())


def test_networks_of_one_seed_start_alike_wherever_shapes_agree() -> None:
    plain, deeper = build(ReLU(), hidden=(6,)), build(ReLU(), hidden=(6, 4), batch_norm=True)
    np.testing.assert_array_equal(plain.layers[0].params["weight"], deeper.layers[0].params["weight"])
    other = build(ReLU(), hidden=(6,), seed=2)
    assert not np.array_equal(plain.layers[0].params["weight"], other.layers[0].params["weight"])


def test_weight_matrices_come_first_in_the_flat_vector() -> None:
    network = build(Maxout(pieces=2), batch_norm=True)
    matrices = sum(p.size for layer in network.layers for n, p in layer.params.items() if n == "weight")
    assert network.weights == matrices
    network.params[: network.weights] = 7.0
    assert all((layer.params["weight"] == 7.0).all() for layer in network.layers if "weight" in layer.params)


def test_maxout_has_the_parameters_that_its_source_counts() -> None:
    def count(activation: Activation) -> int:
        model = MLP(hidden=(256,))
        return model.build(784, 10, activation=activation, init=Xavier(), seed=0).params.size

    assert count(ReLU()) == 203_530
    assert count(Maxout(pieces=2)) - count(ReLU()) == 131_584


def test_missing_columns_count_as_zeros() -> None:
    network = build(ReLU())
    inputs, targets = batch()
    inputs[:, 4:] = 0.0
    results = []
    for x in (inputs, inputs[:, :4]):
        network.grads.fill(9.0)
        logits = network.forward(x, train=True).copy()
        grad = np.empty_like(logits)
        SoftmaxCE()(logits, targets, grad, network.work)
        network.backward(grad)
        results.append((logits, network.grads.copy()))
    for full, cut in zip(*results, strict=True):
        np.testing.assert_allclose(cut, full, rtol=1e-12, atol=1e-14)


def test_dropout_keeps_the_expectation_and_does_nothing_at_evaluation() -> None:
    layer = Dropout(0.25)
    layer.bind({}, {}, build(ReLU()).work)
    x = np.ones((400, 300))
    assert layer.forward(x, train=False) is x
    dropped = layer.forward(x, train=True)
    assert set(np.unique(dropped)) == {0.0, 1 / 0.75}
    assert dropped.mean() == pytest.approx(1.0, abs=0.01)


def test_batch_norm_uses_running_statistics_at_evaluation() -> None:
    network = build(ReLU(), hidden=(6,), batch_norm=True)
    inputs, _ = batch()
    for _ in range(300):
        network.forward(inputs, train=True)
    (layer,) = (layer for layer in network.layers if isinstance(layer, BatchNorm))
    z = network.layers[0].forward(inputs, train=True)
    np.testing.assert_allclose(layer.state["mean"], z.mean(axis=0), atol=1e-8)
    np.testing.assert_allclose(layer.state["variance"], z.var(axis=0, ddof=1), rtol=1e-8)
