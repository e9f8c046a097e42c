"""The same run in PyTorch: the usual loop, on tensors that are in memory from the start."""

import time

import numpy as np
import torch
from torch.nn import functional

from benchmarks.measured.engines import EPOCHS, HIDDEN, LR, batches, components


class TorchEngine:
    """nn.Linear and nn.ReLU with optim.SGD(fused=True), eager, on one thread.

    same: from this engine's initial weights; else from PyTorch's default ones.
    """

    def __init__(self, seed: int, same: bool) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        parts = components(seed)
        data = parts.dataset.load()
        x_train, x_test = (
            torch.from_numpy(data.original(x).astype(np.float32, order="C") * np.float32(data.scale))
            for x in (data.x_train, data.x_test)
        )
        y_train, y_test = (torch.from_numpy(y.astype(np.int64)) for y in (data.y_train, data.y_test))
        self.train_set, self.test_set, self.seed = (x_train, y_train), (x_test, y_test), seed
        first, last = torch.nn.Linear(data.features, HIDDEN), torch.nn.Linear(HIDDEN, data.classes)
        if same:
            network = parts.model.build(
                data.features, data.classes, activation=parts.activation, init=parts.init, seed=seed
            )
            linear = [layer.params for layer in network.layers if "weight" in layer.params]
            with torch.no_grad():
                for module, params in zip((first, last), linear, strict=True):
                    module.weight.copy_(torch.from_numpy(params["weight"].T.copy()))
                    module.bias.copy_(torch.from_numpy(params["bias"].copy()))
        self.network = torch.nn.Sequential(first, torch.nn.ReLU(), last)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=LR, fused=True)

    def run(self) -> list[dict[str, float]]:
        """Train; return the history."""
        return [self.epoch(number) for number in range(EPOCHS)]

    def epoch(self, number: int) -> dict[str, float]:
        """Train one epoch by the clock, then test."""
        (x, y), (x_test, y_test) = self.train_set, self.test_set
        wall, cpu = time.perf_counter(), time.process_time()
        total_loss, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for rows in map(torch.from_numpy, batches(self.seed, number, len(y))):
            logits = self.network(x[rows])
            loss = functional.cross_entropy(logits, y[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total_loss += loss.detach() * len(rows)
            correct += (logits.argmax(dim=1) == y[rows]).sum()
        spent = {"epoch_cpu_s": time.process_time() - cpu, "epoch_wall_s": time.perf_counter() - wall}
        with torch.no_grad():
            right = (self.network(x_test).argmax(dim=1) == y_test).double().mean()
        means = {"train_loss": float(total_loss) / len(y), "train_accuracy": int(correct) / len(y)}
        return {**means, "test_accuracy": float(right), **spent}
