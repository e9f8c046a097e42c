"""Textbook NumPy: each formula as it is printed, a new array for each result."""

import numpy as np

from benchmarks.engine import Engine
from benchmarks.engines.own import components
from benchmarks.task import CLASSES, FEATURES, LR, MOMENTUM, WEIGHT_DECAY, Task
from mlp.workspace import Array
from sweeps.job.measured.start import Examples, batches, initial_layers

K, A = np.float32(np.sqrt(2 / np.pi)), np.float32(0.044715)


class Textbook(Engine):
    """Backpropagation over lists of weights, biases and velocities."""

    def __init__(self, task: Task) -> None:
        self.parts = components(task)
        self.examples = Examples.of(self.parts.dataset.load())
        self.layers = initial_layers(self.parts, FEATURES, CLASSES)
        self.velocities = [(np.zeros_like(weight), np.zeros_like(bias)) for weight, bias in self.layers]

    def train(self, epoch: int) -> tuple[float, float]:
        x, y = self.examples.x_train, self.examples.y_train
        steps = [self._step(x[rows], y[rows]) for rows in batches(self.parts, epoch, len(y))]
        total_loss, correct = map(sum, zip(*steps, strict=True))
        return total_loss / len(y), correct / len(y)

    def _step(self, x: Array, y: Array) -> tuple[float, int]:
        """Take one step; return the summed loss that it started from, and how many were right."""
        inputs, outputs = [x], []
        for weight, bias in self.layers[:-1]:
            outputs.append(inputs[-1] @ weight + bias)
            inputs.append(gelu(outputs[-1]))
        weight, bias = self.layers[-1]
        log_p = log_softmax(inputs[-1] @ weight + bias)
        targets = np.eye(len(bias), dtype=np.float32)[y]
        delta = (np.exp(log_p) - targets) / np.float32(len(y))
        grads = [(inputs[-1].T @ delta, delta.sum(axis=0))]
        for depth in range(len(outputs) - 1, -1, -1):
            delta = (delta @ self.layers[depth + 1][0].T) * gelu_slope(outputs[depth])
            grads.insert(0, (inputs[depth].T @ delta, delta.sum(axis=0)))
        self._update(grads)
        return float(-(targets * log_p).sum()), int((log_p.argmax(axis=1) == y).sum())

    def _update(self, grads: list[tuple[Array, Array]]) -> None:
        """v ← μ v + g + λ w; w ← w − lr v; no decay of the biases."""
        layers, velocities = [], []
        for (weight, bias), (dw, db), (vw, vb) in zip(self.layers, grads, self.velocities, strict=True):
            vw = MOMENTUM * vw + dw + WEIGHT_DECAY * weight
            vb = MOMENTUM * vb + db
            velocities.append((vw, vb))
            layers.append((weight - LR * vw, bias - LR * vb))
        self.layers, self.velocities = layers, velocities

    def test_accuracy(self) -> float:
        x = self.examples.x_test
        for weight, bias in self.layers[:-1]:
            x = gelu(x @ weight + bias)
        weight, bias = self.layers[-1]
        return float(((x @ weight + bias).argmax(axis=1) == self.examples.y_test).mean())


def gelu(z: Array) -> Array:
    """The tanh form (Hendrycks & Gimpel 2016)."""
    value: Array = z * (1 + np.tanh(K * (z + A * z * z * z))) / 2
    return value


def gelu_slope(z: Array) -> Array:
    """Its derivative."""
    t = np.tanh(K * (z + A * z * z * z))
    slope: Array = (1 + t) / 2 + z * (1 - t * t) * K * (1 + 3 * A * z * z) / 2
    return slope


def log_softmax(z: Array) -> Array:
    """log softmax, the row maximum taken off first."""
    shifted: Array = z - z.max(axis=1, keepdims=True)
    log_p: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p
