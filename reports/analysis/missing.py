"""Differences of matched runs of which some are missing: seeds compared beside the cells they come from."""

import numpy as np

from reports.analysis.intervals import Floats, Integers, Mask


def adjusted(difference: Floats) -> tuple[Mask, Floats, Floats, Integers]:
    """Return each seed's difference as if all its cells were there, of differences (blocks, seeds).

    Fits cell + seed by least squares to all pairs that exist (Yates 1934); a seed's value is its effect
    beside the mean of all cells. Returns which seeds are used, their values, and of each cell that is used
    the variance over its seeds and their number. Where cells and seeds fall into parts that share nothing,
    the larger part is used.
    """
    present = connected(np.isfinite(difference))
    rows, used = np.asarray(present.any(axis=1)), np.asarray(present.any(axis=0))
    part = present[np.ix_(rows, used)]
    y = np.where(part, difference[np.ix_(rows, used)], 0.0)
    counts = part.sum(axis=1)
    means = y.sum(axis=1) / counts
    apart = np.where(part, y - means[:, None], 0.0)
    normal = np.diag(part.sum(axis=0)) - (part / counts[:, None]).T @ part
    effects = np.linalg.pinv(normal, hermitian=True) @ apart.sum(axis=0)
    cells = means - (part @ effects) / counts
    variances = (apart**2).sum(axis=1) / np.maximum(counts - 1, 1)
    return used, effects + cells.mean(), variances, counts.astype(np.intp)


def connected(present: Mask) -> Mask:
    """Return the largest part of (blocks, seeds) in which every two are linked through shared pairs."""
    left, largest = present.copy(), np.zeros_like(present)
    while left.sum() > largest.sum():
        rows: Mask = np.zeros(len(left), dtype=bool)
        rows[left.any(axis=1).argmax()] = True
        while True:
            reached = np.asarray(left[:, left[rows].any(axis=0)].any(axis=1))
            if (reached == rows).all():
                break
            rows = reached
        if left[rows].sum() > largest.sum():
            largest = np.where(rows[:, None], left, False)
        left[rows] = False
    return largest
