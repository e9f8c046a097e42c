"""Differences of matched runs of which some are missing: seeds compared beside the cells they come from."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.intervals import Floats, Integers, Mask


@dataclass(frozen=True)
class Adjusted:
    """Each seed's difference as if all its cells were there, (pairs, seeds), NaN for seeds without any.

    `variances` of each cell over its seeds and their `counts`, (pairs, blocks); 0 of a cell not used.
    """

    per_seed: Floats
    variances: Floats
    counts: Integers


def adjusted(difference: Floats) -> Adjusted:
    """Adjust differences (pairs, blocks, seeds) for the cells that each seed lacks; NaN where missing.

    Fits cell + seed by least squares to all pairs of runs that exist (Yates 1934); a seed's value is its
    effect beside the mean of all cells. Where cells and seeds fall into parts that share nothing, the largest
    part is used.
    """
    present = np.isfinite(difference)
    effects, apart = fit(difference, present)
    if apart.any():
        present = present.copy()
        present[apart] = [connected(part) for part in present[apart]]
        effects, _ = fit(difference, present)
    counts = present.sum(axis=2)
    y = np.where(present, difference, 0.0)
    means = y.sum(axis=2) / np.maximum(counts, 1)
    spread = (np.where(present, y - means[..., None], 0.0) ** 2).sum(axis=2) / np.maximum(counts - 1, 1)
    used = counts > 0
    cells = means - (present @ effects[..., None])[..., 0] / np.maximum(counts, 1)
    level = np.where(used, cells, 0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    per_seed = np.where(present.any(axis=1), effects + level[:, None], np.nan)
    return Adjusted(per_seed, np.where(used, spread, 0.0), counts.astype(np.intp))


def fit(difference: Floats, present: Mask) -> tuple[Floats, Mask]:
    """Return the seeds' least-squares effects beside the cells', (pairs, seeds), and which pairs fall apart.

    Cells are eliminated from the normal equations; what is left is of the size of the seeds.
    """
    part, counts = present.astype(np.float64), np.maximum(present.sum(axis=2), 1)[..., None]
    y = np.where(present, difference, 0.0)
    centred = np.where(present, y - y.sum(axis=2, keepdims=True) / counts, 0.0)
    normal = -np.swapaxes(part / counts, 1, 2) @ part
    diagonal = np.arange(difference.shape[2])
    normal[:, diagonal, diagonal] += part.sum(axis=1)
    roots, vectors = np.linalg.eigh(normal)
    zero = roots < 1e-9 * np.maximum(roots[:, -1:], 1e-9)
    inverse = np.where(zero, 0.0, 1 / np.where(zero, 1.0, roots))
    moments = (centred.sum(axis=1)[:, None, :] @ vectors)[:, 0]
    effects = (vectors @ (inverse * moments)[..., None])[..., 0]
    unused = (~present.any(axis=1)).sum(axis=1)
    return effects, np.asarray(zero.sum(axis=1) > unused + 1)


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
