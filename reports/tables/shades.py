"""Where the colours of a grid of figures end, the same on paper and on the page."""

from collections.abc import Sequence

import numpy as np

from reports.analysis.intervals import Floats

WHISKER = 1.5  # interquartile ranges below the first quartile, beyond which a figure is far off (Tukey)


def worst_told_apart(values: Floats | Sequence[float]) -> float:
    """Return the lowest of these finite figures (the more the better) that is not far below the rest.

    What lies below it has no shade of its own, so that one bad option does not flatten all others.
    """
    figures = np.asarray(values, dtype=np.float64)
    first, third = np.quantile(figures, (0.25, 0.75))
    return float(figures[figures >= first - WHISKER * (third - first)].min())
