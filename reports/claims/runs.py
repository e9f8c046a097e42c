"""The runs that a test is about, and the values of its metric by level, matched in everything else."""

from collections.abc import Sequence
from dataclasses import replace
from math import comb

import pandas as pd

from reports.analysis import matched as analysis
from reports.analysis.counting import REACH
from reports.analysis.effects import difference_of
from reports.analysis.matched import Matched
from reports.analysis.new_images import (
    also_for_new_images,
    answers_in_order,
    level_differences,
    places_of,
)
from reports.analysis.outcomes import within_reach
from reports.analysis.pairs import Pair
from reports.analysis.settings import Settings
from reports.claims.claim import LEVEL_JOIN, Conditions, Test
from reports.claims.counting import (
    TEST_ACCURACY,
    diverged_value,
    margin_of,
    step_of,
)
from reports.claims.looks import Looks
from reports.claims.observations import MAIN, settings_of, varying
from reports.runs.factors import ABSENT
from reports.runs.metrics import Metric

TIMING = "timing"
CONVERGENCE = ("convergence", "convergence_loss")
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


def comparable(metric: Metric, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the runs whose figure means the same: of convergence, those of cells that are nearly as good.

    A network that stays at chance is there from the first epoch.
    """
    if metric.name not in CONVERGENCE or not rows["test_accuracy"].notna().any():
        return rows
    return rows[within_reach(rows, varying(rows), distance=REACH)]


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
    for candidate in (name, name.rsplit(".", maxsplit=1)[-1]):
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
        own = having(rows, where)
        if (twice := level[own & (level != "")]).size:
            raise Unknown(
                f"levels: some runs are of {twice.iloc[0]} and of {name}; name settings that differ"
            )
        level[own] = name
    return rows.assign(**{LEVEL: level})[level != ""]


def matched_on(test: Test, rows: pd.DataFrame) -> list[str]:
    """Return the settings in which runs of different levels must agree.

    Not the factor itself, nor what names the levels, nor what is said to change along with them, nor an
    option that only some of the levels have.
    """
    named = {name for where in (test.levels or {}).values() for name in where}
    free = {LEVEL, *(column(rows, name) for name in (*test.factor, *test.along, *named))}
    names = [name for name in varying(rows) if name not in free]
    absent = (rows[names] == ABSENT).groupby(rows[LEVEL]).all().any()
    return [name for name in names if not absent[name]]


def match(test: Test, rows: pd.DataFrame, levels: Sequence[str], looks: Looks) -> Matched:
    """Return the runs of these levels, matched by seed and by the cells that agree in everything else."""
    own = with_levels(test, rows)
    own = own[own[LEVEL].isin(levels)]
    others = matched_on(test, own)
    try:
        found = matched(own, LEVEL, test, others, looks, diverged_value(test.metric, rows, looks)[0])
        return found.part(levels=[found.levels.index(level) for level in levels if level in found.levels])
    except ValueError:
        raise Unknown(
            f"{test.kind} of {', '.join(test.factor) or 'levels'}: some runs of one level and seed agree in "
            f"all that is matched ({', '.join(others) or 'nothing'}); say in where which are meant"
        ) from None


def cells_of(test: Test, rows: pd.DataFrame, looks: Looks) -> Matched:
    """Return all cells as the blocks of a single level. Raises Unknown if two runs differ in nothing."""
    whole, worst = rows.assign(**{LEVEL: "all"}), diverged_value(test.metric, rows, looks)[0]
    try:
        return matched(whole, LEVEL, test, varying(rows), looks, worst)
    except ValueError:
        raise Unknown(f"{test.kind}: some runs agree in all settings and the seed") from None


def matched(
    rows: pd.DataFrame, factor: str, test: Test, others: Sequence[str], looks: Looks, worst: float
) -> Matched:
    """Match runs, a diverged one counted as `worst`; ">" puts the larger first where the metric says so."""
    part = test.part or part_of(test.metric, rows)
    found = analysis.match(
        rows,
        factor,
        test.metric.name,
        others,
        seeds=looks.seeds(part),
        higher=test.metric.descending,
        worst=worst,
    )
    everywhere = {name: column for name, column in found.settings.items() if ABSENT not in set(column)}
    return replace(found, settings=everywhere)  # an order turns round with the loss, not with its options


def new_images(test: Test, rows: pd.DataFrame, found: Matched, pair: Pair, looks: Looks) -> bool | None:
    """Return whether a difference in test accuracy that is shown holds for new images, too; None: unknown."""
    if test.metric is not TEST_ACCURACY or pair.relation != ">" or not looks.answers:
        return None
    own = with_levels(test, rows)
    own = own[own[LEVEL].isin([pair.first, pair.second])]
    placed = places_of(own, LEVEL, matched_on(test, own), found.seeds)
    ends = placed.levels.index(pair.first), placed.levels.index(pair.second)
    (difference,) = level_differences(placed.first(pair.look), answers_in_order(own, looks.answers), [ends])
    return also_for_new_images(difference, pair)


def settings(test: Test, found: Matched, rows: pd.DataFrame, looks: Looks, parts: int) -> Settings:
    """Return how the levels of a test are compared; `parts`: the tests of its claim."""
    accuracies = found.finished
    if test.metric.unit == "accuracy" and test.metric.better == "lower":
        accuracies = match(replace(test, metric=TEST_ACCURACY), rows, found.levels, looks).finished
    margin = margin_of(test, found.finished, accuracies, rows, looks)
    steps = looks.ladder(test.part or part_of(test.metric, rows), len(found.seeds))
    pairs = comb(len(present(replace(test, among=()), rows)), 2)
    step, most = step_of(test.metric, rows, looks), difference_of(test.metric.bounds)
    return Settings(steps, parts, margin, step, pairs, most)


def present(test: Test, rows: pd.DataFrame) -> list[str]:
    """Return the levels that there are, in the order of the claim's file or of the plan."""
    if test.among:
        return list(test.among)
    there = with_levels(test, rows)[LEVEL]
    return [name for name in test.levels if (there == name).any()] if test.levels else list(there.unique())
