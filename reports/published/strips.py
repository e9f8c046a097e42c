"""A claim as a strip: each difference with its interval, beside the band of what counts as equal.

All strips are read alike: right is where the first of two is ahead, the band is the margin either way, and
its width is the same in each, so that a difference far beyond is an arrow at the edge. Limits are drawn as
they are.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.claims.claim import Compared, Judgement, Outcome
from reports.claims.figures import cut
from reports.claims.tables import demand, plot_name, scientific, shown
from reports.plots.plot import Plot
from reports.plots.style import FAINT, INK, SOFT, TickLabels
from reports.tables.number_formats import show_contrast

NAMES, DRAWN, NUMBERS, EDGE = 2.35, 2.9, 2.15, 0.1  # inches, from left to right
ROW, ABOVE, BELOW, BETWEEN = 0.21, 0.2, 0.42, 0.1
LETTERS = 34  # of a name
FAR = 3.6  # margins: what is beyond is an arrow
MOST = 8  # comparisons of a strip: those that decide
COLOURS = {"holds": "#00724f", "refuted": "#a63d00", "undecided": "#5b6472"}
MARKS = {"holds": "o", "refuted": "X", "undecided": "D"}


class Line(NamedTuple):
    """A line of a strip: its name, mean and interval on its axis, its verdict, its numbers in words."""

    name: str
    mean: float
    low: float
    high: float
    verdict: str
    numbers: str


def strip_plots(judgements: Sequence[Judgement]) -> list[Plot]:
    """Return the strip of each claim that has anything to draw."""
    return [
        Plot(plot_name(j), f"{j.claim.id}: {j.verdict}", j.claim.statement, "claims", draw_strip, (j,))
        for j in judgements
        if has_strip(j)
    ]


def has_strip(judgement: Judgement) -> bool:
    """Whether a claim has a difference, or a figure to hold against a limit."""
    return any(lines_of(outcome) for outcome in judgement.outcomes)


def lines_of(outcome: Outcome) -> list[Line]:
    """Return the lines of a test: its comparisons, those that decide first; else its levels."""
    if not outcome.pairs:
        return [
            Line(name, i.mean, *cut(outcome, i), outcome.verdict, shown(i, outcome))
            for name, i in outcome.shown
            if math.isfinite(i.mean)
        ]
    known = [pair for pair in outcome.pairs if math.isfinite(pair.estimate)]
    deciding = sorted(known, key=lambda pair: pair.verdict != outcome.verdict)[:MOST]
    return [line_of(pair, outcome) for pair in known if pair in deciding]


def line_of(pair: Compared, outcome: Outcome) -> Line:
    """Return a comparison in margins (without a margin as it is), positive where the first is ahead."""
    metric = outcome.test.metric
    scale = outcome.margin if outcome.margin > 0 else 1.0
    sign = 1 if metric.descending or outcome.test.kind == "effects" else -1
    mean, *ends = (sign * value / scale for value in (pair.estimate, pair.low, pair.high))
    low, high = sorted(ends) if all(map(math.isfinite, ends)) else (mean, mean)
    texts = (
        map(scientific, (pair.estimate, pair.low, pair.high))
        if outcome.test.kind == "effects"
        else show_contrast(pair, metric)
    )
    estimate, *rest = texts
    symbol = {"~": "≈", ">=": "≥"}.get(pair.symbol, pair.symbol)
    name = f"{pair.first} {symbol} {pair.second}"
    return Line(name, mean, low, high, pair.verdict, f"{estimate} [{', '.join(rest)}]")


def draw_strip(judgement: Judgement) -> Figure:
    """Draw the tests of a claim below one another."""
    parts = [(outcome, lines) for outcome in judgement.outcomes if (lines := lines_of(outcome))]
    tall = [ROW * (len(lines) + broken(lines)) for _, lines in parts]
    height = EDGE + sum(tall) + len(parts) * (ABOVE + BELOW) + (len(parts) - 1) * BETWEEN
    width = NAMES + DRAWN + NUMBERS
    figure = Figure(figsize=(width, height))
    top = height - EDGE
    for (outcome, lines), rows in zip(parts, tall, strict=True):
        top -= ABOVE
        axes = figure.add_axes((NAMES / width, (top - rows) / height, DRAWN / width, rows / height))
        draw_lines(axes, outcome, lines)
        top -= rows + BELOW + BETWEEN
    return figure


def draw_lines(axes: Axes, outcome: Outcome, lines: Sequence[Line]) -> None:
    """Draw one test: a line for each comparison, or each level, on the test's axis."""
    compare = bool(outcome.pairs)
    places = places_of(lines)
    for y, line in zip(places, lines, strict=True):
        draw_line(axes, y, line, FAR if compare and outcome.margin > 0 else math.inf)
        axes.text(1.02, y, line.numbers, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center")
    axes.annotate(
        head_of(outcome, lines), (1.02, 1), (0, 4), "axes fraction", "offset points", fontsize=6.5, color=SOFT
    )
    axes.set_yticks(places, [broken_name(line.name) for line in lines])
    for label, line in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_color(COLOURS[line.verdict])
    axes.set_ylim(len(lines) + broken(lines) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    (difference_axis if compare else limit_axis)(axes, outcome)


def head_of(outcome: Outcome, lines: Sequence[Line]) -> str:
    """Return what the numbers are, and of how many comparisons."""
    if not outcome.pairs:
        return "mean, 95 % interval"
    some = f" ({len(lines)} of {len(outcome.pairs)})" if len(lines) < len(outcome.pairs) else ""
    return f"first − second, interval{some}"


def draw_line(axes: Axes, y: float, line: Line, far: float) -> None:
    """Draw one interval with its mean; an arrow at the edge where either lies beyond."""
    colour = COLOURS[line.verdict]
    mean = min(max(line.mean, -far), far)
    for end, mark in ((min(line.low, line.mean), "<"), (max(line.high, line.mean), ">")):
        if abs(end) > far and mean == line.mean:
            axes.plot([math.copysign(far, end)], [y], marker=mark, markersize=4.5, color=colour)
    axes.plot([max(line.low, -far), min(line.high, far)], [y, y], color=colour, linewidth=2.2, alpha=0.75)
    mark = MARKS[line.verdict] if mean == line.mean else ">" if mean > 0 else "<"
    axes.plot(
        [mean], [y], marker=mark, markersize=6, color=colour, markeredgecolor="white", markeredgewidth=0.5
    )


def difference_axis(axes: Axes, outcome: Outcome) -> None:
    """Make x the difference, in margins where there is a margin."""
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    axes.set_xlabel(f"the first {outcome.test.metric.above} →", fontsize=7.5, labelpad=1)
    if outcome.margin > 0:
        axes.axvspan(-1, 1, color=FAINT, zorder=-1)
        axes.set_xlim(-FAR - 0.4, FAR + 0.4)
        margin = outcome.test.metric.show_difference(outcome.margin)
        axes.set_xticks([-1, 0, 1], [f"−{margin}", "0", f"+{margin}"], fontsize=6.5)
        return
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(TickLabels())
    if outcome.test.kind == "effects":
        axes.set_xlabel(f"the first has the larger effect on {outcome.test.metric.words} →", fontsize=7.5)


def limit_axis(axes: Axes, outcome: Outcome) -> None:
    """Make x the metric itself, with the limits that the claim names."""
    for line in outcome.lines:
        axes.axvline(line, color=INK, linestyle=(0, (4, 2)), linewidth=0.9, zorder=0)
    axes.margins(x=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(TickLabels())
    axes.set_xlabel(f"{outcome.test.metric.words}; claimed: {demand(outcome.test)}", fontsize=7.5, labelpad=1)
    axes.xaxis.label.set_color(SOFT)


def broken_name(name: str) -> str:
    """Return a long name on two lines."""
    first, *rest = textwrap.wrap(name, LETTERS, break_long_words=False, break_on_hyphens=False) or [name]
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
