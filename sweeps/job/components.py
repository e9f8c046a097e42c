"""From a cell's plain config to the objects that it names, with every mistake as one line.

A `_target_` is imported only after its config has been read, and called only after it has been seen to be a
dataclass of the kind that its place in the config needs.
"""

import dataclasses
import functools
import importlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlp.activations import Activation
from mlp.batches import Batches
from mlp.datasets import Data, Dataset, DatasetError
from mlp.initializers import Initializer
from mlp.losses import Loss
from mlp.network import MLP
from mlp.optimizers import LBFGS, Optimizer
from mlp.schedules import Constant, Schedule
from mlp.training import Trainer, Training
from mlp.workspace import Workspace

KINDS: dict[str, tuple[type, ...]] = {
    "activation": (Activation,),
    "loss": (Loss,),
    "model": (MLP,),
    "init": (Initializer,),
    "optimizer": (Optimizer, LBFGS),
    "schedule": (Schedule,),
    "dataset": (Dataset,),
    "training": (Training,),
}


@dataclass(frozen=True)
class Components:
    """The objects of one cell."""

    activation: Activation
    loss: Loss
    model: MLP
    init: Initializer
    optimizer: Optimizer | LBFGS
    schedule: Schedule
    dataset: Dataset
    training: Training
    seed: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Components":
        """Build the objects; ValueError with one line naming key, value and what is allowed."""
        unknown = sorted(set(config) - set(KINDS) - {"seed"})
        if key := next(iter(unknown), None):
            group = "; a config file of such a group begins with the line # @package _global_"
            raise ValueError(
                f"{key}: unknown key; known are {', '.join([*KINDS, 'seed'])}"
                + (group if isinstance(config[key], Mapping) else "")
            )
        seed = config.get("seed")
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            several = "; several are seed=0,1,2 or seed=range(0,3)" if isinstance(seed, str | list) else ""
            raise ValueError(f"seed = {seed!r}: must be an integer ≥ 0 and below 2^63{several}")
        parts = {key: build(key, config.get(key)) for key in KINDS}
        return cls(**parts | {"dataset": parts["dataset"].seeded(seed)}, seed=seed)

    def data(self) -> Data:
        """Load the data set, ready for this training."""
        return self.ordered(self.dataset.load())

    def ordered(self, data: Data) -> Data:
        """Return the data, their columns in an order that this training can do with."""
        return data.unordered() if self.training.shift else data  # only whole images can be moved

    def batches(self, data: Data) -> tuple[Batches, Batches]:
        """Return the examples to train and to test on, for any number of runs that share them."""
        train, test = (
            Batches(x, y, scale=data.scale, classes=data.classes, work=Workspace(np.float32), extents=extents)
            for x, y, extents in (
                (data.x_train, data.y_train, data.extent_train),
                (data.x_test, data.y_test, data.extent_test),
            )
        )
        return train, test

    def trainer(self, data: Data, batches: tuple[Batches, Batches] | None = None) -> Trainer:
        """Return the run, ready to train on this data; runs that share its batches can go in lockstep."""
        if self.training.shift:
            data = data.unordered()
        train, test = batches or self.batches(data)
        network = self.model.build(
            data.features,
            data.classes,
            activation=self.activation,
            init=self.init,
            seed=self.seed,
            columns=data.columns,
        )
        return Trainer(
            network, self.loss, self.optimizer, self.schedule, self.training, train, test, self.seed
        )

    def conflicts(self) -> Iterator[str]:
        """Yield what is wrong between components that are each right, as far as it shows without the data."""
        try:
            size = self.dataset.check()
        except ValueError as error:  # of a field
            yield f"dataset.{error}"
            return
        except DatasetError as error:
            yield str(error) if str(error).startswith("dataset.") else f"dataset: {error}"
            return
        training, left = self.training, size.train - self.training.validation_size
        if training.validation_size >= size.train:
            yield (
                f"training.validation_size = {training.validation_size}: "
                f"must be less than the {size.train} training examples"
            )
        elif training.batch_size > left:
            yield f"training.batch_size = {training.batch_size}: must be at most the {left} training examples"
        elif self.model.batch_norm and self.model.hidden and training.batch_size == 1:
            yield "training.batch_size = 1: must be at least 2 with model.batch_norm, which needs a spread"
        side = round(size.features**0.5)
        if training.shift and side**2 != size.features:
            yield f"training.shift = {training.shift}: needs square images, not {size.features} inputs"
        elif training.shift >= side:
            yield f"training.shift = {training.shift}: must be less than the images' {side} pixels each way"
        if (training.keep_checkpoint or training.continue_from) and self._depends_on_epochs():
            schedule = type(self.schedule).__name__
            yield f"schedule = {schedule}: must not depend on the epochs where shorter runs are continued"
        if isinstance(self.optimizer, LBFGS):
            for name in ("shift", "clip_norm"):
                if value := getattr(training, name):
                    yield f"training.{name} = {value}: must be left out with lbfgs, which takes no steps"
            if not isinstance(self.schedule, Constant):
                schedule = type(self.schedule).__name__
                yield f"schedule = {schedule}: must be constant with lbfgs, whose line search sets the steps"
        alpha = getattr(self.loss, "alpha", None)
        if isinstance(alpha, tuple) and len(alpha) != size.classes:
            yield f"loss.alpha = {list(alpha)}: must be one number, or one for each of {size.classes} classes"

    def _depends_on_epochs(self) -> bool:
        """Whether the learning rates of a run are others if it is twice as long."""
        epochs = self.training.epochs
        return any(self.schedule(k, epochs) != self.schedule(k, 2 * epochs) for k in range(epochs))


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line for each mistake in a cell's config."""
    found = False
    for key in KINDS:
        for line in _component_problems(key, json.dumps(config.get(key))):
            found = True
            yield line
    if not found:
        try:
            parts = Components.of(config)
        except ValueError as error:
            yield str(error)
        else:
            yield from parts.conflicts()


