"""The rankings of runs that are kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports.analysis.effects import effects_of
from reports.analysis.looks import Looks, looks_of
from reports.published.kept import results_of
from reports.runs.factors import spoken
from reports.tables.rankings import rankings_table


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
    names = [factor.name for factor in results.factors]
    rows = [[in_words(entry.text, names) for entry in row] for row in table.rows]
    return pd.DataFrame(rows, columns=list(table.heads))


def in_words(text: str, settings: Sequence[str]) -> str:
    """Return a text with these settings as they are said: whole words only, the longest names first."""
    for name in sorted(settings, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", spoken(name), text)
    return text
