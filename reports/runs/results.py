"""The tidy frames that every table, plot and sentence is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from reports.runs.factors import DATASET, REPLICATE, Factor, find_factors, label
from reports.runs.metrics import NETWORKS, SOMETIMES, Measures, Metric
from reports.runs.record_cache import RecordCache
from reports.runs.stamps import Stamp
from reports.runs.test_bits import Answers
from sweeps.records.schema import COMPLETE, PENDING

FINAL = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
NUMBERS = (
    *FINAL,
    *(f"best_{name}" for name in ("epoch", *FINAL)),
    *SOMETIMES,
    "final_epoch",
    "gap",
    "convergence",
    "convergence_loss",
    "epochs_to_target",
    "seconds_to_target",
    "epoch_cpu_s",
    "epoch_wall_s",
    "total_wall_s",
    "epochs",
    "blas_threads",
    "concurrent_runs",
    "parameters",
    "attempts",
)
TEXTS = (
    "cell_id",
    "name",
    "status",
    "code",
    "started",
    "finished",
    "problem",
    "version",
    "git_commit",
    "machine",
    "data_name",
    "data_hash",
)
RESERVED = (*TEXTS, *NUMBERS, "cell", "epoch", "lr_now", "grad_norm", "planned")


@dataclass(frozen=True)
class Problem:
    """Something on disk that could not be believed: where it is, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}"


@dataclass(frozen=True)
class Results:
    """A sweep directory, read.

    `runs` has one row per planned or recorded cell: TEXTS, `planned`, `seed`, one column of ordered labels
    per factor, `cell` (a number shared by the runs that differ in nothing but the seed) and NUMBERS, which
    are NaN unless the run is done. `history` has one row per run and epoch. `settings` holds every setting
    of every row of `runs`, factors or not; its `dataset` has a value for each content of the data.
    `measures` are what its runs were measured by, `step` is what the steps of their curves are called (in
    `history` always `epoch`). `answers` are those on the test examples, by cell id, of the finished runs that
    recorded them on a test set that all seeds share; `classes` is how many classes have test examples, by the
    cell id of finished runs that say so; `split` says how test examples were split off, empty if
    they were not. `excluded` names the runs that are excluded on purpose, each with the reason: they are in
    none of these. `other_data` says which results are left out for being of other data than planned,
    `repeated` which for repeating the settings, data and seed of another; both are empty if none are.
    `stamps` and `cache` say what was read of which files, for the next report.
    """

    directory: Path
    sweep: str
    runs: pd.DataFrame
    history: pd.DataFrame
    settings: pd.DataFrame
    factors: tuple[Factor, ...]
    target: float
    plan: Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    unplanned: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    provenance: tuple[Mapping[str, Any], ...] = ()
    boundaries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    cache: RecordCache | None = None
    other_data: str = ""
    repeated: str = ""
    measures: Measures = NETWORKS
    step: str = "epoch"
    split: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every planned run has a result (without a plan: every run), and every file was sound."""
        expected = self.runs if self.plan is None else self.runs[self.runs["planned"].astype(bool)]
        return not self.problems and not expected["status"].isin(PENDING).any()

    @property
    def names(self) -> list[str]:
        """The names of the factors."""
        return [factor.name for factor in self.factors]

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The metrics by name; those that not all runs have (of held-out examples, say) if one has them."""
        metrics = self.measures.metrics
        absent = [name for name in SOMETIMES if not self.runs[name].notna().any()]
        return {name: metric for name, metric in metrics.items() if name not in absent}

    @property
    def main(self) -> Metric:
        """The metric that the sweep is about."""
        return self.measures.main

    @property
    def columns(self) -> list[str]:
        """The columns of `runs` that say something of such runs: of an application's own, none of ours."""
        names = list(self.runs.columns)
        if not self.measures.own:
            return names
        ours = [name for name in NUMBERS if name not in (*self.measures.metrics, *self.names)]
        return [name for name in names if name not in ours or self.runs[name].notna().any()]

    @property
    def curve_columns(self) -> list[str]:
        """The columns of the learning curves that have any number."""
        names = [str(name) for name in self.history if name not in ("cell_id", "epoch")]
        return [name for name in names if self.history[name].notna().any()]

    @property
    def has_our_curves(self) -> bool:
        """Whether some run has a learning curve of a network, not one of an application's own."""
        return not self.measures.own and bool(self.history["train_loss"].notna().any())

    @cached_property
    def done(self) -> pd.DataFrame:
        """The runs that ended well."""
        return self.runs[self.runs["status"] == "done"]

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row per cell, on the cell's number: its factors, and how many runs it has in each state."""
        by_cell = self.runs.groupby("cell")
        counts = pd.crosstab(self.runs["cell"], self.runs["status"])
        counts = counts.reindex(columns=[*COMPLETE, *PENDING], fill_value=0)
        return by_cell[self.names].first().join(counts).assign(runs=by_cell.size())

    @cached_property
    def worked_out(self) -> dict[tuple[Any, ...], Any]:
        """What was worked out of these results, by function and arguments (once.py)."""
        return {}

    def factor(self, name: str) -> Factor:
        """Return the factor of that name; KeyError names the ones that there are."""
        for factor in self.factors:
            if factor.name == name:
                return factor
        raise KeyError(f"no factor {name}: the sweep varies {', '.join(self.names) or 'nothing'}")

    def where(self, **wanted: Any) -> "Results":
        """Return the part of the sweep with these settings (key or its last part; a list allows several).

        What is a factor is found anew: among the runs with one loss, its options are factors of their own.
        """
        keep = pd.Series(True, index=self.runs.index)
        for name, value in wanted.items():
            allowed = {label(v) for v in (value if isinstance(value, list) else [value])}
            keep &= self.settings[self.setting(name)].map(label).isin(allowed)
        return self.part(keep)

    def part(self, keep: "pd.Series[bool]") -> "Results":
        """Return the part of the sweep with these runs, its factors found anew."""
        runs = self.runs.loc[keep].drop(columns=[*self.names, "cell"])
        history = self.history[self.history["cell_id"].isin(runs["cell_id"])]
        kept = set(runs["cell_id"])
        smaller = replace(
            self,
            runs=runs,
            history=history,
            settings=self.settings.loc[keep],
            factors=(),
            boundaries={k: v for k, v in self.boundaries.items() if k in kept},
            answers={k: v for k, v in self.answers.items() if k in kept},
            classes={k: v for k, v in self.classes.items() if k in kept},
        )
        return with_factors(smaller, [factor.key for factor in self.factors])

    @property
    def dataset(self) -> Factor | None:
        """The data set, if the sweep has several."""
        return next((factor for factor in self.factors if factor.key == DATASET), None)

    def by_dataset(self) -> dict[str, "Results"]:
        """Return the part of each data set by its name; all of it under "" if there is only one."""
        if (factor := self.dataset) is None:
            return {"": self}
        levels = self.runs[factor.name].astype(str)
        return {level: self.part(levels == level) for level in factor.levels}

    def setting(self, name: str) -> str:
        """Return the column of `settings` that a short or dotted name means; KeyError unless there is one."""
        columns = list(self.settings.columns)
        found = [name] if name in columns else [c for c in columns if c.split(".")[-1] == name]
        if len(found) != 1:
            raise KeyError(f"{name}: {'more than one setting' if found else 'no setting'} of that name")
        return found[0]


