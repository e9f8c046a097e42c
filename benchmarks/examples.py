"""What every peer starts from: the images as float32 rows, this engine's initial weights, its batch orders.

Peers that take all three do the same arithmetic as this engine, so their losses must agree with its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

import conf
from benchmarks.task import CLASSES, FEATURES, SEED, Task
from mlp.activations import GELU
from mlp.datasets import MNIST, Dataset, Sample
from mlp.initializers import Auto
from mlp.network import MLP
from mlp.randomness import Stream, generator
from mlp.workspace import Array
from sweeps.job.components import build


@dataclass(frozen=True)
class Examples:
    """x (n, features) float32 in [0, 1] and labels y (n,), for training and for testing."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array

    @classmethod
    def of(cls, task: Task) -> "Examples":
        """Load a task's data, the columns in their original order."""
        data = dataset(task).load()
        x_train, x_test = (
            data.original(x).astype(np.float32, order="C") * np.float32(data.scale)
            for x in (data.x_train, data.x_test)
        )
        return cls(x_train, data.y_train.astype(np.int64), x_test, data.y_test.astype(np.int64))


def dataset(task: Task) -> Dataset:
    """Return the data set of a task."""
    return Sample() if task.sample else MNIST()


def initial_layers(task: Task) -> list[tuple[Array, Array]]:
    """Return copies of the weights (fan_in, fan_out) and biases (fan_out,) that this engine starts from."""
    network = MLP(task.hidden).build(FEATURES, CLASSES, activation=GELU(), init=Auto(), seed=SEED)
    linear = [layer.params for layer in network.layers if "weight" in layer.params]
    return [(params["weight"].copy(), params["bias"].copy()) for params in linear]


def batches(task: Task, epoch: int) -> list[Array]:
    """Return the rows of each batch of an epoch, as this engine draws them."""
    order = generator(SEED, Stream.ORDER, epoch).permutation(np.arange(task.examples))
    return [order[start : start + task.batch_size] for start in range(0, len(order), task.batch_size)]


def component(group: str, option: str) -> Any:
    """Return the component that conf/<group>/<option>.yaml describes, as a sweep would build it."""
    (folder,) = conf.__path__
    with open(f"{folder}/{group}/{option}.yaml", encoding="utf-8") as file:
        return build(group, yaml.safe_load(file))
