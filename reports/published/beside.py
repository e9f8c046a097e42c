"""The rankings of two sweeps of the same cells, one beside the other."""

from dataclasses import replace

import pandas as pd

from reports.claims.claim import Conditions
from reports.claims.observations import MAIN
from reports.claims.runs import having
from reports.published.rankings import Kept, rankings


def rankings_beside(first: Kept, second: Kept, where: Conditions, names: tuple[str, str]) -> pd.DataFrame:
    """Return the rankings of every factor of the second's cells by each main metric, in both sweeps.

    `where` selects the first's runs. Columns: metric, factor, and the two names.
    """
    frame = first.frame
    same = replace(first, frame=frame[(frame["part"] == MAIN) & having(frame, where)])
    left, right = (
        rankings(kept).assign(text=text).set_index(["metric", "factor"])["text"] for kept in (same, second)
    )
    both = pd.concat([left, right], axis=1, keys=list(names), join="inner")
    return both.reset_index()


def text(table: pd.DataFrame) -> "pd.Series[str]":
    """Return each ranking with its note."""
    notes = table["note"].map(lambda note: f" ({note})" if note else "")
    return table["ranking"] + notes
