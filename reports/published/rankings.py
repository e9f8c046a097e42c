"""The rankings of runs that are kept."""

from dataclasses import dataclass

import pandas as pd

from reports.analysis.effects import effects_of
from reports.analysis.looks import Looks, looks_of
from reports.published.kept import results_of
from reports.tables.rankings import rankings_table

EPOCHS = "training.epochs"  # a setting; the pages have no other epochs to tell it from


@dataclass(frozen=True)
class Kept:
    """The runs of a study that are kept, and the looks at its main part (None: one at all of its seeds)."""

    study: str
    frame: pd.DataFrame
    looks: Looks | None = None


def rankings(kept: Kept) -> pd.DataFrame:
    """Return the rankings of the main runs by anything but time: they shared their machine."""
    results = results_of(kept.frame, kept.study)
    effects = effects_of(results.by_dataset(), kept.looks or looks_of(results), results.measures.ranked)
    table = rankings_table([effect for effect in effects if effect.metric.unit != "seconds"])
    rows = [[entry.text.replace(EPOCHS, "epochs") for entry in row] for row in table.rows]
    return pd.DataFrame(rows, columns=list(table.heads))
