"""The rankings of runs that are kept."""

import pandas as pd

from reports.analysis.effects import effects_of
from reports.analysis.looks import looks_of
from reports.published.kept import results_of
from reports.tables.rankings import rankings_table

COLUMNS = ("metric", "factor", "ranking", "a > b means that a", "seeds", "matched cells", "note")


def rankings(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the rankings of the main runs by anything but time (COLUMNS): they shared their machine."""
    results = results_of(frame, study)
    found = effects_of(results.by_dataset(), looks_of(results))
    table = rankings_table([effect for effect in found if effect.metric.unit != "seconds"])
    return pd.DataFrame([[entry.text for entry in row] for row in table.rows], columns=list(COLUMNS))
