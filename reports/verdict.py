"""What a sweep shows, worked out once: rankings, the best cells, shares of variance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.metrics import METRICS, RANKED
from reports.rankings import Ranking, rank
from reports.results import Results
from reports.statistics import explained
from reports.summary import marks, summarise


@dataclass(frozen=True)
class Verdict:
    """The rankings, test accuracy of all cells with the best marked, and shares of variance by metric."""

    results: Results
    rankings: Sequence[Ranking]
    summary: pd.DataFrame
    marked: pd.Series
    shares: Mapping[str, "pd.Series[float]"]


def judge(results: Results) -> Verdict:
    """Work out what a sweep shows."""
    summary = summarise(results, "test_accuracy")
    one_group = pd.Series(0, index=summary.index)
    marked = marks(results, METRICS["test_accuracy"], one_group)
    return Verdict(results, rankings_of(results), summary, marked, shares_of(results))


def rankings_of(results: Results, metrics: Sequence[str] = RANKED) -> list[Ranking]:
    """Return the ranking of every factor by every metric that has a figure."""
    return [
        rank(results.runs, factor.name, METRICS[name], results.names)
        for name in metrics
        if results.runs[name].notna().any()
        for factor in results.factors
    ]


def shares_of(results: Results) -> dict[str, "pd.Series[float]"]:
    """Return how much of each metric's variance every factor explains, where it varies."""
    done = results.done
    varying = [name for name in RANKED if results.factors and done[name].nunique() > 1]
    return {name: explained(done, results.names, name) for name in varying}
