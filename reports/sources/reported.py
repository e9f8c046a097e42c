"""Reported figures beside ours: whether a report's single run is where one more run of ours would fall.

A reported figure is a single run, so it is held against the 95 % prediction interval of our runs, mean ±
t·s·√(1 + 1/n). Times were taken on other hardware: they compare only as ratios, here to the geometric mean
of all the times that the report gives.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.analysis.intervals import Floats, prediction_interval, t_interval
from reports.claims.claim import CLAIM_METRICS, Conditions
from reports.claims.observations import MAIN, varying
from reports.claims.runs import TIMING, Unknown, having
from reports.claims.values import canonical
from reports.runs.results import FINAL
from reports.sources import Reference
from reports.tables.number_formats import show_signed
from reports.tables.table import Table, text_table

TIME = "total_time_s"
COLUMNS = (
    "study",
    "cell",
    "metric",
    "reported",
    "ours",
    "interval",
    "runs",
    "difference",
    "low",
    "high",
    "inside",
    "compared_as",
    "note",
)
NAN = float("nan")


def reported_against_ours(source: Reference, frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each figure of a report (COLUMNS).

    `ours` ± `interval` is our mean with its 95 % interval over `runs` seeds; `low` to `high` the prediction
    interval that `reported` is `inside` or not ("" where there is none). Where `compared_as` is "ratio",
    difference and prediction interval are of the ratios.
    """
    table: list[dict[str, Any]] = source.figures.to_dict("records")  # type: ignore[assignment]
    ours = [run_values(frame, source, cell_settings(row["cell"]), row["metric"]) for row in table]
    ratios = Ratios(table, ours)
    rows = []
    for place, (row, values) in enumerate(zip(table, ours, strict=True)):
        interval = t_interval(values)
        held = ratios.of(place) if row["metric"] == TIME else (row["reported"], as_floats(values))
        own = {"ours": number(interval.mean), "interval": number(interval.half), "runs": interval.n}
        kind = "ratio" if row["metric"] == TIME else "value"
        rows.append({**row, **own, **compared(*held), "compared_as": kind})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def cell_settings(cell: str) -> dict[str, str]:
    """Return the settings that a cell's text states: "activation=selu hidden=128 …"."""
    pairs = (part.partition("=") for part in cell.split())
    return {name: canonical(value) for name, _, value in pairs if name != "repeat"}


def find(frame: pd.DataFrame, source: Reference, cell: dict[str, str]) -> pd.DataFrame:
    """Return the runs of a reported cell: those with the settings that it states, and with those left unsaid.

    Raises Unknown if they are not the runs of one cell.
    """
    unsaid = {name: values for name, values in source.unsaid.items() if name not in cell}
    rows = frame[having(frame, unsaid | {name: (value,) for name, value in cell.items()})]
    if rows.empty or varying(rows):
        raise Unknown(f"{'no runs' if rows.empty else 'runs of several cells'} with {cell}")
    return rows


def run_values(
    frame: pd.DataFrame, source: Reference, cell: dict[str, str], metric: str
) -> "pd.Series[float]":
    """Return our figures of a reported cell, by seed; times are those of its epochs in the timing sweep."""
    try:
        if metric != TIME:
            return by_seed(find(frame[frame["part"] == MAIN], source, cell), metric)
        alone = frame[(frame["part"] == TIMING) & (frame["concurrent_runs"] == 1)]
        rows = find(alone, source, {name: value for name, value in cell.items() if name != "epochs"})
        return by_seed(rows, "epoch_cpu_s") * float(cell["epochs"])
    except Unknown:
        return pd.Series(dtype=float)


def by_seed(rows: pd.DataFrame, metric: str) -> "pd.Series[float]":
    """Return a metric by seed, of the runs that have it."""
    return rows.set_index("seed")[metric].dropna().sort_index()


def as_floats(values: "pd.Series[float]") -> Floats:
    """Return the values alone."""
    return np.asarray(values, dtype=np.float64)


def compared(reported: float, ours: Floats) -> dict[str, Any]:
    """Return the difference, the prediction interval, and whether the reported figure lies inside."""
    expected = prediction_interval(ours)
    inside = "" if expected.n < 2 else str(bool(expected.low <= reported <= expected.high)).lower()
    ends = {"low": number(expected.low), "high": number(expected.high)}
    return {"difference": number(expected.mean - reported), **ends, "inside": inside}


def number(value: float) -> float | str:
    """Return a figure as it is kept, empty where there is none."""
    return "" if math.isnan(value) else float(f"{value:.6g}")


class Ratios:
    """The times of a report, and ours, relative to the geometric mean of its cells: ours round by round."""

    def __init__(self, table: Sequence[dict[str, Any]], ours: Sequence["pd.Series[float]"]) -> None:
        places = [place for place, row in enumerate(table) if row["metric"] == TIME]
        reported = pd.Series({place: math.log(table[place]["reported"]) for place in places}, dtype=float)
        self.reported = reported - reported.mean()
        rounds = pd.DataFrame({place: ours[place] for place in places}).dropna().map(math.log)
        self.ours = rounds.sub(rounds.mean(axis=1), axis=0).map(math.exp)

    def of(self, place: int) -> tuple[float, Floats]:
        """Return the reported ratio of a row, and ours (rounds,)."""
        return math.exp(self.reported[place]), as_floats(self.ours[place])


def parameter_counts(source: Reference, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the parameter counts that a report prints beside ours: network, reported, ours, equal."""
    rows = []
    for each in source.counts:
        ours = parameters(frame, each.where) - (parameters(frame, each.above) if each.above else 0)
        known = not math.isnan(ours)
        equal = str(ours == each.reported).lower() if known else ""
        rows.append((each.network, each.reported, int(ours) if known else "", equal))
    return pd.DataFrame(rows, columns=["network", "reported", "ours", "equal"])


def parameters(frame: pd.DataFrame, where: Conditions) -> float:
    """Return the number of parameters of the networks with these settings, NaN unless there is one."""
    try:
        found = frame["parameters"][having(frame, where)].dropna().unique()
    except Unknown:
        return NAN
    return float(found[0]) if len(found) == 1 else NAN


def reported_table(rows: pd.DataFrame) -> Table:
    """Return the reported figures beside ours as a table to be read."""
    heads = ("cell", "metric", "reported", "ours ± 95 % interval", "n", "difference", "prediction interval")
    records: list[dict[str, Any]] = rows.to_dict("records")  # type: ignore[assignment]
    inside, known = int((rows["inside"] == "true").sum()), int((rows["inside"] != "").sum())
    return text_table(
        "reported",
        "Reported figures beside ours",
        (*heads, "inside"),
        map(texts, records),
        f"{inside} of {known} reported figures lie inside the 95 % prediction interval of one more run.",
        "difference = ours − reported. Times as ratios to the geometric mean of the report's times.",
    )


def texts(row: dict[str, Any]) -> tuple[str, ...]:
    """Return a row in words."""
    metric = CLAIM_METRICS[row["metric"] if row["metric"] in FINAL else "epoch_cpu_s"]
    ours, half, low, high, difference = (
        row[name] if row[name] != "" else NAN for name in ("ours", "interval", "low", "high", "difference")
    )
    return (
        row["cell"],
        row["metric"],
        str(row["reported"]),
        metric.show_interval(ours, half) if row["runs"] else "–",
        str(row["runs"]),
        show_signed(difference, metric),
        f"{metric.show(low)} to {metric.show(high)}" if not math.isnan(low) else "–",
        {"true": "inside", "false": "outside"}.get(row["inside"], "–"),
    )
