"""The rankings of runs that are kept."""

import pandas as pd

from reports.analysis.verdict import rankings_of
from reports.published.kept import results_of
from reports.tables.evidence import rankings_table

COLUMNS = ("metric", "factor", "ranking", "a > b means that a", "seeds", "matched cells", "note")


def rankings(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the rankings of the main runs by anything but time (COLUMNS): they shared their machine."""
    found = rankings_of(results_of(frame, study).by_dataset())
    table = rankings_table([ranking for ranking in found if ranking.metric.unit != "seconds"])
    return pd.DataFrame([[entry.text for entry in row] for row in table.rows], columns=list(COLUMNS))
