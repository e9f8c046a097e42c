"""What a tracker is told of a run: settings, final figures, learning curve, and a stamp of all that."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from reports.runs.metrics import METRICS, OF_CLASSES, VALIDATION
from reports.runs.results import FINAL, Results

Value = bool | int | float | str
COMPLETE = ("done", "diverged")
FIGURES = (*FINAL, "best_epoch", "best_test_accuracy", "parameters", "epoch_cpu_s", "total_wall_s")
TAGS = ("status", "code", "version", "git_commit", "machine", "problem")


@dataclass(frozen=True)
class Epoch:
    """One row of a learning curve: 1-based epoch, seconds since 1970, the finite figures by name."""

    number: int
    time_s: float
    figures: dict[str, float]


@dataclass(frozen=True)
class TrackedRun:
    """A run that has a result. `stamp` differs whenever anything that is told of it does."""

    cell_id: str
    name: str
    stamp: str
    started_s: float
    finished_s: float
    settings: dict[str, Value]
    figures: dict[str, float]
    epochs: list[Epoch]
    tags: dict[str, str]


def tracked(results: Results) -> Iterator[TrackedRun]:
    """Yield every run of a sweep that is done or diverged."""
    curves = dict(iter(results.history.groupby("cell_id", observed=True)))
    empty = results.history.iloc[:0]
    more = [
        name for name in results.metrics if name not in METRICS or name in (*VALIDATION.values(), *OF_CLASSES)
    ]
    figures = [*FIGURES, *more]
    for place, row in enumerate(results.runs.to_dict("records")):
        if row["status"] in COMPLETE:
            settings = results.settings.iloc[place].to_dict()
            yield tracked_run(row, settings, curves.get(row["cell_id"], empty), figures)


def tracked_run(
    row: Mapping[Any, Any], settings: Mapping[Any, Any], curve: pd.DataFrame, names: Sequence[str] = FIGURES
) -> TrackedRun:
    """Return one run from its row, its settings and its learning curve."""
    started, finished = seconds(row["started"]), seconds(row["finished"])
    told: dict[str, Any] = {
        "settings": {key_of(key): plain(value) for key, value in settings.items() if value == value},
        "figures": finite({name: row.get(name) for name in names}),
        "tags": {name: str(row[name]) for name in TAGS if row.get(name)},
    }
    finished = max(finished, started + told["figures"].get("total_wall_s", 0.0))  # recorded to the second
    epochs = list(learning_curve(curve, started))
    content = json.dumps([told, [[e.number, e.figures] for e in epochs]], sort_keys=True)
    stamp = hashlib.sha256(content.encode()).hexdigest()[:12]
    return TrackedRun(row["cell_id"], row["name"], stamp, started, finished, epochs=epochs, **told)


def learning_curve(curve: pd.DataFrame, started_s: float) -> Iterator[Epoch]:
    """Yield the epochs, each at the time that the training before it had taken."""
    time_s = started_s
    for row in curve.drop(columns="cell_id").to_dict("records"):
        number, figures = int(row.pop("epoch")), finite(row)
        time_s += figures.get("epoch_wall_s", 0.0)
        yield Epoch(number, time_s, figures)


def finite(figures: Mapping[Any, Any]) -> dict[str, float]:
    """Return the figures that are finite numbers, as floats."""
    numbers = {str(k): float(v) for k, v in figures.items() if isinstance(v, int | float)}
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def plain(value: Any) -> Value:
    """Return a setting as trackers take it; lists as 256-64."""
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return value if isinstance(value, bool | int | float | str) else str(value)


def key_of(key: object) -> str:
    """Return a setting's name in the characters that every tracker takes."""
    return re.sub(r"[^A-Za-z0-9_.\- ]", "_", str(key))[:200]


def seconds(time: str) -> float:
    """Return a recorded time as seconds since 1970; 0 if it is none."""
    try:
        return max(datetime.fromisoformat(time).timestamp(), 0.0)
    except (ValueError, OverflowError):
        return 0.0
