"""Whether every cell lies between two limits: at least, at most, about."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.contrasts import MIN_SEEDS
from reports.analysis.equivalence import Verdict, conjunction
from reports.analysis.intervals import Floats, Integers, Interval, Mask, t_quantile
from reports.analysis.moderation import cell_variances
from reports.analysis.power import Power, of_tails, power
from reports.analysis.sequential import Ladder

PRIOR_SHARE = 0.75


@dataclass(frozen=True)
class Limited:
    """The verdict on all cells, on each, and the interval of each at its own level over all looks.

    `open` says of those that a look leaves undecided what it could have shown (None: any other cell).
    """

    verdict: Verdict
    cells: tuple[Verdict, ...]
    intervals: tuple[Interval, ...]
    open: "tuple[Open | None, ...]"


@dataclass(frozen=True)
class Open:
    """How far a mean lies from the limit next to it (within it, or beyond), and what so many seeds show."""

    distance: float
    within: bool
    seeds: int
    power: Power


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
    none = np.zeros(values.shape, dtype=bool)
    waiting, lost = (none if mask is None else mask for mask in (outstanding, diverged))
    sides = max(int(np.isfinite(low)) + int(np.isfinite(high)), 1)
    share = PRIOR_SHARE / (len(values) * parts * sides)
    found, cells = read(values, steps, share, waiting, lost, grain), range(len(values))
    verdicts = tuple(
        verdict(found.inner[:, cell], found.outer[:, cell], low, high) if found.seeds[cell] else "undecided"
        for cell in cells
    )
    counts = np.isfinite(values).sum(axis=1)
    ends = np.where(found.seeds, found.inner, np.nan)
    shown = tuple(
        Interval(float(found.mean[c]), float(ends[0, c]), float(ends[1, c]), int(counts[c])) for c in cells
    )
    still = tuple(
        left_open(found, cell, low, high, steps, share) if verdicts[cell] == "undecided" else None
        for cell in cells
    )
    return Limited(conjunction(verdicts), verdicts, shown, still)


def left_open(found: "Read", cell: int, low: float, high: float, steps: Ladder, share: float) -> Open | None:
    """Return what the latest look could have shown of a cell: that it lies within the limits, or outside.

    Within is shown at the cell's own level, outside with a `share` of it.
    """
    if not found.seeds[cell]:
        return None
    mean, error, seeds = float(found.mean[cell]), float(found.error[cell]), int(found.seeds[cell])
    distance = min(abs(mean - low), abs(mean - high))
    within = low <= mean <= high
    half, width = (found.single, of_tails(0.5)) if within else (found.many, of_tails(share))
    return Open(distance, within, seeds, power(distance, float(half[cell]), error, seeds, steps, width))


@dataclass(frozen=True)
class Read:
    """What all looks together say of cells: intervals (2, cells), of the latest look arrays (cells,).

    `inner` is at each cell's own level, `outer` at the level that all share; `single` and `many` are the
    half-widths of either at the latest look, `seeds` how many that has (0: none was complete).
    """

    inner: Floats
    outer: Floats
    mean: Floats
    error: Floats
    single: Floats
    many: Floats
    seeds: Integers


def read(values: Floats, steps: Ladder, share: float, waiting: Mask, lost: Mask, grain: float) -> Read:
    """Read every complete look at values (cells, seeds); `share` of a level is beyond each shared end."""
    cells, n = values.shape
    inner = np.tile([[-np.inf], [np.inf]], (1, cells))
    outer, latest, reached = inner.copy(), np.full((4, cells), np.nan), np.zeros(cells, dtype=np.intp)
    for seeds, level in zip(steps.looks, steps.levels, strict=True):
        part = values[:, :seeds]
        counts = np.isfinite(part).sum(axis=1)
        ready = ~waiting[:, :seeds].any(axis=1) & (counts >= MIN_SEEDS)
        if seeds > n or not ready.any():
            continue
        spread = cell_variances(part, counts, lost[:, :seeds], grain)
        mean = np.nansum(part, axis=1) / np.maximum(counts, 1)
        error = np.sqrt(spread.variance / np.maximum(counts, 1))
        single = t_quantile(level / 2, np.maximum(counts - 1, 1)) * error
        many = t_quantile(share * level, spread.df) * error
        inner = np.where(ready, narrowed(inner, mean, single), inner)
        outer = np.where(ready, narrowed(outer, mean, many), outer)
        latest = np.where(ready, [mean, error, single, many], latest)
        reached = np.where(ready, seeds, reached)
    mean, error, single, many = latest
    return Read(inner, outer, mean, error, single, many, reached)


def narrowed(interval: Floats, mean: Floats, half: Floats) -> Floats:
    """Return what an interval (2, cells) and mean ± half have in common, the nearest end if nothing."""
    ends = np.stack([mean - half, mean + half])
    return np.clip(ends, interval[0], interval[1])


def verdict(inner: Floats, outer: Floats, low: float, high: float) -> Verdict:
    """Return the verdict on one cell."""
    if low <= inner[0] and inner[1] <= high:
        return "holds"
    return "refuted" if outer[1] < low or outer[0] > high else "undecided"
