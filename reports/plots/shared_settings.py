"""Settings in few words: what most combinations have in common is said once, not in every title."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from reports.analysis.cells import having
from reports.analysis.outcomes import DIVERGED
from reports.runs.factors import said
from reports.runs.results import Results

Levels = Mapping[str, str]
FEW = 2


def lost_note(results: Results, where: Mapping[str, str] | None = None) -> str:
    """Return how many runs with these settings diverged, so that a figure of finished runs lacks them."""
    runs = results.runs[having(results.runs, where or {})]
    lost = int((runs["status"] == DIVERGED).sum())
    return f"{lost} diverged run{'s are' if lost > 1 else ' is'} not drawn." if lost else ""


def usual(combinations: Sequence[Levels]) -> dict[str, str]:
    """Return the level of each setting that more than half of the combinations have.

    Nothing is usual where there are only few settings: they are short enough to be told in full.
    """
    names = list(combinations[0]) if combinations else []
    counts = {name: Counter(levels[name] for levels in combinations).most_common(1)[0] for name in names}
    many = {name: level for name, (level, count) in counts.items() if 2 * count > len(combinations)}
    return many if len(names) > FEW else {}


def combinations_of(rows: pd.DataFrame, names: Sequence[str]) -> list[dict[str, str]]:
    """Return the levels of each row."""
    texts = rows[list(names)].astype(str)
    return [dict(zip(names, levels, strict=True)) for levels in texts.itertuples(index=False, name=None)]


def short(levels: Levels, common: Levels) -> str:
    """Return a combination by what is not usual of it."""
    told = {name: level for name, level in levels.items() if common.get(name) != level}
    return said(told) or ("as usual" if levels else "")


def usual_note(common: Levels) -> str:
    """Return what is usual in one line, empty if nothing is."""
    return f"Usual: {said(common)}." if common else ""
