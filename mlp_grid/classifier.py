"""A multilayer perceptron with scikit-learn's interface, and every activation, loss and optimiser here.

With scikit-learn installed (extra `[sklearn]`) it is an estimator of scikit-learn's: it clones, stands in
pipelines and searches, and passes `check_estimator`. Without it, it is a plain class with the same methods.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mlp import saved
from mlp.activations import Activation
from mlp.batches import Batches
from mlp.initializers import Initializer
from mlp.losses import BCE, NLL, Focal, KLDiv, Loss, SoftmaxCE
from mlp.network import MLP, Network
from mlp.optimizers import Optimizer
from mlp.schedules import Schedule
from mlp.training import Trainer, Training
from mlp.workspace import Array, Workspace
from mlp_grid.estimator import BASES, checked, checked_examples, is_single, labels_of

CONF = Path(__file__).resolve().parent.parent / "conf"
GROUPS: dict[str, type] = {
    "activation": Activation,
    "loss": Loss,
    "optimizer": Optimizer,
    "init": Initializer,
    "schedule": Schedule,
}
PROBABILITIES = (SoftmaxCE, NLL, KLDiv, Focal)
"""Losses that train the softmax of the scores as probabilities; BCE trains their sigmoids."""


def component(group: str, value: Any, settings: Mapping[str, Any] | None = None) -> Any:
    """Return the component that an option of the configuration names, or the object itself.

    settings: what is set otherwise than in the option. Raises ValueError for another option or object.
    """
    if isinstance(value, GROUPS[group]):
        made: Any = value
    else:
        known = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
        if value not in known:
            kind = GROUPS[group].__name__
            raise ValueError(f"{group} = {value!r}: must be one of {', '.join(known)}, or an object ({kind})")
        config = yaml.safe_load((CONF / group / f"{value}.yaml").read_text(encoding="utf-8"))
        module, _, name = config.pop("_target_").rpartition(".")
        made = getattr(import_module(module), name)(**config)
    changes = {key: number for key, number in (settings or {}).items() if number is not None}
    return dataclasses.replace(made, **changes) if changes else made


class MLPClassifier(*BASES):  # type: ignore[misc]
    """A multilayer perceptron classifier.

    hidden: widths of the hidden layers; () is the linear model
    activation, loss, optimizer, init, schedule: an option's name, as on the command line, or an object
    lr, weight_decay: of the optimiser; None: as its option has it
    epochs: passes over the training examples; batch_size: examples per step, at most all
    dropout, batch_norm: of the network; clip_norm: longest gradient of a step
    validation_share: share of the examples that is held out, for `patience`: epochs without a better accuracy
        on them before training stops
    random_state: an integer, a RandomState, or None for another network each time

    After `fit`: classes_, n_features_in_, n_iter_ (epochs), loss_curve_ (training loss of each epoch).
    """

    def __init__(
        self,
        hidden: tuple[int, ...] = (100,),
        *,
        activation: Any = "relu",
        loss: Any = "softmax_ce",
        optimizer: Any = "adam",
        init: Any = "auto",
        schedule: Any = "constant",
        lr: float | None = None,
        weight_decay: float | None = None,
        epochs: int = 100,
        batch_size: int = 100,
        dropout: float = 0.0,
        batch_norm: bool = False,
        clip_norm: float | None = None,
        validation_share: float = 0.1,
        patience: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.init = init
        self.schedule = schedule
        self.lr = lr
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.clip_norm = clip_norm
        self.validation_share = validation_share
        self.patience = patience
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> MLPClassifier:
        """Train on X (n, features) with labels y (n,). Raises ValueError for what cannot be trained on."""
        x, y = checked(self, X, y)
        self.classes_, targets = labels_of(y)
        if is_single(self.classes_):
            self.n_iter_, self.loss_curve_ = 0, []
            self._keep(b"")
            return self
        trainer, model, activation = self._trainer(x.astype(np.float32), targets)
        trainer.run()
        if where := trainer.diverged:
            raise ValueError(
                f"training diverged: {where.what} was not finite in epoch {where.epoch}; "
                "scale the inputs, or choose a smaller lr"
            )
        self.n_iter_ = len(trainer.history)
        self.loss_curve_ = [row["train_loss"] for row in trainer.history]
        self._activation = activation
        file = io.BytesIO()
        saved.save(file, trainer.network, model=model, activation=activation)
        self._keep(file.getvalue())
        return self

    def predict(self, X: Any) -> Any:
        """Return the most likely class (n,) of each example."""
        scores = self._scores(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:
        """Return the classes' probabilities (n, classes).

        Raises AttributeError with a loss that trains none, such as hinge or mse.
        """
        loss = component("loss", self.loss)
        if not isinstance(loss, (*PROBABILITIES, BCE)):
            raise AttributeError(f"predict_proba: the loss {type(loss).__name__} trains no probabilities")
        scores = self._scores(X)
        if isinstance(loss, BCE) and scores.shape[1] > 1:
            scores = -np.logaddexp(0.0, -scores)  # log σ: what follows makes them add up to 1
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of examples that are recognised."""
        right = self.predict(X) == np.asarray(y)
        return float(np.average(right, weights=sample_weight))

    def _scores(self, X: Any) -> Array:
        """Return the network's outputs (n, classes), in double precision: they depend on no other row."""
        x = checked_examples(self, X)
        if self._network is None:
            return np.zeros((len(x), 1))
        rows = [self._network.forward(part).copy() for part in saved.batches(x)]
        return np.concatenate(rows)

    def _trainer(self, x: Array, targets: Array) -> tuple[Trainer, MLP, Activation]:
        """Return the run that trains on these examples."""
        made = {group: component(group, getattr(self, group)) for group in GROUPS}
        optimizer = component("optimizer", self.optimizer, {"lr": self.lr, "weight_decay": self.weight_decay})
        held_out = 0 if self.patience is None else max(1, round(self.validation_share * len(x)))
        if held_out >= len(x):
            raise ValueError(
                f"patience = {self.patience}: needs more than {len(x)} examples to hold some out"
            )
        training = Training(
            epochs=self.epochs,
            batch_size=min(self.batch_size, len(x) - held_out),
            clip_norm=self.clip_norm,
            validation_size=held_out,
            patience=self.patience,
        )
        model = MLP(tuple(self.hidden), dropout=self.dropout, batch_norm=self.batch_norm)
        seed, activation = self._seed(), made["activation"]
        classes = len(self.classes_)
        network = model.build(x.shape[1], classes, activation=activation, init=made["init"], seed=seed)
        train, test = (
            Batches(part, labels, scale=1.0, classes=classes, work=Workspace(np.float32))
            for part, labels in ((x, targets), (x[:1], targets[:1]))  # a test set has to be there
        )
        trainer = Trainer(network, made["loss"], optimizer, made["schedule"], training, train, test, seed)
        return trainer, model, activation

    def _seed(self) -> int:
        """Return the seed of a fit."""
        state = self.random_state
        if isinstance(state, (int, np.integer)) and not isinstance(state, bool):
            return int(state)
        if isinstance(state, np.random.RandomState):
            return int(state.randint(2**31 - 1))
        return int(np.random.default_rng().integers(2**31 - 1))

    def _keep(self, weights: bytes) -> None:
        """Keep a trained network as the bytes of its file, and ready to predict in double precision."""
        self._weights = weights
        self._network: Network | None = (
            None if not weights else in_double(saved.load(io.BytesIO(weights), activation=self._activation))
        )

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__() if hasattr(BASES[-1], "__sklearn_tags__") else self.__dict__
        return {key: value for key, value in state.items() if key != "_network"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if hasattr(BASES[-1], "__sklearn_tags__"):
            super().__setstate__(state)
        else:
            self.__dict__.update(state)
        if "_weights" in state:
            self._keep(state["_weights"])


def in_double(trained: saved.Trained) -> Network:
    """Return the same network in double precision."""
    network = trained.model.build(
        trained.features,
        trained.classes,
        activation=trained.activation,
        init=component("init", "zero"),
        seed=0,
        dtype=np.float64,
    )
    network.params[...] = trained.network.params
    for name, array in trained.network.state().items():
        network.state()[name][...] = array
    return network
