"""The lines of a strip: what each is called, where it lies on the axis, its numbers in words."""

import math
import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from reports.claims.claim import LEVEL_JOIN, Compared, Outcome, Test
from reports.claims.figure_texts import scientific, shown
from reports.claims.figures import cut
from reports.tables.number_formats import show_contrast

LETTERS = 34  # of a name
MOST = 8  # comparisons of a strip: those that decide
OUTSIDE = " *"  # beside an estimate that lies outside of what all looks leave


class Line(NamedTuple):
    """A line of a strip: its name, mean and interval on its axis, its verdict, its numbers in words."""

    name: str
    mean: float
    low: float
    high: float
    verdict: str
    numbers: str


def lines_of(outcome: Outcome) -> list[Line]:
    """Return the lines of a test: its comparisons, those that decide first; else its levels."""
    if not outcome.pairs:
        verdicts = outcome.each or [outcome.verdict] * len(outcome.shown)
        return [
            Line(name, i.mean, *cut(outcome, i), verdict, shown(i, outcome))
            for (name, i), verdict in zip(outcome.shown, verdicts, strict=True)
            if math.isfinite(i.mean)
        ]
    known = [pair for pair in outcome.pairs if math.isfinite(pair.estimate)]
    deciding = sorted(known, key=lambda pair: pair.verdict != outcome.verdict)[:MOST]
    return [line_of(pair, outcome) for pair in known if pair in deciding]


def line_of(pair: Compared, outcome: Outcome) -> Line:
    """Return a comparison in margins (without a margin as it is), positive where the first is ahead."""
    metric = outcome.test.metric
    scale = outcome.margin if outcome.margin > 0 else 1.0
    sign = rightward(outcome.test)
    mean, *ends = (sign * value / scale for value in (pair.estimate, pair.low, pair.high))
    low, high = sorted(ends) if all(map(math.isfinite, ends)) else (mean, mean)
    texts = (
        map(scientific, (pair.estimate, pair.low, pair.high))
        if outcome.test.kind == "effects"
        else show_contrast(pair, metric)
    )
    estimate, *rest = texts
    symbol = {"~": "≈", ">=": "≥"}.get(pair.symbol, pair.symbol)
    first, second = (level_name(outcome.test, level) for level in (pair.first, pair.second))
    numbers = f"{estimate} [{', '.join(rest)}]{'' if low <= mean <= high else OUTSIDE}"
    return Line(f"{first} {symbol} {second}", mean, low, high, pair.verdict, numbers)


def rightward(test: Test) -> int:
    """Return the sign of first − second where the first is ahead, which is drawn on the right."""
    return 1 if test.metric.descending or test.kind == "effects" else -1


def level_name(test: Test, level: str) -> str:
    """Return a level as it is named in a line: a combination as it is, under the names of its settings."""
    return level if LEVEL_JOIN in level else test.named(level)


def broken_name(name: str) -> str:
    """Return a long name on two lines, of a comparison each level on its own if there is room."""
    if len(name) <= LETTERS:
        return name
    parts = re.split(r" (?=[>≈≥] )", name)
    if len(parts) == 1 or max(map(len, parts)) > LETTERS:
        parts = textwrap.wrap(name, LETTERS, break_long_words=False, break_on_hyphens=False)
    first, *rest = parts
    return "\n".join([first, " ".join(rest)]) if rest else first


def broken(lines: Sequence[Line]) -> int:
    """Return how many names take two lines."""
    return sum("\n" in broken_name(line.name) for line in lines)


def places_of(lines: Sequence[Line]) -> list[float]:
    """Return where each line is drawn, in rows from the top: a name of two lines has two rows."""
    places, top = [], -0.5
    for line in lines:
        rows = 2 if "\n" in broken_name(line.name) else 1
        places.append(top + rows / 2)
        top += rows
    return places
