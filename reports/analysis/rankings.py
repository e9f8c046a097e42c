"""Rankings computed from paired contrasts: a chain where the relation allows one, otherwise groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from reports.analysis.cliques import cliques
from reports.analysis.paired import (
    ALPHA,
    MIN_SEEDS,
    Contrast,
    Floats,
    Interval,
    contrast,
    equivalent,
    holm,
    level_intervals,
    matched,
    shared_mean,
)
from reports.runs.metrics import Metric

MAX_LEVELS = 20
TIE = 1e-12  # what rounding makes of no difference
Relation = Literal[">", "<", "~", "?"]
State = Literal["tested", "too few seeds", "one seed", "not comparable", "too many levels"]


@dataclass(frozen=True)
class Pair:
    """Two levels compared: `first` stands before `second`, and the contrast is first − second.

    `relation` is ">" or "<" for a significant difference in the ranking's direction or against it, "~" for
    no difference shown, "?" for too few runs to say. `equivalent` is whether the interval lies within the
    margin.
    """

    first: str
    second: str
    contrast: Contrast
    p_holm: float
    relation: Relation
    equivalent: bool


@dataclass(frozen=True)
class Ranking:
    """The levels of a factor by one metric, the one that its ">" puts first in front.

    `levels` has the mean of each level over the cells that all levels share. `unranked` are levels without a
    single finished run, which come last; `diverged` counts the runs of each level that diverged. `groups` are
    the largest sets of levels with no difference shown between any two. `part` says which data set, or which
    of several sets of levels, is ranked; `alone` are levels that no other one shares a cell with.
    """

    factor: str
    metric: Metric
    order: tuple[str, ...]
    levels: Mapping[str, Interval]
    pairs: tuple[Pair, ...]
    state: State
    groups: tuple[tuple[str, ...], ...] = ()
    unranked: tuple[str, ...] = ()
    diverged: Mapping[str, int] = field(default_factory=dict)
    part: str = ""
    alone: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The factor, and which part of the grid the ranking is about if it is not about all."""
        return f"{self.factor} ({self.part})" if self.part else self.factor

    @property
    def is_partial(self) -> bool:
        """Whether it is about some of the levels only, because the others cannot be compared with them."""
        return bool(self.alone) or self.part[-1:].isdigit()

    @property
    def seeds(self) -> int:
        """The smallest number of seeds behind any comparison."""
        return min((pair.contrast.seeds for pair in self.pairs), default=0)

    @property
    def blocks(self) -> int:
        """The smallest number of matched cells behind any comparison."""
        return min((pair.contrast.blocks for pair in self.pairs), default=0)

    @property
    def is_chain(self) -> bool:
        """Whether > and ~ can be read along a line: no level in two groups, no pair against the order."""
        along = [level for group in self.groups for level in group]
        return along == list(self.order) and all(pair.relation != "<" for pair in self.pairs)

    @property
    def text(self) -> str:
        """The ranking in one line: "hinge > mse ~ focal", or groups, or the mere order of the means."""
        last = f" (no finished run: {listed(self.unranked)})" if self.unranked else ""
        if self.state != "tested":
            return listed(self.ties) + last
        if self.is_chain:
            return " > ".join(" ~ ".join(group) for group in self.groups) + last
        return " ".join("{" + listed(group) + "}" for group in self.groups) + last

    @property
    def ties(self) -> tuple[str, ...]:
        """The levels in their order, neighbours with the same mean as one: "relu = gelu"."""
        alike = {(p.first, p.second) for p in self.pairs if abs(p.contrast.estimate) < TIE}
        found: list[str] = []
        for before, level in zip((None, *self.order), self.order, strict=False):
            if before is not None and (before, level) in alike:
                found[-1] += f" = {level}"
            else:
                found.append(level)
        return tuple(found)

    @property
    def note(self) -> str:
        """What has to be said beside the text for it not to be misread."""
        alone = f"compared with no other: {listed(self.alone)}" if self.alone else ""
        return "; ".join(filter(None, [self.caution, alone]))

    @property
    def caution(self) -> str:
        """What the state of the tests leaves open."""
        equal = " (= where they are equal)" if len(self.ties) < len(self.order) else ""
        few = f"too few runs to say ({self.seeds} of {MIN_SEEDS} seeds)"
        notes = {
            "one seed": f"order of single runs{equal}: nothing was tested",
            "too few seeds": f"order of means{equal}: {few}",
            "not comparable": "no two options have runs that differ in nothing else",
            "too many levels": f"more than {MAX_LEVELS} levels: not ranked",
            "tested": "" if self.is_chain else "groups overlap: no difference shown within a group",
        }
        if self.state == "tested" and any(pair.relation == "<" for pair in self.pairs):
            return "the comparisons, each over the cells that both have, go round in a circle"
        return notes[self.state]


