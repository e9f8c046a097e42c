"""Sweeps of known truth under `until_decided`, through the strategy that users run; figures are drawn."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from reports.analysis.looks import looks_of
from reports.deciding import until_decided
from reports.deciding.comparisons import Compared, comparisons, main_effects
from reports.runs.reader import figures_of
from sweeps.records import plan_history
from sweeps.records.ladder import RUNGS
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.records.strategy import SEED, Step

RESULTS = Path(__file__).parents[2] / "docs/results"
MARGIN = 0.003


@dataclass
class Truth:
    """A grid with its true means and standard deviations by cell; runs are drawn when they are asked for."""

    levels: Mapping[str, Sequence[str]]
    means: Mapping[tuple[str, ...], float]
    spreads: Mapping[tuple[str, ...], float]
    rng: np.random.Generator
    drawn: dict[tuple[tuple[str, ...], int], float] = field(default_factory=dict)

    def figure(self, cell: tuple[str, ...], seed: int) -> float:
        """The test accuracy of one run, the same whenever it is asked for."""
        if (cell, seed) not in self.drawn:
            self.drawn[cell, seed] = self.means[cell] + self.spreads[cell] * float(self.rng.normal())
            assert 0 <= self.drawn[cell, seed] <= 1  # else it is a damaged record's
        return self.drawn[cell, seed]

    def level(self, factor: str, level: str) -> float:
        """The true mean of a level over all cells."""
        place = [*self.levels].index(factor)
        return float(np.mean([mean for cell, mean in self.means.items() if cell[place] == level]))


def truth(
    effects: Mapping[str, Sequence[float]],
    spread: float,
    rng: np.random.Generator,
    *,
    base: float = 0.8,
    unequal: float = 0.8,
) -> Truth:
    """A grid of which each factor's levels have these effects; its cells vary unequally about `spread`."""
    levels = {name: [f"{name}{k}" for k in range(len(own))] for name, own in effects.items()}
    means, spreads = {}, {}
    for places in itertools.product(*(range(len(own)) for own in effects.values())):
        cell = tuple(levels[name][k] for name, k in zip(effects, places, strict=True))
        means[cell] = base + sum(own[k] for own, k in zip(effects.values(), places, strict=True))
        spreads[cell] = spread * float(np.exp(rng.normal(0, unequal)))
    return Truth(levels, means, spreads, rng)


def run_of(names: Sequence[str], cell: tuple[str, ...], seed: int) -> Cell:
    """A planned run, as the planner would make it."""
    config = {**dict(zip(names, cell, strict=True)), SEED: seed}
    overrides = [f"{key}={value}" for key, value in config.items()]
    return Cell(hashlib.sha256(" ".join(overrides).encode()).hexdigest()[:12], "", overrides, config, {})


def record_of(run: Cell, figure: float) -> Record:
    """The record of a finished run."""
    data: dict[str, Any] = {"status": "done", "config": run.config, "final": {"test_accuracy": figure}}
    return Record(Path("runs", run.id), run.id, "done", data)


@dataclass(frozen=True)
class Decided:
    """What is left when the strategy has ended: the plan, its last step, and every comparison."""

    plan: Plan
    step: Step
    compared: list[Compared]

    @property
    def runs(self) -> int:
        """How many runs it took."""
        return len(self.plan.cells)


def records_of(plan: Plan, made: Truth) -> dict[str, Record]:
    """The records of all runs of a plan."""
    names = [*made.levels]
    return {
        run.id: record_of(run, made.figure(tuple(run.config[name] for name in names), run.config[SEED]))
        for run in plan.cells
    }


def planned(made: Truth, seeds: Sequence[int], margin: float | None = MARGIN, most: int = 20) -> Plan:
    """The plan of the whole grid with these seeds."""
    names = [*made.levels]
    runs = [run_of(names, cell, seed) for seed in seeds for cell in made.means]
    strategy: dict[str, Any] = {
        "name": "until_decided",
        "settings": {"max_seeds": most},
        "steps": [],
        "end": None,
    }
    plan = Plan("drawn", runs, names, margin=margin, ladder=[*RUNGS], strategy=strategy)
    return replace(plan, history=[plan_history.entry(plan)])


def decide(made: Truth, margin: float | None = MARGIN, most: int = 20) -> Decided:
    """Run a sweep until its strategy has ended."""
    plan, names = planned(made, [0], margin, most), [*made.levels]
    while (step := until_decided(plan, records_of(plan, made))).cells:
        values = [dict(text.split("=") for text in overrides) for overrides in step.cells]
        new = [run_of(names, tuple(own[name] for name in names), int(own[SEED])) for own in values]
        plan = replace(plan, cells=[*plan.cells, *new])
        plan = replace(plan, history=[*plan.history, plan_history.entry(plan)])
    return Decided(plan, step, compared(plan, made))


def compared(plan: Plan, made: Truth) -> list[Compared]:
    """Every comparison of a plan whose runs have all ended."""
    results = figures_of(plan, records_of(plan, made))
    return comparisons(results, main_effects(results, looks_of(results)))


def true_difference(made: Truth, each: Compared) -> float:
    """What the first level of a comparison is truly ahead by, over all cells."""
    return made.level(each.effect.factor, each.pair.first) - made.level(each.effect.factor, each.pair.second)


@cache
def published() -> pd.DataFrame:
    """The accuracy contrasts of docs/results, in margins: `size`, and `spread` of a seed's difference."""
    files = [
        pd.read_csv(path).assign(study=path.parent.name) for path in sorted(RESULTS.glob("*/contrasts.csv"))
    ]
    table = pd.concat(files).query("metric == 'test_accuracy'").dropna(subset=["difference", "low", "margin"])
    half = (table["high"] - table["low"]) / 2
    spread = half / stats.t.ppf(0.975, table["seeds"] - 1) * table["seeds"] ** 0.5
    return table.assign(size=table["difference"] / table["margin"], spread=spread / table["margin"])
