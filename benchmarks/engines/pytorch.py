"""PyTorch, eager and compiled: the usual training loop on tensors that are in memory from the start.

The variants that were fastest here are the ones that run: fused SGD, and compilation of the network with its
loss (to compile the optimiser's step too makes it no faster).
"""

from typing import Any

import torch
from torch.nn import functional

from benchmarks.engine import Engine
from benchmarks.examples import Examples, batches, initial_layers
from benchmarks.task import LR, MOMENTUM, WEIGHT_DECAY, Task


class PyTorch(Engine):
    """nn.Sequential of nn.Linear and nn.GELU(approximate="tanh"), optim.SGD(fused=True)."""

    def __init__(self, task: Task) -> None:
        torch.set_num_threads(1)
        examples = Examples.of(task)
        self.task = task
        self.x_train, self.y_train, self.x_test, self.y_test = map(torch.from_numpy, vars(examples).values())
        self.network = network(task)
        self.optimizer = optimizer(self.network)
        self.outcome: Any = self._outcome

    def _outcome(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean loss, and how many are right."""
        logits = self.network(x)
        return functional.cross_entropy(logits, y), (logits.argmax(dim=1) == y).sum()

    def train(self, epoch: int) -> tuple[float, float]:
        """Train one epoch."""
        total_loss, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for rows in map(torch.from_numpy, batches(self.task, epoch)):
            loss, right = self.outcome(self.x_train[rows], self.y_train[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total_loss += loss.detach() * len(rows)
            correct += right
        return float(total_loss) / self.task.examples, int(correct) / self.task.examples

    def test_accuracy(self) -> float:
        """Return the accuracy on all test images at once."""
        with torch.no_grad():
            return float((self.network(self.x_test).argmax(dim=1) == self.y_test).float().mean())


class PyTorchCompiled(PyTorch):
    """The same loop, the network and its loss through torch.compile."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.outcome = torch.compile(self._outcome)


def network(task: Task) -> torch.nn.Sequential:
    """Return the network with this engine's initial weights."""
    modules: list[torch.nn.Module] = []
    for weight, bias in initial_layers(task):
        linear = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, torch.nn.GELU(approximate="tanh")]
    return torch.nn.Sequential(*modules[:-1])


def optimizer(model: torch.nn.Module) -> torch.optim.Optimizer:
    """Return momentum SGD that decays the weights and not the biases."""
    weights = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    biases = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    return torch.optim.SGD(
        [{"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": biases}],
        lr=LR,
        momentum=MOMENTUM,
        fused=True,
    )
