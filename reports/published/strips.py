"""A claim as a strip: each difference with its interval, beside the band of what counts as equal.

All strips are read alike: right is where the first of two is ahead (so an axis of epochs has its negative
end on the right), the band is the margin either way, and its width is the same in each, so that a difference
far beyond is an arrow at the edge. Limits are drawn as they are. The settings whose values are compared stand
over the names, and what tells one test of a claim from another over its axis.
"""

import math
import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.claims.claim import LEVEL_JOIN, Judgement, Outcome, of_setting
from reports.claims.frames import plot_name
from reports.claims.wording import demand, told_apart
from reports.plots.plot import Plot
from reports.plots.style import FAINT, INK, SOFT, TickLabels
from reports.published.strip_lines import OUTSIDE, Line, broken, broken_name, lines_of, places_of, rightward

NAMES, DRAWN, NUMBERS, EDGE = 2.35, 2.9, 2.15, 0.1  # inches, from left to right
ROW, ABOVE, BELOW, BETWEEN = 0.21, 0.2, 0.42, 0.1
HEAD = 66  # letters over an axis
FAR = 3.6  # margins: what is beyond is an arrow
COLOURS = {"holds": "#00724f", "refuted": "#a63d00", "undecided": "#5b6472"}
MARKS = {"holds": "o", "refuted": "X", "undecided": "D"}


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


def draw_strip(judgement: Judgement) -> Figure:
    """Draw the tests of a claim below one another."""
    parts = [(outcome, lines) for outcome in judgement.outcomes if (lines := lines_of(outcome))]
    tall = [ROW * (len(lines) + broken(lines)) for _, lines in parts]
    height = EDGE + sum(tall) + len(parts) * (ABOVE + BELOW) + (len(parts) - 1) * BETWEEN
    width = NAMES + DRAWN + NUMBERS
    figure = Figure(figsize=(width, height))
    top = height - EDGE
    which = dict(zip(map(id, judgement.outcomes), told_apart(judgement), strict=True))
    for (outcome, lines), rows in zip(parts, tall, strict=True):
        top -= ABOVE
        axes = figure.add_axes((NAMES / width, (top - rows) / height, DRAWN / width, rows / height))
        draw_lines(axes, outcome, lines)
        draw_heads(axes, outcome, lines, which[id(outcome)])
        top -= rows + BELOW + BETWEEN
    return figure


def draw_lines(axes: Axes, outcome: Outcome, lines: Sequence[Line]) -> None:
    """Draw one test: a line for each comparison, or each level, on the test's axis."""
    compare = bool(outcome.pairs)
    places = places_of(lines)
    for y, line in zip(places, lines, strict=True):
        draw_line(axes, y, line, FAR if compare and outcome.margin > 0 else math.inf)
        axes.text(1.02, y, line.numbers, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center")
    axes.set_yticks(places, [broken_name(line.name) for line in lines])
    for label, line in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_color(COLOURS[line.verdict])
    axes.set_ylim(len(lines) + broken(lines) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    (difference_axis if compare else limit_axis)(axes, outcome)


def draw_heads(axes: Axes, outcome: Outcome, lines: Sequence[Line], which: str) -> None:
    """Write over a test what its names, its axis and its numbers are; `which`: the runs that it is about."""
    about = textwrap.shorten(which, HEAD, placeholder=" …")
    heads = (
        (-0.02, names_head(outcome), "right"),
        (0.5, about, "center"),
        (1.02, head_of(outcome, lines), "left"),
    )
    for x, text, side in heads:
        axes.annotate(
            text, (x, 1), (0, 4), "axes fraction", "offset points", fontsize=6.5, color=SOFT, ha=side
        )


def names_head(outcome: Outcome) -> str:
    """Return the settings that the names are values of, where they are of several."""
    factor = outcome.test.factor
    return f"{LEVEL_JOIN.join(map(of_setting, factor))}:" if len(factor) > 1 else ""


def head_of(outcome: Outcome, lines: Sequence[Line]) -> str:
    """Return what the numbers are, of how many comparisons, and what a star is."""
    if not outcome.pairs:
        return "mean, 95 % interval"
    some = f" ({len(lines)} of {len(outcome.pairs)})" if len(lines) < len(outcome.pairs) else ""
    outside = f";{OUTSIDE}: outside of it" if any(line.numbers.endswith(OUTSIDE) for line in lines) else ""
    squared = "²" if outcome.test.kind == "effects" else ""
    return f"first{squared} − second{squared}, interval{some}{outside}"


def draw_line(axes: Axes, y: float, line: Line, far: float) -> None:
    """Draw one interval with its mean; an arrow at the edge where either lies beyond."""
    colour = COLOURS[line.verdict]
    mean = min(max(line.mean, -far), far)
    for end, mark in ((min(line.low, line.mean), "<"), (max(line.high, line.mean), ">")):
        if abs(end) > far and mean == line.mean:
            axes.plot([math.copysign(far, end)], [y], marker=mark, markersize=4.5, color=colour)
    ends = [min(max(end, -far), far) for end in (line.low, line.high)]  # all of it beyond: the arrow alone
    axes.plot(ends, [y, y], color=colour, linewidth=2.2, alpha=0.75)
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
        names = [f"−{margin}", "0", f"+{margin}"][:: rightward(outcome.test)]
        axes.set_xticks([-1, 0, 1], names, fontsize=6.5)
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
    drawn = {*outcome.lines, *(end for _, i in outcome.shown for end in (i.low, i.mean, i.high))}
    if len(drawn) == 1:  # all is at the limit: no digits of nothing
        (only,) = drawn
        axes.set_xlim(only - 1, only + 1)
        axes.set_xticks([only])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(TickLabels())
    axes.set_xlabel(f"{outcome.test.metric.words}; claimed: {demand(outcome.test)}", fontsize=7.5, labelpad=1)
    axes.xaxis.label.set_color(SOFT)
