"""The evidence of a claim as a figure: every level with its interval, and the limits it is held against."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.analysis.intervals import Interval
from reports.claims.claim import Judgement, Outcome
from reports.claims.frames import has_figures, plot_name
from reports.claims.wording import demand
from reports.plots.plot import Plot
from reports.plots.style import INK, SOFT, Page, TickLabels, panels

LIMIT = "#a63d00"
ROW, LINE, EDGE, CHARACTER = 0.24, 0.16, 0.2, 0.066  # inches: of a level, a line of text, a margin, a letter


def claim_plots(judgements: Sequence[Judgement]) -> list[Plot]:
    """Return a figure for each claim that has figures."""
    return [
        Plot(
            plot_name(j),
            f"{j.claim.id}: {j.verdict}",
            f"{j.claim.id}, {j.verdict}: {j.claim.statement} Means with 95 % intervals over seeds.",
            "claims",
            draw_claim,
            (j,),
        )
        for j in judgements
        if has_figures(j)
    ]


def draw_claim(judgement: Judgement) -> Figure:
    """Draw a panel for each test of a claim, under the claim in words."""
    outcomes = [outcome for outcome in judgement.outcomes if outcome.shown]
    tallest = max(len(outcome.shown) for outcome in outcomes)
    longest = max(len(name) for outcome in outcomes for name, _ in outcome.shown)
    names = 0.3 + 0.067 * longest
    width = 3.3 if len(outcomes) == 1 else 2.5
    whole = len(outcomes) * (names + width) + EDGE
    words = textwrap.wrap(judgement.claim.statement, int(max(whole - 2 * EDGE, 3.8) / CHARACTER))
    below = 0.55 + LINE * any(outcome.diverged for outcome in outcomes)
    page = Page(width, max(ROW * tallest, 0.6), names, EDGE, 0.72 + LINE * len(words), below, names)
    figure, (row,) = panels("", 1, len(outcomes), page, share_y=False)
    head(figure, f"{judgement.claim.id}: {judgement.verdict}", words)
    for axes, outcome in zip(row, outcomes, strict=True):
        draw_outcome(axes, outcome, int(width / CHARACTER))
    return figure


def head(figure: Figure, title: str, words: Sequence[str]) -> None:
    """Write the title and the lines below it."""
    width, height = figure.get_size_inches()
    left = EDGE / width
    figure.text(left, 1 - 0.24 / height, title, fontsize=10.5, fontweight="bold", va="center")
    for number, line in enumerate(words):
        figure.text(left, 1 - (0.46 + LINE * number) / height, line, fontsize=8, color=SOFT, va="center")


def draw_outcome(axes: Axes, outcome: Outcome, characters: int) -> None:
    """Draw the levels of one test from the top down."""
    known = [(name, interval) for name, interval in outcome.shown if np.isfinite(interval.mean)]
    y = np.arange(len(known))
    means = [interval.mean for _, interval in known]
    ends = [cut(outcome, interval) for _, interval in known]
    halves = [[mean - low for mean, (low, _) in zip(means, ends, strict=True)]]
    halves += [[high - mean for mean, (_, high) in zip(means, ends, strict=True)]]
    axes.errorbar(means, y, xerr=np.nan_to_num(halves), fmt="o", color=INK, elinewidth=1.4, capsize=2.5)
    for line in outcome.lines:
        axes.axvline(line, color=LIMIT, linestyle=(0, (4, 2)), linewidth=1)
    axes.set_yticks(y, [name for name, _ in known])
    axes.set_ylim(max(len(known), 1) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(TickLabels())
    axes.set_xlabel(x_label(outcome))
    axes.set_title(textwrap.shorten(demand(outcome.test), characters, placeholder=" …"))


def cut(outcome: Outcome, interval: Interval) -> tuple[float, float]:
    """Return the ends of an interval within what the metric can be."""
    own = outcome.test.kind not in ("ratio", "effects")
    return outcome.test.metric.cut(interval.low, interval.high) if own else (interval.low, interval.high)


def x_label(outcome: Outcome) -> str:
    """Return what is drawn, and below what diverged runs count as."""
    metric = outcome.test.metric.label
    named = {"ratio": f"ratio of {metric}", "effects": f"effect on {metric} (root of the mean square)"}
    text = named.get(outcome.test.kind, metric)
    return f"{text}\n{outcome.diverged} diverged, {outcome.counted_as}" if outcome.diverged else text
