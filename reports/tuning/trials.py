"""The trials of a sweep that tunes: what each tried, for which combination, and how it was judged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reports.analysis.intervals import Floats
from reports.runs.factors import label, short_names
from reports.runs.results import Results
from sweeps.records.plan import Cell, Plan, read_plan
from sweeps.records.record import read_record
from sweeps.records.strategy import NAMED, SEED, key_of, settings_of, trial_ids

EDGE = 0.1  # of a range, at each end: what is chosen there may not be the best there is


@dataclass(frozen=True)
class Trial:
    """One trial: the levels of its combination, the values it tried, its rung, its figure (NaN: none)."""

    levels: tuple[str, ...]
    values: tuple[Any, ...]
    rung: Any
    figure: float
    ended: bool


@dataclass(frozen=True)
class Trials:
    """The trials of a sweep. `factors` are the keys of the combinations, `keys` those that are tuned."""

    factors: tuple[str, ...]
    names: tuple[str, ...]
    keys: tuple[str, ...]
    settings: Mapping[str, Any]
    trials: tuple[Trial, ...]

    @cached_property
    def combinations(self) -> list[tuple[str, ...]]:
        """The combinations, in the order planned."""
        return list(dict.fromkeys(trial.levels for trial in self.trials))

    @property
    def figure(self) -> str:
        """What trials are judged by, as people say it."""
        return str(self.settings["judged_by"]).rpartition(".")[2].replace("_", " ")

    @cached_property
    def first(self) -> dict[tuple[str, ...], list[Trial]]:
        """The trials of each combination at the first rung, of which all have equally many."""
        rung = (self.settings.get("rungs") or [None])[0]
        return {
            one: [t for t in self.trials if t.levels == one and t.rung == rung] for one in self.combinations
        }

    @cached_property
    def judged(self) -> Floats:
        """The figure of each trial at its last rung, (combinations, trials); without one the worst of all."""
        rows = [[self.latest(trial) for trial in own] for own in self.first.values()]
        table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
        for place, row in enumerate(rows):
            table[place, : len(row)] = row
        known = table[np.isfinite(table)]
        return np.where(np.isfinite(table), table, known.min() if len(known) else np.nan)

    def latest(self, trial: Trial) -> float:
        """Return the figure of a trial at the last rung that it came to."""
        same = [t for t in self.trials if t.levels == trial.levels and t.values == trial.values]
        return same[-1].figure

    def chosen(self, combination: tuple[str, ...]) -> Trial | None:
        """Return the best trial of a combination at the last rung; None if none has a figure yet."""
        rung = (self.settings.get("rungs") or [None])[-1]
        own = [t for t in self.trials if t.levels == combination and t.rung == rung]
        ended = [t for t in own if t.figure == t.figure]
        return max(ended, key=lambda trial: trial.figure) if ended else None

    def at_edge(self, trial: Trial) -> list[str]:
        """Return the keys of which a trial's value lies at an end of its range."""
        found = []
        for key, value in zip(self.keys, trial.values, strict=True):
            place = share(self.settings["tune"][key], value)
            if place <= EDGE or place >= 1 - EDGE:
                found.append(key)
        return found


def share(given: Any, value: Any) -> float:
    """Return where a value lies in what its key was tuned over, from 0 to 1; NaN where there is no order."""
    try:
        if isinstance(given, list):
            numbers = [float(each) for each in given]
            return sorted(numbers).index(float(value)) / (len(numbers) - 1)
        ((kind, (low, high)),) = given.items()
        ends = [math.log(x) if kind == "log" else float(x) for x in (low, value, high)]
        return (ends[1] - ends[0]) / (ends[2] - ends[0])
    except (ValueError, TypeError, ZeroDivisionError):
        return math.nan


def trials_in(directory: Path) -> Trials | None:
    """Return the trials of a sweep's directory; None if it tunes nothing. Raises UserError for a bad plan."""
    plan = read_plan(directory)
    if plan is None or NAMED not in plan.strategy or not settings_of(plan).get("tune"):
        return None
    settings, factors = settings_of(plan), factors_of(plan)
    ids, keys = trial_ids(plan), tuple(settings["tune"])
    found = tuple(trial(directory, cell, factors, keys, settings) for cell in plan.cells if cell.id in ids)
    names = short_names([*factors, *keys], ())
    return Trials(factors, tuple(names[key] for key in factors), keys, settings, found)


def trials_of(results: Results) -> Trials | None:
    """Return the trials of a sweep that was read; the plan is opened again only if a strategy made it."""
    return trials_in(results.directory) if results.plan and results.plan.get("strategy") else None


def factors_of(plan: Plan) -> tuple[str, ...]:
    """Return the keys in which the combinations differ."""
    values: dict[str, set[str]] = {}
    for overrides in plan.strategy[NAMED]:
        for text in overrides:
            values.setdefault(key_of(text), set()).add(text)
    return tuple(key for key, own in values.items() if len(own) > 1 and key != SEED)


def trial(
    directory: Path, cell: Cell, factors: Sequence[str], keys: Sequence[str], settings: Mapping[str, Any]
) -> Trial:
    """Return what became of one planned trial."""
    record = read_record(directory / cell.name)
    figure = value_of(record.data, str(settings["judged_by"])) if record.status == "done" else None
    known = isinstance(figure, int | float) and not isinstance(figure, bool)
    return Trial(
        tuple(label(setting(cell, key)) for key in factors),
        tuple(setting(cell, key) for key in keys),
        setting(cell, settings["rung_key"]) if settings.get("rungs") else None,
        float(figure) if known else math.nan,  # type: ignore[arg-type]
        record.is_complete or record.status == "failed",
    )


def setting(cell: Cell, key: str) -> Any:
    """Return a cell's option of a group, or its value of a dotted key; a list as a tuple."""
    value = cell.choices[key] if key in cell.choices else value_of(cell.config, key)
    return tuple(value) if isinstance(value, list) else value


def value_of(data: Mapping[str, Any], dotted: str) -> Any:
    """Return the value under a dotted key, None if there is none."""
    value: Any = data
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
