"""The same run in PyTorch: the usual training loop, on tensors that are in memory from the start.

The variants that were fastest here are the ones that run: fused SGD, and, if compiled, the network with its
loss (to compile the optimiser's step too makes it no faster).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from mlp.optimizers import SGD
from mlp.workspace import Array
from sweeps.job.components import Components
from sweeps.job.measured.start import Examples, batches, initial_layers

ACTIVATIONS: dict[str, Any] = {"ReLU": nn.ReLU, "GELU": lambda: nn.GELU(approximate="tanh")}


class TorchRun:
    """nn.Sequential of nn.Linear and an activation, softmax cross-entropy, momentum SGD, on one thread.

    same: from our engine's initial weights; else from PyTorch's default ones.
    """

    def __init__(self, parts: Components, *, same: bool = True, compiled: bool = False) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(parts.seed)
        data = parts.dataset.load()
        self.parts, self.classes = parts, data.classes
        self.x_train, self.y_train, self.x_test, self.y_test = map(
            torch.from_numpy, vars(Examples.of(data)).values()
        )
        layers = initial_layers(parts, data.features, data.classes)
        self.network = network(layers, type(parts.activation).__name__, same=same)
        self.optimizer = optimizer(self.network, parts)
        self.outcome: Any = torch.compile(self._outcome) if compiled else self._outcome

    def _outcome(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss, and how many are right."""
        logits = self.network(x)
        return functional.cross_entropy(logits, y), (logits.argmax(dim=1) == y).sum()

    def train(self, epoch: int) -> tuple[float, float]:
        """Train a 0-based epoch; return its running mean loss and accuracy."""
        total_loss, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        examples = len(self.y_train)
        for rows in map(torch.from_numpy, batches(self.parts, epoch, examples)):
            loss, right = self.outcome(self.x_train[rows], self.y_train[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total_loss += loss.detach() * len(rows)
            correct += right
        return float(total_loss) / examples, int(correct) / examples

    def test_accuracy(self) -> float:
        """Return the accuracy on all test images at once."""
        with torch.no_grad():
            return float((self.network(self.x_test).argmax(dim=1) == self.y_test).double().mean())


def network(layers: list[tuple[Array, Array]], activation: str, *, same: bool) -> nn.Sequential:
    """Return the network of these layers; `same`: with their weights and biases."""
    modules: list[nn.Module] = []
    for weight, bias in layers:
        linear = nn.Linear(*weight.shape)
        if same:
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight.T.copy()))
                linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, ACTIVATIONS[activation]()]
    return nn.Sequential(*modules[:-1])


def optimizer(model: nn.Module, parts: Components) -> torch.optim.Optimizer:
    """Return the run's momentum SGD, which decays the weights and not the biases."""
    ours = parts.optimizer
    assert isinstance(ours, SGD)
    weights = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    biases = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    return torch.optim.SGD(
        [{"params": weights, "weight_decay": ours.weight_decay}, {"params": biases}],
        lr=ours.lr,
        momentum=ours.momentum,
        fused=True,
    )
