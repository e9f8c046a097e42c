"""JAX: a whole epoch as one compiled program, a scan over its steps; compilation is not in the times."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.engine import Engine
from benchmarks.engines.own import components
from benchmarks.task import CLASSES, FEATURES, LR, MOMENTUM, WEIGHT_DECAY, Task
from sweeps.job.measured.start import Examples, batches, initial_layers


class JaxScan(Engine):
    """jit of a scan of steps, parameters and velocities donated, so that they are updated in place."""

    def __init__(self, task: Task) -> None:
        self.task, self.parts = task, components(task)
        *self.train_set, x, y = map(jnp.asarray, vars(Examples.of(self.parts.dataset.load())).values())
        self.test_set = x, y
        params = [tuple(map(jnp.asarray, layer)) for layer in initial_layers(self.parts, FEATURES, CLASSES)]
        self.state = params, jax.tree.map(jnp.zeros_like, params)
        self.train_epoch: Any = jax.jit(epoch_of, donate_argnums=0)
        self.accuracy: Any = jax.jit(accuracy)

    def train(self, epoch: int) -> tuple[float, float]:
        """Train one epoch; the batches must all be of one size."""
        rows = jnp.asarray(np.stack(batches(self.parts, epoch, self.task.examples)))
        self.state, loss, correct = self.train_epoch(self.state, self.train_set, rows)
        return float(loss), int(correct) / self.task.examples

    def test_accuracy(self) -> float:
        return float(self.accuracy(self.state[0], *self.test_set))


def epoch_of(state: Any, train_set: Any, rows: Any) -> tuple[Any, Any, Any]:
    """Return the state after an epoch, its mean loss, and how many were right."""
    x, y = train_set
    state, (losses, right) = jax.lax.scan(lambda state, batch: step(state, x[batch], y[batch]), state, rows)
    return state, losses.mean(), right.sum()


def step(state: Any, x: Any, y: Any) -> tuple[Any, tuple[Any, Any]]:
    """v ← μ v + g + λ w; w ← w − lr v; no decay of the biases."""
    params, velocity = state
    outcome, grads = jax.value_and_grad(loss_and_right, has_aux=True)(params, x, y)
    grads = [(dw + WEIGHT_DECAY * weight, db) for (dw, db), (weight, _) in zip(grads, params, strict=True)]
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, grads)
    params = jax.tree.map(lambda w, v: w - LR * v, params, velocity)
    return (params, velocity), outcome


def loss_and_right(params: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the mean loss, and how many are right."""
    logits = forward(params, x)
    log_p = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
    return -log_p.mean(), (logits.argmax(axis=1) == y).sum()


def forward(params: Any, x: Any) -> Any:
    """Return the logits."""
    *hidden, (weight, bias) = params
    for w, b in hidden:
        x = jax.nn.gelu(x @ w + b, approximate=True)
    return x @ weight + bias


def accuracy(params: Any, x: Any, y: Any) -> Any:
    """Return the share of examples that are right."""
    return (forward(params, x).argmax(axis=1) == y).mean()
