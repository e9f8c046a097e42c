"""Sweeps of known truth as run directories: the test accuracy of every run is given, all else made up."""

import json
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
