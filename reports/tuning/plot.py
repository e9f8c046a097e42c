"""Best-so-far curves as figures. Whoever needs words or tables only imports `told`, and no Matplotlib."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.plots.plot import Plot
from reports.plots.style import ERROR_AXIS, Page, accuracy_axis, legend, panels, pen, room_for
from reports.runs.factors import spoken
from reports.tuning.budget import BestSoFar, best_so_far
from reports.tuning.told import Tuning

PAGE = Page(width=4.6, height=2.9)
CUT = "The axis holds all means; the bands are cut where they reach beyond it."


def paint(title: str, y: str, curves: Mapping[str, BestSoFar]) -> Figure:
    """Draw the best so far against the number of trials: a line with its band for each option."""
    named = [name for name in curves if name]
    error = "accuracy" in y
    low, high = limits(list(curves.values()), error)
    cut = any(curve.low.min() < low or curve.high.max() > high for curve in curves.values())
    note = " ".join(filter(None, [ERROR_AXIS * error, CUT * cut]))
    figure, [[axes]] = panels(title, 1, 1, PAGE, keys=named, note=note)
    for place, curve in enumerate(curves.values()):
        look, trials = pen(place), range(1, len(curve.mean) + 1)
        axes.fill_between(trials, curve.low, curve.high, color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(
            trials, curve.mean, color=look.colour, linestyle=look.dashes, marker=look.marker, markersize=4
        )
    axes.set_xlabel("trials of each combination")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(y)
    if error:
        accuracy_axis(axes, low, high)
    else:
        axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    if named:
        legend(figure, {name: place for place, name in enumerate(named)})
    return figure


def limits(curves: Sequence[BestSoFar], error: bool) -> tuple[float, float]:
    """Return the ends of an axis with all means, and of the bands what leaves room for the last trials.

    A first trial may be far behind, and its band much farther. `error`: an axis logarithmic in the error.
    """
    means = np.concatenate([curve.mean for curve in curves])
    ends = np.concatenate([each for curve in curves for each in (curve.low, curve.high)])
    if error:
        return room_for(means, ends)
    room = 0.25 * (means.max() - means.min()) or 0.05 * abs(means.max()) or 0.05
    reach = np.clip(ends, means.min() - room, means.max() + room)
    return float(min(means.min(), *reach)), float(max(means.max(), *reach))


def plot_of(tuning: Tuning, factor: int | None) -> Plot:
    """Return the best-so-far curves of a factor's options as a figure; None: of all combinations together."""
    names, every = tuning.trials.names, np.ones(len(tuning.trials.combinations), dtype=bool)
    name = "" if factor is None else names[factor]
    curves = {"": best_so_far(tuning.best, every)} if factor is None else tuning.curves(factor)
    title = "Best so far against trials" + (f", by {spoken(name)}" if name else "")
    caption = "Mean over combinations and random orders of the trials; the band holds 95 % of the orders."
    file = f"tuning-{name}" if name else "tuning"
    return Plot(file, title, caption, "Tuning", paint, (title, f"best {tuning.trials.figure}", curves))


def plots(tuning: Tuning | None) -> Iterator[Plot]:
    """Yield a figure for each factor."""
    if tuning is not None:
        for factor, _ in enumerate(tuning.trials.names):
            yield plot_of(tuning, factor)
