"""The rankings of runs that are kept."""

import pandas as pd

from reports.analysis.effects import effects_of
from reports.analysis.looks import looks_of
from reports.published.kept import results_of
from reports.tables.rankings import rankings_table


def rankings(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the rankings of the main runs by anything but time: they shared their machine."""
    results = results_of(frame, study)
    effects = effects_of(results.by_dataset(), looks_of(results), results.measures.ranked)
    table = rankings_table([effect for effect in effects if effect.metric.unit != "seconds"])
    rows = [[entry.text for entry in row] for row in table.rows]
    return pd.DataFrame(rows, columns=list(table.heads))
