"""The runs that a test is about, and the values of its metric by level, matched in everything else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.analysis.paired import MIN_SEEDS, Floats, matched
from reports.claims.claim import LEVEL_JOIN, Conditions, Test
from reports.claims.observations import MAIN, settings_of, varying
from reports.runs.factors import ABSENT
from reports.runs.metrics import Metric

TIMING = "timing"
LEVEL = "level of the test"  # a column's name that no setting has


class Unknown(Exception):
    """A test names what the runs do not have, or does not say which of them it means; one line."""


def select(test: Test, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that a test is about."""
    part = test.part or part_of(test.metric, frame)
    rows = frame[frame["part"] == part]
    if test.metric.unit == "seconds":
        alone = (rows["concurrent_runs"] == 1) & (rows["blas_threads"] == 1)
        if not alone.any():  # no time was measured alone: nothing is known, not even of those that diverged
            return rows[alone]
        rows = rows[alone | (rows["status"] != "done")]
    return rows[having(rows, test.where)]


def part_of(metric: Metric, frame: pd.DataFrame) -> str:
    """Return the part that a metric is taken from: times from the timing sweep, if there is one."""
    timed = metric.unit == "seconds" and (frame["part"] == TIMING).any()
    return TIMING if timed else MAIN


def having(rows: pd.DataFrame, where: Conditions) -> "pd.Series[bool]":
    """Return which rows have one of the values of every setting."""
    keep = pd.Series(True, index=rows.index)
    for name, values in where.items():
        keep &= rows[column(rows, name)].isin(values)
    return keep


def column(rows: pd.DataFrame, name: str) -> str:
    """Return the column of a setting; Unknown if there is none of that name."""
    known = settings_of(rows)
    for candidate in (name, name.split(".")[-1]):
        if candidate in known:
            return candidate
    raise Unknown(f"{name}: no setting of that name; known are {', '.join(sorted(known))}")


def with_levels(test: Test, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the level that each belongs to; those of no level are left out."""
    if test.levels is None:
        names = [column(rows, name) for name in test.factor]
        return rows.assign(
            **{LEVEL: [LEVEL_JOIN.join(values) for values in rows[names].itertuples(False, None)]}
        )
    level = pd.Series("", index=rows.index)
    for name, where in test.levels.items():
        level[having(rows, where)] = name
    return rows.assign(**{LEVEL: level})[level != ""]


def matched_on(test: Test, rows: pd.DataFrame) -> list[str]:
    """Return the settings in which runs of different levels must agree.

    Not the factor itself, nor what names the levels, nor what is said to change along with them, nor an
    option that only some of the levels have.
    """
    named = {name for where in (test.levels or {}).values() for name in where}
    free = {LEVEL, *(column(rows, name) for name in (*test.factor, *test.along, *named))}
    absent = (rows[settings_of(rows)] == ABSENT).groupby(rows[LEVEL]).all().any()
    return [name for name in varying(rows) if name not in free and not absent[name]]


@dataclass(frozen=True)
class Matched:
    """The values of a metric by level, (levels, cells, seeds), NaN where there is none; levels that are lost.

    `lost` are levels with no finished run and at least five diverged ones.
    """

    levels: tuple[str, ...]
    values: Floats
    lost: frozenset[str]


def match(test: Test, rows: pd.DataFrame, levels: Sequence[str]) -> Matched:
    """Return the values of these levels over the cells that agree in everything else."""
    own = with_levels(test, rows)
    own = own[own[LEVEL].isin(levels)]
    others = matched_on(test, own)
    try:
        found, values = matched(own, LEVEL, test.metric.name, others)
    except ValueError:
        raise Unknown(
            f"{test.kind} of {', '.join(test.factor) or 'levels'}: some runs of one level and seed agree in "
            f"all that is matched ({', '.join(others) or 'nothing'}); say in where which are meant"
        ) from None
    ordered = np.full((len(levels), *values.shape[1:]), np.nan)
    for place, level in enumerate(levels):
        if level in found:
            ordered[place] = values[found.index(level)]
    gone = own[own["status"] == "diverged"].groupby(LEVEL).size()
    empty = [level for k, level in enumerate(levels) if not np.isfinite(ordered[k]).any()]
    lost = frozenset(level for level in empty if test.metric.better and gone.get(level, 0) >= MIN_SEEDS)
    return Matched(tuple(levels), ordered, lost)


def present(test: Test, rows: pd.DataFrame) -> list[str]:
    """Return the levels that there are, in the order of the claim's file or of the plan."""
    if test.among:
        return list(test.among)
    there = with_levels(test, rows)[LEVEL]
    return [name for name in test.levels if (there == name).any()] if test.levels else list(there.unique())
