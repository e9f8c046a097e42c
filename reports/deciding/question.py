"""What a sweep is to decide: questions, each with the runs that its answer rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Question:
    """Something that runs decide: whether it is open, the ids of the runs it rests on, and how it stands."""

    is_open: bool
    runs: tuple[str, ...]
    standing: str


@dataclass(frozen=True)
class Questions:
    """All questions of a sweep.

    `called`: what they are; `decided`: a line on how they were decided, once all are; `left_out`: lines on
    what no further run of the sweep would decide.
    """

    called: str
    all: Sequence[Question]
    decided: str
    left_out: Sequence[str]

    @property
    def open(self) -> list[Question]:
        """The questions that are open."""
        return [each for each in self.all if each.is_open]


def block_of(runs: pd.DataFrame, others: Sequence[str]) -> "pd.Series[int]":
    """Return each run's combination of all other factors, as a number."""
    if not others:
        return pd.Series(0, index=runs.index)
    return runs.groupby(list(others), observed=True, dropna=False).ngroup()


def runs_of(
    runs: pd.DataFrame, blocks: "pd.Series[int]", factor: str, levels: tuple[str, str]
) -> tuple[str, ...]:
    """Return the ids of the planned runs of two levels, in the blocks that have both."""
    level = runs[factor].astype(str)
    both = runs[level.isin(levels)]
    block = blocks[both.index]
    whole = level[both.index].groupby(block).transform("nunique") == 2
    return tuple(both.loc[whole, "cell_id"])
