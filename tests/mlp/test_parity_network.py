"""Whole networks against PyTorch: batch norm in both modes, and a whole epoch of MNIST."""

from typing import Any

import numpy as np
import pytest

from mlp.activations import GELU
from mlp.batches import Batches
from mlp.datasets import MNIST
from mlp.initializers import He, Xavier
from mlp.layers import BatchNorm, Linear
from mlp.losses import SoftmaxCE, one_hot
from mlp.network import MLP
from mlp.optimizers import SGD
from mlp.randomness import Stream, generator
from mlp.schedules import Constant
from mlp.training import Trainer, Training

torch: Any = pytest.importorskip("torch")
pytestmark = pytest.mark.parity


def torch_linear(layer: Linear) -> Any:
    weight = torch.tensor(layer.params["weight"])
    twin = torch.nn.Linear(*weight.shape, dtype=weight.dtype)
    with torch.no_grad():
        twin.weight.copy_(weight.T)
        twin.bias.copy_(torch.tensor(layer.params["bias"]))
    return twin


def test_batch_norm_agrees_in_both_modes_and_in_its_gradient() -> None:
    rng = np.random.default_rng(0)
    network = MLP(hidden=(6,), batch_norm=True).build(
        5, 3, activation=GELU(), init=Xavier(), seed=0, dtype=np.float64
    )
    first, norm, _, last = network.layers
    assert isinstance(first, Linear)
    assert isinstance(norm, BatchNorm)
    assert isinstance(last, Linear)
    twin = torch.nn.Sequential(
        torch_linear(first),
        torch.nn.BatchNorm1d(6, dtype=torch.float64),
        torch.nn.GELU(approximate="tanh"),
        torch_linear(last),
    )
    for _ in range(3):
        inputs, labels = rng.normal(size=(8, 5)), rng.integers(0, 3, 8)
        twin.zero_grad()
        logits = twin(torch.tensor(inputs))
        torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()
        ours = network.forward(inputs, train=True)
        np.testing.assert_allclose(ours, logits.detach().numpy(), atol=1e-9)
        grad = np.empty_like(ours)
        SoftmaxCE()(ours, one_hot(labels, 3, np.float64), grad, network.work)
        network.backward(grad)
        for name, parameter in (("gamma", twin[1].weight), ("beta", twin[1].bias)):
            np.testing.assert_allclose(norm.grads[name], parameter.grad.numpy(), atol=1e-9)
        np.testing.assert_allclose(first.grads["weight"], twin[0].weight.grad.numpy().T, atol=1e-9)
    twin.eval()
    inputs = rng.normal(size=(8, 5))
    expected = twin(torch.tensor(inputs)).detach().numpy()
    np.testing.assert_allclose(network.forward(inputs), expected, atol=1e-9)


@pytest.mark.network
def test_a_whole_epoch_of_mnist_agrees() -> None:
    data, seed = MNIST().load(), 0
    network = MLP(hidden=(128,)).build(
        data.features, data.classes, activation=GELU(), init=He(), seed=seed, columns=data.columns
    )
    layers = [layer for layer in network.layers if isinstance(layer, Linear)]
    twin = torch.nn.Sequential(
        torch_linear(layers[0]), torch.nn.GELU(approximate="tanh"), torch_linear(layers[1])
    )
    train, test = (
        Batches(x, y, scale=data.scale, classes=data.classes, work=network.work, extents=extents)
        for x, y, extents in (
            (data.x_train, data.y_train, data.extent_train),
            (data.x_test, data.y_test, data.extent_test),
        )
    )
    run = Trainer(network, SoftmaxCE(), SGD(), Constant(), Training(epochs=1), train, test, seed=seed)
    run.run()
    weights = [parameter for name, parameter in twin.named_parameters() if name.endswith("weight")]
    biases = [parameter for name, parameter in twin.named_parameters() if name.endswith("bias")]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": 0.0005}, {"params": biases}], lr=0.01, momentum=0.9
    )
    x, y = torch.tensor(data.x_train.astype(np.float32) / 255), torch.tensor(data.y_train.astype(np.int64))
    order = torch.tensor(generator(seed, Stream.ORDER, 0).permutation(len(x)))
    total = 0.0
    for rows in order.split(100):
        loss = torch.nn.functional.cross_entropy(twin(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * len(rows)
    assert run.history[0]["train_loss"] == pytest.approx(total / len(x), abs=1e-4)
    x_test = torch.tensor(data.x_test.astype(np.float32) / 255)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(twin(x_test), torch.tensor(data.y_test.astype(np.int64)))
    assert run.history[0]["test_loss"] == pytest.approx(float(loss), abs=1e-4)
