"""What every engine starts from: the images as float32 rows, the initial weights, the order of the batches.

An engine that takes all three does the same arithmetic as ours, so its losses must agree with ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import conf
from mlp.datasets import Data
from mlp.randomness import Stream, generator
from mlp.workspace import Array
from sweeps.job.components import Components, build


@dataclass(frozen=True)
class Examples:
    """x (n, features) float32 in [0, 1] and labels y (n,) int64, for training and for testing."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array

    @classmethod
    def of(cls, data: Data) -> Examples:
        """Return a data set's examples, the columns in their original order."""
        x_train, x_test = (
            data.original(x).astype(np.float32, order="C") * np.float32(data.scale)
            for x in (data.x_train, data.x_test)
        )
        return cls(x_train, data.y_train.astype(np.int64), x_test, data.y_test.astype(np.int64))


def initial_layers(parts: Components, features: int, classes: int) -> list[tuple[Array, Array]]:
    """Return copies of the weights (fan_in, fan_out) and biases (fan_out,) that our engine starts from."""
    network = parts.model.build(
        features, classes, activation=parts.activation, init=parts.init, seed=parts.seed
    )
    linear = [layer.params for layer in network.layers if "weight" in layer.params]
    return [(params["weight"].copy(), params["bias"].copy()) for params in linear]


def batches(parts: Components, epoch: int, examples: int) -> list[Array]:
    """Return the rows of each batch of a 0-based epoch, as our engine draws them."""
    order = generator(parts.seed, Stream.ORDER, epoch).permutation(np.arange(examples))
    size = parts.training.batch_size
    return [order[start : start + size] for start in range(0, examples, size)]


def component(group: str, option: str) -> Any:
    """Return the component that conf/<group>/<option>.yaml describes, as a sweep would build it."""
    (folder,) = conf.__path__
    return build(group, yaml.safe_load(Path(folder, group, f"{option}.yaml").read_text(encoding="utf-8")))
