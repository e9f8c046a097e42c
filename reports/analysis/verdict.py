"""What a sweep shows, worked out once: rankings, the best cells, shares of variance.

Figures on different data compare no settings: everything here is worked out within each data set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports.analysis.cells import marks, summarise
from reports.analysis.cliques import cliques
from reports.analysis.paired import explained, matched
from reports.analysis.rankings import MAX_LEVELS, Ranking, rank
from reports.runs.factors import Factor
from reports.runs.metrics import METRICS, RANKED, Metric
from reports.runs.results import Results

Shares = Mapping[tuple[str, str], "pd.Series[float]"]


@dataclass(frozen=True)
class Verdict:
    """The rankings, test accuracy of all cells with the best of each data set marked, shares of variance.

    `parts` are the results of each data set (all under "" where there is only one); the keys of `shares` are
    the metric and the data set.
    """

    results: Results
    parts: Mapping[str, Results]
    rankings: Sequence[Ranking]
    summary: pd.DataFrame
    marked: pd.Series
    shares: Shares


def judge(results: Results) -> Verdict:
    """Work out what a sweep shows."""
    parts = results.by_dataset()
    summary = summarise(results, "test_accuracy")
    groups = summary[results.dataset.name] if results.dataset else pd.Series(0, index=summary.index)
    marked = marks(results, METRICS["test_accuracy"], groups)
    return Verdict(results, parts, rankings_of(parts), summary, marked, shares_of(parts))


def rankings_of(parts: Mapping[str, Results], metrics: Sequence[str] = RANKED) -> list[Ranking]:
    """Return the rankings of every factor by every metric that has a figure, within each data set."""
    return [
        ranking
        for name in metrics
        for data, part in parts.items()
        if part.runs[name].notna().any()
        for factor in part.factors
        for ranking in rank_sets(part, factor, METRICS[name], data)
    ]


def rank_sets(results: Results, factor: Factor, metric: Metric, data: str = "") -> list[Ranking]:
    """Rank each largest set of levels of which every two share a cell.

    Where the grid is not full, two levels may differ in something else too wherever they were run, and then
    nothing compares them. Levels that share a cell with no other are named in the first ranking, and
    unfinished ones counted there.
    """
    levels, sets = comparable(results, factor, metric)
    together = {level for own in sets for level in own}
    unfinished = set(factor.levels) - set(levels)
    rankings = []
    for number, own in enumerate(sets or [tuple(levels)], 1):
        taken = {*own, *(unfinished if number == 1 else ())}
        runs = results.runs[results.runs[factor.name].astype(str).isin(taken)]
        part = ", ".join(filter(None, [data, str(number) if len(sets) > 1 else ""]))
        alone = tuple(level for level in levels if sets and number == 1 and level not in together)
        rankings.append(replace(rank(runs, factor.name, metric, results.names), part=part, alone=alone))
    return rankings


def comparable(results: Results, factor: Factor, metric: Metric) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the levels with a figure, and the sets of them that can be ranked together, largest first.

    A set is only there if it has a pair that no larger one has.
    """
    others = [name for name in results.names if name != factor.name]
    names, values = matched(results.runs, factor.name, metric.name, others)
    finite = np.isfinite(values).reshape(len(names), -1)
    levels = [name for name, own in zip(names, finite, strict=True) if own.any()]
    present = finite[finite.any(axis=1)].astype(np.float32)
    if len(levels) > MAX_LEVELS:
        return levels, []
    shared = present @ present.T
    pairs = [(a, b) for a in range(len(levels)) for b in range(a)]
    found = cliques(levels, {frozenset((levels[a], levels[b])) for a, b in pairs if not shared[a, b]})
    kept: list[tuple[str, ...]] = []
    told: set[frozenset[str]] = set()
    for own in sorted(found, key=len, reverse=True):
        new = {frozenset((a, b)) for a in own for b in own if a != b}
        if new - told:
            kept.append(own)
            told |= new
    return levels, kept


def shares_of(parts: Mapping[str, Results]) -> Shares:
    """Return how much of each metric's variance every factor explains, where it varies."""
    return {
        (name, data): explained(part.done, part.names, name)
        for name in RANKED
        for data, part in parts.items()
        if part.factors and part.done[name].nunique() > 1
    }
