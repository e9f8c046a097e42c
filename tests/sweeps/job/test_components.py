"""Mistakes in a config: each is refused before training, in one line that names key, value and range."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sweeps.job.components import Components, effective, problems
from tests.support.configs import compose_config

CONF = Path(__file__).parents[3] / "conf"
BAD_VALUES: dict[str, list[Any]] = {
    "seed": [-1, 1.5, "zero", True],
    "training.epochs": [0, -3, 2.5, "ten"],
    "training.batch_size": [0, -1, 60_001, "big"],
    "model.batch_norm=true training.batch_size": [1],
    "training.clip_norm": [0, -1.0, "none"],
    "training.validation_size": [-1, 60_000, 0.1],
    "training.patience": [0, 3],
    "training.shift": [-1, 0.5, 28],
    "training.layer_stats": ["yes", 1],
    "model.hidden": [[0], [-5], [128, 0], [1.5], "128", 128],
    "model.dropout": [1.0, -0.1, 2, "half"],
    "model.batch_norm": ["on", 2],
    "model.residual": ["no"],
    "optimizer.lr": [0, -0.1, "fast", float("nan"), float("inf")],
    "optimizer.momentum": [1.0, -0.1, 1.5],
    "optimizer.weight_decay": [-1e-4, "none"],
    "loss.reduction": ["max", 1, None],
    "dataset.train_size": [0, -1, 60_001, 1.5],
    "loss=hinge loss.margin": [-1, "wide"],
    "loss=hinge loss.softmax": ["yes", 3],
    "loss=focal loss.alpha": [-0.1, 1.5, [0.1, 0.2], [0.5] * 9 + [2.0]],
    "loss=focal loss.gamma": [-1],
    "loss=softmax_ce loss.label_smoothing": [1.0, -0.1],
    "loss=kldiv loss.smoothing": [1.0, -0.1],
    "activation=maxout activation.pieces": [0, 1.5],
    "optimizer=adam optimizer.beta1": [1.0, -0.1],
}


def with_value(config: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(dict(config))
    *path, last = key.split(".")
    node = changed
    for part in path:
        node = node[part]
    node[last] = value
    return changed


CASES = [(key, value) for key, values in BAD_VALUES.items() for value in values]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


@pytest.fixture(scope="module")
def bases() -> dict[str, dict[str, Any]]:
    return {choice: compose_config(*choice.split()) for choice in {k.rpartition(" ")[0] for k in BAD_VALUES}}


@pytest.mark.parametrize(("key", "value"), CASES, ids=[f"{k}={v}" for k, v in CASES])
def test_a_bad_value_is_one_line_with_key_value_and_range(
    key: str, value: Any, bases: dict[str, dict[str, Any]]
) -> None:
    choice, _, dotted = key.rpartition(" ")
    lines = list(problems(with_value(bases[choice], dotted, value)))
    assert len(lines) == 1
    (line,) = lines
    assert "\n" not in line
    assert line.startswith(dotted)
    assert str(value).strip("[]") in line.replace("'", "")
    assert any(word in line for word in ("must be", "needs"))


@pytest.mark.parametrize(
    ("key", "node", "said"),
    [
        ("loss", {"_target_": "os.system", "command": "true"}, "must be a dataclass derived from Loss"),
        ("loss", {"_target_": "mlp.activations.ReLU"}, "must be a dataclass derived from Loss"),
        ("loss", {"_target_": "no.such.module.Loss"}, "cannot be imported"),
        ("loss", None, "must be a mapping with a _target_"),
        ("loss", {"_target_": "mlp.losses.Hinge", "margn": 5}, "loss.margn: unknown key; known are"),
        ("loss", {"_target_": "mlp.losses.Hinge", "new": {1: 2, "a": 3}}, "loss.new: unknown key; known are"),
        ("dataset", {"_target_": "mlp.datasets.NPZ"}, "dataset: NPZ.__init__() missing 1 required"),
        ("colour", "blue", "colour: unknown key; known are"),
        ("sweep", {"epochs": 3}, "dataset, training, seed; a config file of such a group begins with"),
    ],
)
def test_only_components_of_the_right_kind_are_built(key: str, node: Any, said: str) -> None:
    assert said in "\n".join(problems(compose_config() | {key: node}))


@pytest.mark.parametrize("choice", ["step", "exponential", "inverse_time", "cosine", "warmup"])
def test_lbfgs_has_no_schedule(choice: str) -> None:
    (line,) = problems(compose_config("optimizer=lbfgs", f"schedule={choice}"))
    assert line.startswith("schedule = ")
    assert "must be constant with lbfgs" in line


NO_EFFECT = [
    ("optimizer=lbfgs", "training.batch_size=10", "training.batch_size=100"),
    ("model.hidden=[]", "model.dropout=0.5", "model.dropout=0"),
    ("model.hidden=[]", "model.batch_norm=true", "model.batch_norm=false"),
    ("model.hidden=[]", "model.residual=true", "model.residual=false"),
    ("model.hidden=[64,32]", "model.residual=true", "model.residual=false"),
    ("model.hidden=[] init=he", "activation=gelu", "activation=tanh"),
]
AN_EFFECT = [
    ("optimizer=sgd", "training.batch_size=10", "training.batch_size=100"),
    ("model.hidden=[32]", "model.dropout=0.5", "model.dropout=0"),
    ("model.hidden=[32,32]", "model.residual=true", "model.residual=false"),
    ("model.hidden=[] init=auto", "activation=relu", "activation=tanh"),
    ("optimizer=lbfgs", "seed=0", "seed=1"),
]


@pytest.mark.parametrize(("shared", "one", "other"), [*NO_EFFECT, *AN_EFFECT])
def test_only_what_has_an_effect_tells_configs_apart(shared: str, one: str, other: str) -> None:
    first, second = (compose_config(*shared.split(), choice) for choice in (one, other))
    equal = effective(first) == effective(second)
    assert equal == ((shared, one, other) in NO_EFFECT)
    config = compose_config()
    assert effective(config) is config


GROUPS = ["activation", "loss", "init", "optimizer", "schedule", "model"]
CHOICES = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids=[f"{g}={c}" for g, c in CHOICES])
def test_every_choice_composes_and_builds(group: str, choice: str) -> None:
    config = compose_config(f"{group}={choice}")
    assert list(problems(config)) == []
    assert Components.of(config)