def effective(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a sound cell's config with what has no effect in it made the same; itself if all has one.

    L-BFGS takes no batches. Where there are test examples none are split off. Without hidden layers there is
    nothing to drop out, normalise, add or activate (but `init=auto` asks the activation); a residual
    connection needs neighbours of one width.
    """
    model = config["model"]
    changes: dict[str, Any] = {}
    widths = model["hidden"]
    without: dict[str, Any] = {} if widths else {"dropout": 0.0, "batch_norm": False}
    if not any(one == other for one, other in itertools.pairwise(widths)):
        without["residual"] = False
    if any(model.get(name, value) != value for name, value in without.items()):
        changes["model"] = {**model, **without}
    if not widths and config["init"]["_target_"] != "mlp.initializers.Auto":
        changes["activation"] = None
    if "test_share" in config["dataset"] and build("dataset", config["dataset"]).split() is None:
        changes["dataset"] = {**config["dataset"], "test_share": None, "split_seed": None}
    if config["optimizer"]["_target_"] == "mlp.optimizers.LBFGS":
        changes["training"] = {**config["training"], "batch_size": None}
    return {**config, **changes} if changes else config


@functools.lru_cache(maxsize=10_000)
def _component_problems(key: str, node: str) -> tuple[str, ...]:
    """Return one component's problems; cached, because the cells of a grid share their components."""
    try:
        build(key, json.loads(node))
    except ValueError as error:
        return (str(error),)
    return ()


def build(key: str, node: Any) -> Any:
    """Return the component that `node` ({_target_: …, parameters}) names, checked to be of its key's kind."""
    kinds = KINDS[key]
    if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
        raise ValueError(f"{key} = {node!r}: must be a mapping with a _target_, such as conf/{key} holds")
    target = node["_target_"]
    try:
        module, _, name = target.rpartition(".")
        component = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise ValueError(f"{key}._target_ = {target}: cannot be imported ({_first_line(error)})") from None
    if not (
        isinstance(component, type) and dataclasses.is_dataclass(component) and issubclass(component, kinds)
    ):
        raise ValueError(
            f"{key}._target_ = {target}: must be a dataclass derived from {kinds[0].__qualname__}"
        )
    parameters = {name: _frozen(value) for name, value in node.items() if name != "_target_"}
    known = [field.name for field in dataclasses.fields(component) if field.init]
    for name in parameters:
        if name not in known:
            raise ValueError(f"{key}.{name}: unknown key; known are {', '.join(known) or 'none'}")
    try:
        return component(**parameters)
    except ValueError as error:
        raise ValueError(f"{key}.{_first_line(error)}") from None
    except TypeError as error:  # a parameter is missing, say: this text begins with no field
        raise ValueError(f"{key}: {_first_line(error)}") from None


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
