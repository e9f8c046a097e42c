"""The axis that the levels of all factors share in a figure: its ends, and what lies beyond them."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from reports.analysis.effects import Effect
from reports.analysis.intervals import Interval
from reports.plots.style import INK
from reports.runs.metrics import Metric

ROOM = 0.06  # of the range, at each end
WORST = 0.1  # share of the means that a few bad levels may be


def near_the_best(effects: Sequence[Effect], metric: Metric) -> tuple[float, float]:
    """Return the ends of the axis that all panels share: those of `scale`, unless few levels take most of it.

    It begins at the worst tenth of the means where the worst is farther from that than that from the best.
    """
    low, high = scale(effects)
    sign = -1 if metric.better == "lower" else 1
    means, halves = (np.array(each) for each in means_and_halves(intervals_of(effects)))
    known = sign * means[np.isfinite(means)]
    tenth, best = float(np.quantile(known, WORST)), float(known.max())
    if tenth - known.min() <= best - tenth or best == tenth:
        return low, high
    edge = tenth - 2 * ROOM * (best - tenth)
    last = float(np.nanmax(sign * means + halves))
    ends = sign * edge, sign * (last + ROOM * (last - edge))
    return min(ends), max(ends)


def mark_beyond(axes: Axes, means: Sequence[float], metric: Metric) -> None:
    """Draw an arrow at the edge, with its mean, for each level that lies beyond the axis."""
    low, high = axes.get_xlim()
    for y, mean in enumerate(means):
        if low <= mean <= high or math.isnan(mean):
            continue
        edge, mark, side = (low, "<", "left") if mean < low else (high, ">", "right")
        axes.plot([edge], [y], marker=mark, color=INK, clip_on=False)
        axes.annotate(
            metric.show(mean),
            (edge, y),
            xytext=(7 if side == "left" else -7, 0),
            textcoords="offset points",
            fontsize=7,
            ha=side,
            va="center",
        )


def scale(effects: Sequence[Effect]) -> tuple[float, float]:
    """Return the ends of an axis with room for every mean and interval."""
    means, halves = (np.array(each) for each in means_and_halves(intervals_of(effects)))
    low, high = float(np.nanmin(means - halves)), float(np.nanmax(means + halves))
    room = ROOM * (high - low) or 0.05 * abs(high) or 0.05
    return low - room, high + room


def intervals_of(effects: Sequence[Effect]) -> list[Interval]:
    """Return the means of all levels with their intervals."""
    return [interval for effect in effects for interval in effect.levels.values()]


def means_and_halves(intervals: Sequence[Interval]) -> tuple[list[float], list[float]]:
    """Return the means, and half of each interval's width (0 where there is none)."""
    return [i.mean for i in intervals], [0.0 if i.half != i.half else i.half for i in intervals]
