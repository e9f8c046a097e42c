"""The rankings of two sweeps of the same cells, one beside the other."""

from collections.abc import Sequence

import pandas as pd

from reports.analysis.rankings import rank
from reports.claims.claim import Conditions
from reports.claims.observations import MAIN, varying
from reports.claims.runs import having
from reports.runs.metrics import METRICS

SIDE_METRICS = ("test_accuracy", "train_accuracy", "convergence", "gap")


def rankings_beside(
    first: pd.DataFrame, second: pd.DataFrame, where: Conditions, names: tuple[str, str]
) -> pd.DataFrame:
    """Return the rankings of every factor of the second's cells by each main metric, in both sweeps.

    `where` selects the first's runs. Columns: metric, factor, and the two names. Settings that the factors
    of the first determine (a learning rate chosen for each cell, say) are no factors.
    """
    left = first[(first["part"] == MAIN) & having(first, where)]
    right = second[second["part"] == MAIN]
    factors = [name for name in varying(left) if name in right and left[name].nunique() > 1]
    factors = [name for name in factors if not (left[name] == "–").any()]
    rows = [
        (
            METRICS[metric].label,
            factor,
            text(left, factor, metric, factors),
            text(right, factor, metric, factors),
        )
        for metric in SIDE_METRICS
        for factor in factors
    ]
    return pd.DataFrame(rows, columns=["metric", "factor", *names])


def text(rows: pd.DataFrame, factor: str, metric: str, factors: Sequence[str]) -> str:
    """Return a ranking in one line."""
    ranking = rank(rows, factor, METRICS[metric], factors)
    return f"{ranking.text} ({ranking.note})" if ranking.note else ranking.text