def with_factors(results: Results, swept: list[str]) -> Results:
    """Return the same results with their factors found, and their columns in `runs`."""
    taken = (*RESERVED, *results.measures.metrics)
    factors, labels = find_factors(results.settings, swept, taken)
    names = [factor.name for factor in factors]
    runs = results.runs.assign(**{name: labels[name] for name in names}) if names else results.runs.copy()
    cell = runs.groupby(names, observed=True, sort=True).ngroup() if names else 0
    return replace(results, runs=runs.assign(cell=cell), factors=tuple(factors))


def without_repeats(results: Results) -> Results:
    """Leave out runs with the settings and the seed of another, and name them: they replicate nothing."""
    again = results.runs.duplicated(["cell", "seed"])
    if not again.any():
        return results
    first = results.runs[~again].set_index(["cell", "seed"])["name"]
    rows = results.runs.loc[again, ["cell", "seed", "name"]].itertuples(index=False, name=None)
    pairs = [f"{name} that of {first[cell, seed]}" for cell, seed, name in rows]
    some = "; ".join(pairs[:3]) + ("; …" if len(pairs) > 3 else "")
    runs = "1 run, which repeats" if len(pairs) == 1 else f"{len(pairs):,} runs, which repeat"
    repeated = f"{runs} the settings, data and seed of another ({some})"
    return replace(results.part(~again), repeated=repeated)


def natural(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose numeric factors are numbers and whose others are plain text, for notebooks."""
    columns: dict[str, Any] = {}
    for factor in results.factors:
        text = frame[factor.name].astype(str)
        columns[factor.name] = text.map(factor.numbers) if factor.numeric else text
    return frame.assign(**columns)


__all__ = [
    "FINAL",
    "NUMBERS",
    "PENDING",
    "REPLICATE",
    "RESERVED",
    "TEXTS",
    "Problem",
    "Results",
    "natural",
    "with_factors",
    "without_repeats",
]
