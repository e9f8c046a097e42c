"""What a report leaves unsaid, fitted on one half of its figures and counted on the other half.

The part `fit` of a study trains the cells that a report gives figures of at every candidate for what it does
not state. A candidate is chosen by one half of the cells, and what that is worth is seen on the other.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from reports.analysis.intervals import LEVEL, prediction_interval, t_quantile
from reports.claims.observations import MAIN
from reports.claims.runs import Unknown
from reports.sources import Reference
from reports.sources.reported import TIME, as_floats, by_seed, cell_settings, find
from sweeps.records.studies import FIT

ACCURACIES = ("train_accuracy", "test_accuracy")
PRINTED = 50  # batches that a training figure seems to be the mean of: see multiples
NAN = float("nan")
GRAIN = 1e-4  # of reported accuracies
NORMAL = float(t_quantile((1 - LEVEL) / 2, np.inf))
FARTHEST = 10.0  # half-widths, of a figure that is far off whatever the setting


@dataclass(frozen=True)
class Candidate:
    """A value for everything that is fitted, and a report's figures beside the runs with it.

    figures: cell, metric, reported, chooses (whether its cell does), mean, and half, the half-width of the
    95 % prediction interval (NaN unless all seeds have the figure: one of two runs holds almost anything)
    """

    values: dict[str, str]
    figures: pd.DataFrame

    def half(self, *, chooses: bool) -> pd.DataFrame:
        """Return the figures of a half that are compared, with `inside` and `inside_printed`.

        The second is for training accuracies that are means over few batches, with that in the interval too.
        """
        own = self.figures[(self.figures["chooses"] == chooses) & self.figures["half"].notna()]
        away = (own["reported"] - own["mean"]).abs()
        return own.assign(
            inside=away <= own["half"], inside_printed=away <= np.hypot(own["half"], printed(own))
        )

    def inside(self, *, chooses: bool) -> int:
        """Return how many figures of a half lie inside."""
        return int(self.half(chooses=chooses)["inside"].sum())

    @property
    def distance(self) -> float:
        """Root mean square of how far the figures that choose lie from the mean, in half-widths."""
        own = self.half(chooses=True)
        away = (own["reported"] - own["mean"]).abs() / own["half"]
        away = away.fillna(0.0)  # 0 / 0: all runs agree, with the report too
        return float(np.sqrt((away.clip(upper=FARTHEST) ** 2).mean()))

    @property
    def width(self) -> float:
        """Median half-width of the intervals of accuracies."""
        return float(self.figures.loc[self.figures["metric"].isin(ACCURACIES), "half"].median())


@dataclass(frozen=True)
class Fit:
    """The candidates for what a report does not state, and what the study uses now, from the same seeds."""

    present: Candidate
    candidates: Sequence[Candidate]
    seeds: int

    @cached_property
    def chosen(self) -> Candidate:
        """The candidate with most figures that choose inside; of equals the nearest, then the first."""
        return min(self.candidates, key=lambda each: (-each.inside(chooses=True), each.distance))


def fit_of(source: Reference, frame: pd.DataFrame) -> Fit | None:
    """Return what comes of fitting what a report does not state; None without runs of its figures."""
    runs = frame[frame["part"] == FIT]
    if not source.fitted or not (runs["status"] == "done").any():
        return None
    seeds = set(runs["seed"])
    main = frame[(frame["part"] == MAIN) & frame["seed"].isin(seeds)]
    in_use = {name: source.unsaid[name][0] for name in source.fitted}
    tried = runs[list(source.fitted)].drop_duplicates().itertuples(index=False, name=None)
    every = [dict(zip(source.fitted, values, strict=True)) for values in tried]
    candidates = [candidate(source, runs, values, len(seeds)) for values in every]
    if all(each.figures["half"].isna().all() for each in candidates):
        return None
    return Fit(candidate(source, main, in_use, len(seeds)), candidates, len(seeds))


def compared_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that are compared as values: cell, metric, reported, chooses."""
    table = figures[figures["metric"] != TIME]
    choosing = choosing_cells(map(words_of, table["cell"]))
    return table.assign(chooses=[words_of(cell) in choosing for cell in table["cell"]])


def words_of(cell: str) -> str:
    """Return the words of a cell, the same for one that a report gives twice."""
    return " ".join(word for word in cell.split() if not word.startswith("repeat="))


def choosing_cells(cells: Iterable[str]) -> set[str]:
    """Return the cells that choose: every second one in the order of their SHA-256, from the first on."""
    return set(sorted(set(cells), key=lambda cell: hashlib.sha256(cell.encode()).hexdigest())[::2])


def candidate(source: Reference, runs: pd.DataFrame, values: dict[str, str], seeds: int) -> Candidate:
    """Return the figures of a report beside those of these runs that have the candidate's values."""
    assumed = replace(source, unsaid={**source.unsaid, **{name: (value,) for name, value in values.items()}})
    runs = runs[(runs[list(values)] == list(values.values())).all(axis=1)]
    rows: list[dict[Any, Any]] = []
    for cell, figures in compared_figures(source.figures).groupby("cell", sort=False):
        own = runs_of(assumed, runs, str(cell))
        for row in figures.to_dict("records"):
            expected = prediction_interval(as_floats(by_seed(own, row["metric"])))
            half = expected.half if expected.n == seeds else NAN
            rows.append(row | {"mean": expected.mean, "half": half})
    return Candidate(values, pd.DataFrame(rows))


def runs_of(source: Reference, runs: pd.DataFrame, cell: str) -> pd.DataFrame:
    """Return the runs of a cell; none where that cannot be told."""
    try:
        return find(runs, source, cell_settings(cell))
    except Unknown:
        return runs.iloc[:0]


def printed(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return the half-width of what training accuracies of PRINTED batches scatter by; else 0."""
    share = figures["mean"].clip(0, 1) if len(figures) else figures["mean"]
    half = NORMAL * (share * (1 - share) / examples(figures)) ** 0.5
    return half.where(figures["metric"] == "train_accuracy", 0.0)


def examples(figures: pd.DataFrame) -> "pd.Series[float]":
    """Return how many training examples PRINTED batches of each figure's cell are."""
    return figures["cell"].map(lambda cell: PRINTED * float(cell_settings(cell)["batch_size"]))


def multiples(source: Reference) -> tuple[int, int]:
    """Return how many training accuracies of a report are whole numbers of the examples of PRINTED batches.

    Of how many: those whose digits can tell.
    """
    own = source.figures[source.figures["metric"] == "train_accuracy"]
    own = own[examples(own) * GRAIN < 1]
    right = own["reported"] * examples(own)
    return int((abs(right - right.round()) < 1e-6).sum()), len(own)
