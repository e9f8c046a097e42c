"""A run that takes a moment: 230 made-up images of three classes, a small network."""

from typing import Any

import numpy as np

from mlp.activations import ReLU
from mlp.batches import Batches
from mlp.initializers import He
from mlp.losses import SoftmaxCE
from mlp.network import MLP
from mlp.optimizers import SGD
from mlp.schedules import Cosine
from mlp.training import Trainer, Training

SIDE, CLASSES = 6, 3


def trainer(model: MLP = MLP(hidden=(12,)), lr: float = 0.1, **training: Any) -> Trainer:  # noqa: B008
    """A run before its first epoch; `training` are settings of it."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, 330)
    x = np.clip(rng.normal(60.0 * y[:, None], 40.0, (330, SIDE**2)), 0, 255).astype(np.uint8)
    network = model.build(SIDE**2, CLASSES, activation=ReLU(), init=He(), seed=4)
    train, test = (
        Batches(x[part], y[part], scale=1 / 255, classes=CLASSES, work=network.work)
        for part in (slice(0, 230), slice(230, None))
    )
    options = Training(**({"epochs": 4, "batch_size": 25} | training))
    return Trainer(network, SoftmaxCE(), SGD(lr=lr), Cosine(), options, train, test, seed=4)
