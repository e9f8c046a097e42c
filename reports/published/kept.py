"""The runs that are kept of a study as the results of a sweep, so that they are ranked as any sweep is."""

from pathlib import Path
from typing import Any

import pandas as pd

from reports.claims.observations import MAIN, settings_of
from reports.runs.factors import ABSENT, REPLICATE
from reports.runs.results import NUMBERS, Results, with_factors

GROUPS = ("loss", "activation", "init", "optimizer", "dataset")  # that have options of their own
KEYS = {"epochs": "training.epochs"}  # a setting that is also a figure of a run
FIRST = ("activation", "loss", "hidden")
LISTS = ("hidden",)


def results_of(frame: pd.DataFrame, study: str) -> Results:
    """Return the main runs of observations as results, without histories."""
    rows = frame[frame["part"] == MAIN].reset_index(drop=True)
    names = [name for name in dict.fromkeys((*FIRST, *settings_of(rows))) if name in rows]
    settings = pd.DataFrame({key_of(rows, name): natural(rows[name]) for name in names})
    settings = settings.assign(**{REPLICATE: rows[REPLICATE].map(int)})
    figures = rows.reindex(columns=[name for name in NUMBERS if name in rows and name != "epochs"])
    runs = figures.assign(cell_id=rows["cell_id"], status=rows["status"], seed=settings[REPLICATE], cell=0)
    history = pd.DataFrame({"cell_id": pd.Series(dtype=object)})
    return with_factors(Results(Path(study), study, runs, history, settings, (), float("nan")), [])


def key_of(rows: pd.DataFrame, name: str) -> str:
    """Return the key of a setting: an option that only some choices of a group have is the group's."""
    absent = rows[name] == ABSENT
    if not absent.any() or absent.all():
        return KEYS.get(name, name)
    for group in GROUPS:
        if group in rows and name != group and (absent.groupby(rows[group]).nunique() == 1).all():
            return f"{group}.{name}"
    return name


def natural(column: "pd.Series[str]") -> "pd.Series[Any]":
    """Return settings as the values that they are: numbers, lists of widths, texts; NaN where absent."""
    values = [value_of(str(column.name), text) for text in column]
    return pd.Series(values, index=column.index, dtype=object)


def value_of(name: str, text: str) -> Any:
    """Return the value behind the text of a setting."""
    if text == ABSENT:
        return float("nan")
    if name in LISTS:
        return () if text == "none" else tuple(map(int, text.split("-")))
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number == int(number) and "e" not in text.lower() else number