def listed(levels: Sequence[str]) -> str:
    """Return levels in one line, told apart even where their names have commas."""
    return ("; " if any("," in level for level in levels) else ", ").join(levels)


def rank(runs: pd.DataFrame, factor: str, metric: Metric, factors: Sequence[str]) -> Ranking:
    """Rank the levels of a factor by a metric over the cells matched in all other `factors`.

    `runs` has a column per factor, `seed`, the metric (NaN where a run has none) and, to count the diverged,
    `status`. Raises KeyError for an unknown factor and ValueError for two runs that differ in no column.
    """
    levels, values = matched(runs, factor, metric.name, [name for name in factors if name != factor])
    known = np.asarray(np.isfinite(values).any(axis=(1, 2)))
    unranked = tuple(level for level, is_known in zip(levels, known, strict=True) if not is_known)
    diverged = count_diverged(runs, factor)
    levels, values = [level for level in levels if level not in unranked], values[known]
    if len(levels) > MAX_LEVELS:
        return Ranking(factor, metric, (), {}, (), "too many levels", (), unranked, diverged)
    order = ranking_order(values, metric.descending)
    levels, values = [levels[k] for k in order], values[order]
    intervals = level_intervals(values)
    pairs = compare_pairs(levels, values, metric)
    if any(pair.relation == "<" for pair in pairs):
        order = agreeing_order(levels, pairs)
        levels, values = [levels[k] for k in order], values[order]
        intervals = [intervals[k] for k in order]
        pairs = compare_pairs(levels, values, metric)
    groups = cliques(levels, {frozenset((p.first, p.second)) for p in pairs if p.relation in "<>"})
    named = dict(zip(levels, intervals, strict=True))
    return Ranking(factor, metric, tuple(levels), named, pairs, state_of(pairs), groups, unranked, diverged)


def count_diverged(runs: pd.DataFrame, factor: str) -> dict[str, int]:
    """Return the number of diverged runs of each level that has any."""
    if "status" not in runs:
        return {}
    counts = runs.loc[runs["status"] == "diverged", factor].astype(str).value_counts()
    return {str(level): int(count) for level, count in counts.items()}


def ranking_order(values: Floats, descending: bool) -> list[int]:
    """Return the levels by their average difference from the others, over what each pair shares."""
    k = len(values)
    difference = np.full((k, k), np.nan)
    for a in range(k):
        for b in range(a):
            difference[a, b] = contrast(values[a] - values[b]).estimate
            difference[b, a] = -difference[a, b]
    shared = np.isfinite(difference)
    score = np.where(shared, difference, 0).sum(axis=1) / np.maximum(shared.sum(axis=1), 1)
    score = np.where(shared.any(axis=1), -score if descending else score, np.inf)
    return [int(place) for place in np.argsort(score, kind="stable")]


def agreeing_order(levels: Sequence[str], pairs: Sequence[Pair]) -> list[int]:
    """Return the places of the levels so that none stands behind one it is significantly before, if possible.

    Pairs share different cells, so the order of average differences can go against a pair's own comparison.
    """
    strict = [p for p in pairs if p.relation in "<>"]
    ahead = {(p.first, p.second) if p.relation == ">" else (p.second, p.first) for p in strict}
    left, order = list(levels), list[str]()
    while left:
        free = [level for level in left if not any((other, level) in ahead for other in left)]
        order.append((free or left)[0])
        left.remove(order[-1])
    return [levels.index(level) for level in order]


def compare_pairs(levels: Sequence[str], values: Floats, metric: Metric) -> tuple[Pair, ...]:
    """Every two levels, the first before the second, with Holm's correction over all of them."""
    places = [(a, b) for a in range(len(levels)) for b in range(a + 1, len(levels))]
    contrasts = [contrast(values[a] - values[b]) for a, b in places]
    corrected = holm([c.p for c in contrasts])
    made = []
    for (a, b), c, p in zip(places, contrasts, corrected, strict=True):
        same = equivalent(c.low, c.high, metric.margin(shared_mean(values[a], values[b])))
        made.append(Pair(levels[a], levels[b], c, float(p), relation(c, float(p), metric.descending), same))
    return tuple(made)


def relation(c: Contrast, p: float, descending: bool) -> Relation:
    """How the first of a pair stands to the second."""
    if c.seeds < MIN_SEEDS:
        return "?"
    if not p <= ALPHA:
        return "~"
    return ">" if (c.estimate > 0) == descending else "<"


def state_of(pairs: Sequence[Pair]) -> State:
    """Return what the comparisons together allow to be said."""
    most = max((pair.contrast.seeds for pair in pairs), default=0)
    if most <= 1:
        return "one seed" if most else "not comparable"
    return "tested" if all(pair.contrast.seeds >= MIN_SEEDS for pair in pairs) else "too few seeds"
