"""The config files of the components: one for each choice, naming every parameter with its default."""

import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

CONF = Path(__file__).parent.parent / "conf"
BASES = {
    "activation": ("mlp.activations", "Activation"),
    "loss": ("mlp.losses", "Loss"),
    "init": ("mlp.initializers", "Initializer"),
    "optimizer": ("mlp.optimizers", "Optimizer", "LBFGS"),
    "schedule": ("mlp.schedules", "Schedule"),
}
CHOICES = {
    "activation": "relu leaky_relu elu selu swish gelu gelu_exact hardswish mish tanh sigmoid softplus "
    "softmax maxout identity",
    "loss": "mse softmax_ce hinge focal kldiv multi_margin bce huber nll",
    "init": "he he_uniform xavier xavier_uniform lecun lecun_uniform normal uniform zero auto",
    "optimizer": "sgd nesterov adagrad rmsprop adam adamw lbfgs",
    "schedule": "constant step exponential inverse_time cosine warmup",
}
FILES = [path for group in BASES for path in sorted((CONF / group).glob("*.yaml"))]


def load(path: Path) -> tuple[type[Any], dict[str, Any]]:
    """The class that a config file names, and the parameters that it sets."""
    parameters: Any = OmegaConf.to_container(OmegaConf.load(path))
    module, _, name = parameters.pop("_target_").rpartition(".")
    return getattr(importlib.import_module(module), name), parameters


def concrete_components() -> Iterator[type]:
    for module_name, *base_names in BASES.values():
        module = importlib.import_module(module_name)
        bases = tuple(getattr(module, name) for name in base_names)
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, bases) and not inspect.isabstract(value):
                yield value


@pytest.mark.parametrize("group", BASES)
def test_the_choices_are_the_documented_ones(group: str) -> None:
    assert {path.stem for path in FILES if path.parent.name == group} == set(CHOICES[group].split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_names_every_parameter_with_its_default(path: Path) -> None:
    component, parameters = load(path)
    defaults = dataclasses.asdict(component())
    if path.stem.endswith("_uniform"):
        defaults["distribution"] = "uniform"
    assert parameters == defaults
    assert {name: type(value) for name, value in parameters.items()} == {
        name: type(value) for name, value in defaults.items()
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_begins_with_one_line_on_what_it_is(path: Path) -> None:
    first, second, *_ = path.read_text().splitlines()
    assert first.startswith("# ")
    assert first.endswith(".")
    assert second.startswith("_target_: mlp.")


def test_every_component_can_be_chosen() -> None:
    assert set(concrete_components()) == {load(path)[0] for path in FILES}
