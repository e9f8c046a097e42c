"""Sweeps of known truth as run directories: the test accuracy of every run is given, all else made up."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reports.__main__ import main
from tests.support import synthetic

Truth = Callable[[dict[str, Any], np.random.Generator], "float | str"]


def write(
    directory: Path,
    axes: Mapping[str, Sequence[Any]],
    seeds: int,
    truth: Truth,
    plans: Sequence[int] = (),
    **more: Any,
) -> Path:
    """Write a sweep; `truth` gives each run's test accuracy, or its status where it has none.

    `plans` are the numbers of seeds that each command planned, for the plan's history.
    """
    cells = synthetic.grid(axes, seeds=range(seeds), epochs=more.pop("epochs", 4))
    rng = np.random.default_rng(more.pop("random", 0))
    for number, one in enumerate(cells):
        one.name = f"run-{number}-{one.cell_id}"
        found = truth(one.values, rng)
        if isinstance(found, str):
            one.status = found
        else:
            one.extra = {"final": final(found)}
    history = [{"time": "2026-11-21", "command": [], "seeds": list(range(count))} for count in plans]
    synthetic.write_plan(directory, cells, history=history, **more)
    for one in cells:
        if one.status != "missing":
            synthetic.write_cell(directory, one)
    return directory


def final(accuracy: float) -> dict[str, float]:
    """The last figures of a run of this test accuracy."""
    return {
        "train_loss": 0.1,
        "train_accuracy": min(accuracy + 0.01, 1.0),
        "test_loss": 0.2,
        "test_accuracy": accuracy,
    }


def findings_of(directory: Path, *options: str) -> list[dict[str, Any]]:
    """The findings of `python -m reports DIR`, as the command leaves them."""
    main([str(directory), "--no-plots", *options])
    found: list[dict[str, Any]] = json.loads((directory / "report" / "findings.json").read_text())
    return found


def effect(
    found: Sequence[Mapping[str, Any]], factor: str, metric: str = "test_accuracy"
) -> Mapping[str, Any]:
    """The one effect of a factor on a metric."""
    own: Mapping[str, Any]
    (own,) = (f for f in found if (f["kind"], f["factor"], f["metric"]) == ("effect", factor, metric))
    return own


def pair(finding: Mapping[str, Any], one: str, other: str) -> Mapping[str, Any]:
    """The comparison of two levels."""
    own: Mapping[str, Any]
    (own,) = (p for p in finding["pairs"] if {p["first"], p["second"]} == {one, other})
    return own


def full_grid(values: dict[str, Any], rng: np.random.Generator) -> float:
    shift = {"relu": 0.0, "gelu": 0.004, "mse": 0.0, "hinge": 0.01}
    found = 0.95 + sum(shift.get(str(value), 0.0) for value in values.values())
    return found + 0.0005 * math.sin(values["seed"]) + float(rng.normal(0, 0.0008))


def rates(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
    if values["optimizer.lr"] == 3.0 and values["seed"] in (1, 3) and values["activation"] == "relu":
        return "diverged"
    rate = float(np.log10(values["optimizer.lr"] / 0.1))
    return 0.97 - 0.008 * abs(rate) + float(rng.normal(0, 0.0009))


def reversal(values: dict[str, Any], rng: np.random.Generator) -> float:
    ahead = {("relu", "mse"): 0.03, ("selu", "hinge"): 0.029}
    return 0.9 + ahead.get((values["activation"], values["loss"]), 0.0) + float(rng.normal(0, 0.001))


def unfinished(values: dict[str, Any], rng: np.random.Generator) -> "float | str":
    if values["seed"] >= 3 and values["loss"] == "hinge":
        return "missing"
    return full_grid(values, rng) if values["seed"] != 2 or values["activation"] != "selu" else "failed"


GRID = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge", "softmax_ce"]}
SWEEPS: dict[str, tuple[Mapping[str, Any], int, Any, list[int]]] = {
    "one seed": (GRID, 1, full_grid, [1]),
    "five seeds": (GRID, 5, full_grid, [5]),
    "rates": (
        {"activation": ["relu", "gelu"], "optimizer.lr": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]},
        5,
        rates,
        [5],
    ),
    "reversal": ({"activation": ["relu", "selu"], "loss": ["mse", "hinge"]}, 5, reversal, [5]),
    "unfinished": ({**GRID, "activation": ["relu", "gelu", "selu"]}, 5, unfinished, [3, 5]),
}
