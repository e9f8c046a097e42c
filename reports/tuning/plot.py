"""Best-so-far curves as figures. Whoever needs words or tables only imports `told`, and no Matplotlib."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.plots.plot import Plot
from reports.plots.style import Page, legend, panels, pen
from reports.tuning.budget import BestSoFar, best_so_far
from reports.tuning.told import Tuning

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


def plot_of(tuning: Tuning, factor: int | None) -> Plot:
    """Return the best-so-far curves of a factor's options as a figure; None: of all combinations together."""
    names, every = tuning.trials.names, np.ones(len(tuning.trials.combinations), dtype=bool)
    name = "" if factor is None else names[factor]
    curves = {"": best_so_far(tuning.best, every)} if factor is None else tuning.curves(factor)
    title = "Best so far against trials" + (f", by {name}" if name else "")
    caption = "Mean over combinations and random orders of the trials; the band holds 95 % of the orders."
    file = f"tuning-{name}" if name else "tuning"
    return Plot(file, title, caption, "Tuning", paint, (title, f"best {tuning.trials.figure}", curves))


def plots(tuning: Tuning | None) -> Iterator[Plot]:
    """Yield a figure for each factor."""
    if tuning is not None:
        for factor, _ in enumerate(tuning.trials.names):
            yield plot_of(tuning, factor)
