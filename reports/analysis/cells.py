"""Cells summarised over their seeds: mean, interval, and how many runs are behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from reports.analysis.counting import grain_of, known_test_set
from reports.analysis.intervals import LEVEL, t_quantile
from reports.runs.factors import DATASET, Factor
from reports.runs.metrics import Metric
from reports.runs.once import once
from reports.runs.results import PENDING, Results

OF_A_GROUP = ("epoch_cpu_s", "epoch_wall_s", "seconds_to_target")  # seconds that runs in lockstep share


@dataclass(frozen=True)
class Layout:
    """Which factor a grid table has as rows, which as columns, and which tell its panels apart."""

    row: Factor | None
    column: Factor | None
    panels: tuple[Factor, ...]


def layout(factors: tuple[Factor, ...]) -> Layout:
    """Return the layout of the grid tables: losses as rows, activations as columns where there are such.

    Data sets are panels, the first of what tells panels apart.
    """
    by_key = {factor.key: factor for factor in factors}
    row, column = by_key.get("loss"), by_key.get("activation")
    data = by_key.get(DATASET)
    rest = sorted((f for f in factors if f not in (row, column, data)), key=lambda f: f.numeric)
    row = row or (rest.pop(0) if rest else None)
    column = column or (rest.pop(0) if rest else None)
    if row is None:
        row, column = column, None
    panels = tuple(f for f in factors if f not in (row, column, data))
    return Layout(row, column, (data, *panels) if data else panels)


def summarise(results: Results, metric: str) -> pd.DataFrame:
    """Return the cells with the metric's `mean`, `low`, `high`, `half`, `sd` and `n` (runs that have it).

    `timed` counts the runs that have seconds of their own. No interval is narrower than the metric's step
    allows: equal runs have `sd` 0, but rounding to a step g has a variance of g²/12 (Sheppard 1898).
    """
    return summary_of(results, metric).copy(deep=False)


@once
def summary_of(results: Results, metric: str) -> pd.DataFrame:
    """Return what `summarise` remembers: tables, findings and the page ask for it again and again."""
    values = results.runs.groupby("cell")[metric].agg(["mean", "std", "count"])
    n = values["count"]
    quantile = t_quantile((1 - LEVEL) / 2, np.maximum(n - 1, 1))
    spread = np.maximum(values["std"], steps(results, metric).reindex(values.index) / 12**0.5)
    half = (quantile * spread / np.sqrt(n)).where(n > 1)
    least, most = results.metrics[metric].bounds
    ends = {"low": (values["mean"] - half).clip(least), "high": (values["mean"] + half).clip(upper=most)}
    figures = {"mean": values["mean"], **ends}
    return results.cells.assign(**figures, half=half, sd=values["std"], n=n, timed=timed(results))


@once
def timed(results: Results) -> "pd.Series[int]":
    """Return how many runs of each cell have seconds of their own."""
    return results.runs.groupby("cell")["epoch_cpu_s"].count()


def steps(results: Results, metric: str) -> "pd.Series[float]":
    """Return the step of a metric in each cell, which is that of its data set; 0 of what has none."""
    measured = results.metrics[metric]
    parts = results.by_dataset().values() if measured.unit == "accuracy" else (results,)
    found = pd.Series(0.0, index=results.cells.index)
    for part in parts:
        own = results.runs.loc[part.runs.index, "cell"].unique()
        found[own] = grain_of(measured, part.runs[metric], known_test_set(part))
    return found


def cell_texts(summary: pd.DataFrame, metric: Metric) -> list[str]:
    """Return what a table prints for each row of `summarise`: of most of them all runs have a figure."""
    usual = int(summary["runs"].max()) if len(summary) else 0
    whole = (summary["runs"] == usual) & (summary["n"] == usual) & (summary["n"] > 0)
    columns = (whole, summary.index, summary["mean"], summary["half"])
    figures = zip(*(column.tolist() for column in columns), strict=True)
    others = cell_rows(summary[~whole])
    return [
        metric.show_interval(mean, half) if plain else cell_text(others[number], metric, usual)
        for plain, number, mean, half in figures
    ]


def cell_text(row: "CellRow", metric: Metric, usual: int) -> str:
    """Return what a table prints for one cell: the figure with its interval, and what is not behind it."""
    if not row.n:
        return without_figure(row, metric)
    text = metric.show_interval(row.mean, row.half)
    pending = row.runs - row.done - row.diverged
    if row.n < row.runs:
        return f"{text} ({row.n} of {row.runs}" + (f", {pending} missing)" if pending else ")")
    return text if row.runs == usual else f"{text} (n = {row.n})"


def without_figure(row: "CellRow", metric: Metric) -> str:
    """Return why a cell has no figure."""
    if row.done and metric.name in OF_A_GROUP and not row.timed:
        return "no seconds of its own"  # trained in lockstep
    if row.done:
        none = "no figure" if metric.unit == "figure" else "not reached"
        return f"{none} (0 of {row.runs})" if row.runs > 1 else none
    if row.diverged:
        return f"diverged (0 of {row.runs})" if row.runs > 1 else "diverged"
    states = [state for state in PENDING if getattr(row, state)]
    return states[0] if len(states) == 1 else "missing"


class CellRow(NamedTuple):
    """The counts and figures of one row of `summarise`."""

    mean: float
    half: float
    n: int
    timed: int
    runs: int
    done: int
    diverged: int
    missing: int
    failed: int
    running: int
    interrupted: int
    lost: int
    damaged: int


def cell_rows(summary: pd.DataFrame) -> dict[int, CellRow]:
    """Return the rows of `summarise` by cell number."""
    columns = (summary[name].tolist() for name in CellRow._fields)
    rows = map(CellRow._make, zip(*columns, strict=True))
    return dict(zip(summary.index.tolist(), rows, strict=True))


def having(frame: pd.DataFrame, levels: Mapping[str, str]) -> "pd.Series[bool]":
    """Return which rows have all these levels."""
    keep = pd.Series(True, index=frame.index)
    for name, level in levels.items():
        keep &= frame[name] == level
    return keep
