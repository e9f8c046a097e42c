"""Whether every cell lies between two limits: at least, at most, about."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.contrasts import MIN_SEEDS
from reports.analysis.equivalence import Verdict, conjunction
from reports.analysis.intervals import Floats, Interval, Mask, t_quantile
from reports.analysis.selection import cell_variances
from reports.analysis.sequential import Ladder

PRIOR_SHARE = 0.75


@dataclass(frozen=True)
class Limited:
    """The verdict on all cells, on each, and the interval of each at its own level over all looks."""

    verdict: Verdict
    cells: tuple[Verdict, ...]
    intervals: tuple[Interval, ...]


def between_limits(
    values: Floats,
    low: float,
    high: float,
    steps: Ladder,
    *,
    parts: int = 1,
    outstanding: Mask | None = None,
    diverged: Mask | None = None,
    grain: float = 0.0,
) -> Limited:
    """Judge "every cell's mean lies in [low, high]" by values (cells, seeds); a limit may be infinite.

    All together hold where each cell does at its own level (intersection–union: Berger 1982): no correction.
    They are refuted where any cell is, so a cell is refuted at the level divided by the cells, and by the
    `parts` of the claim, by one-sided t on variances moderated among the cells (Smyth 2004); at three
    quarters of that level, for the prior need not fit (refuted where exactly true: at most 5 % with
    log-normal variances of any spread, against 6.7 % without).
    """
    cells, n = values.shape
    none = np.zeros((cells, n), dtype=bool)
    waiting, lost = (none if mask is None else mask for mask in (outstanding, diverged))
    inner = np.tile([[-np.inf], [np.inf]], (1, cells))
    outer, looked = inner.copy(), np.zeros(cells, dtype=bool)
    sides = int(np.isfinite(low)) + int(np.isfinite(high))
    means = np.full(cells, np.nan)
    for seeds, level in zip(steps.looks, steps.levels, strict=True):
        part = values[:, :seeds]
        counts = np.isfinite(part).sum(axis=1)
        ready = ~waiting[:, :seeds].any(axis=1) & (counts >= MIN_SEEDS)
        if seeds > n or not ready.any():
            continue
        spread = cell_variances(part, counts, lost[:, :seeds], grain)
        latest = np.nansum(part, axis=1) / np.maximum(counts, 1)
        error = np.sqrt(spread.variance / np.maximum(counts, 1))
        single = t_quantile(level / 2, np.maximum(counts - 1, 1)) * error
        many = t_quantile(PRIOR_SHARE * level / (cells * parts * max(sides, 1)), spread.df) * error
        inner = np.where(ready, narrowed(inner, latest, single), inner)
        outer = np.where(ready, narrowed(outer, latest, many), outer)
        means, looked = np.where(ready, latest, means), looked | ready
    verdicts = tuple(
        verdict(inner[:, cell], outer[:, cell], low, high) if looked[cell] else "undecided"
        for cell in range(cells)
    )
    counts = np.isfinite(values).sum(axis=1)
    ends = np.where(looked, inner, np.nan)
    shown = tuple(
        Interval(float(means[c]), float(ends[0, c]), float(ends[1, c]), int(counts[c])) for c in range(cells)
    )
    return Limited(conjunction(verdicts), verdicts, shown)


def narrowed(interval: Floats, mean: Floats, half: Floats) -> Floats:
    """Return what an interval (2, cells) and mean ± half have in common, the nearest end if nothing."""
    ends = np.stack([mean - half, mean + half])
    return np.clip(ends, interval[0], interval[1])


def verdict(inner: Floats, outer: Floats, low: float, high: float) -> Verdict:
    """Return the verdict on one cell."""
    if low <= inner[0] and inner[1] <= high:
        return "holds"
    return "refuted" if outer[1] < low or outer[0] > high else "undecided"
