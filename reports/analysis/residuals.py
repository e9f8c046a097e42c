"""What runs vary by around their cells' means, and new draws of it, for simulations of a plan."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.intervals import Floats


@dataclass(frozen=True)
class Residuals:
    """Residuals (cells, seeds), NaN where there is no run, as far from 0 as new runs would be.

    `shared` is the variance that a seed's cells have in common, `own` each cell's beside it, (cells,).
    """

    values: Floats
    shared: float
    own: Floats

    def gaussian(self, rng: np.random.Generator) -> Floats:
        """Draw what a seed does to all cells, and each run's own part, (cells, seeds)."""
        cells, seeds = self.values.shape
        common = rng.normal(0, self.shared**0.5, seeds)
        return np.asarray(common + rng.normal(0, 1, (cells, seeds)) * np.sqrt(self.own)[:, None])

    def resampled(self, rng: np.random.Generator) -> Floats:
        """Draw whole seeds with replacement, each times a standard normal number (Wu 1986's wild bootstrap).

        Without the number few seeds make few distinct samples, of which some have no variance at all: then
        any test errs, whatever it does on a sweep (20 % false differences from 5 seeds). What a seed lacks is
        one of the cell's other residuals.
        """
        filled, known = self.values.copy(), np.isfinite(self.values)
        for cell in np.flatnonzero(~known.all(axis=1)):
            others = self.values[cell][known[cell]]
            gaps = ~known[cell]
            filled[cell, gaps] = rng.choice(others if len(others) else self.values[known], int(gaps.sum()))
        seeds = np.flatnonzero(known.any(axis=0))
        drawn = rng.choice(seeds, self.values.shape[1])
        return np.asarray(filled[:, drawn] * rng.normal(0, 1, len(drawn)))


def residuals_of(finished: Floats) -> Residuals | None:
    """Return the residuals of values (cells, seeds), NaN where missing; None if no cell has two.

    A residual is widened by √(n/(n−1)), for the mean is of the same runs. The variance that cells of a seed
    share is the mean product of two cells' residuals; a cell with one run has the typical variance.
    """
    present = np.isfinite(finished)
    counts = present.sum(axis=1, keepdims=True)
    if not (counts > 1).any():
        return None
    means = np.nansum(finished, axis=1, keepdims=True) / np.maximum(counts, 1)
    wider = np.sqrt(counts / np.maximum(counts - 1, 1))
    values = np.where(counts > 1, (finished - means) * wider, np.nan)
    known = np.isfinite(values)
    y, per_seed, per_cell = np.where(known, values, 0.0), known.sum(axis=0), known.sum(axis=1)
    products, number = (y.sum(axis=0) ** 2 - (y**2).sum(axis=0)).sum(), (per_seed * (per_seed - 1)).sum()
    total = np.where(per_cell > 1, (y**2).sum(axis=1) / np.maximum(per_cell, 1), np.nan)
    total = np.where(np.isfinite(total), total, np.nanmean(total))
    shared = min(max(float(products / number), 0.0) if number else 0.0, float(total.mean()))
    return Residuals(values, shared, np.maximum(total - shared, 0.0))
