"""The drawing of best-so-far curves."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.plots.style import Page, legend, panels, pen
from reports.tuning.budget import BestSoFar

PAGE = Page(width=4.6, height=2.9)


def paint(title: str, y: str, curves: Mapping[str, BestSoFar]) -> Figure:
    """Draw the best so far against the number of trials: a line with its band for each option."""
    named = [name for name in curves if name]
    figure, [[axes]] = panels(title, 1, 1, PAGE, keys=named)
    for place, curve in enumerate(curves.values()):
        look, trials = pen(place), range(1, len(curve.mean) + 1)
        axes.fill_between(trials, curve.low, curve.high, color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(
            trials, curve.mean, color=look.colour, linestyle=look.dashes, marker=look.marker, markersize=4
        )
    axes.set_xlabel("trials of each combination")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(y)
    if named:
        legend(figure, {name: place for place, name in enumerate(named)})
    return figure
