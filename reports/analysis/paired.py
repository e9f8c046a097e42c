"""The statistics, as pure functions: intervals over seeds, paired contrasts, Holm, shares of variance.

The seed is the unit of replication. Runs of one seed share their initial weights and batches, so that what
a seed does to one cell it does to others too: differences are averaged over matched cells within each seed
first, and only the seeds count as observations. Testing blocks × seeds as if they were independent would
call false differences several times too often.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

LEVEL = 0.95
ALPHA = 0.05
MIN_SEEDS = 5

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """A mean with its t interval; `low` and `high` are NaN for fewer than two values."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half(self) -> float:
        """Half the interval's width, the number after ±."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Contrast:
    """A paired difference: averaged over `blocks` matched cells in each seed, tested over the `seeds`."""

    estimate: float
    low: float
    high: float
    p: float
    seeds: int
    blocks: int


def t_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Return the mean of the finite values and its two-sided t interval (Student, 1908)."""
    return spread(values, level, lambda n: 1 / n)


def prediction_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Where one further run should fall: mean ± t·s·√(1 + 1/n)."""
    return spread(values, level, lambda n: 1 + 1 / n)


def spread(values: ArrayLike, level: float, factor: Callable[[int], float]) -> Interval:
    """Mean ± t·s·√factor(n) over the finite values."""
    x = np.asarray(values, dtype=np.float64).ravel()
    x = x[np.isfinite(x)]
    n = len(x)
    if n < 2:
        return Interval(float(x[0]) if n else NAN, NAN, NAN, n)
    mean, half = float(x.mean()), t_quantile(n - 1, level) * float(x.std(ddof=1)) * factor(n) ** 0.5
    return Interval(mean, mean - half, mean + half, n)


def t_quantile(df: float, level: float = LEVEL) -> float:
    """Return the quantile of Student's t that a two-sided interval of this level takes."""
    return float(stdtrit(df, 0.5 + level / 2))


def complete_part(present: Mask) -> tuple[Mask, Mask]:
    """Which rows and columns to keep so that every pair that is left is present.

    Drops, again and again, the row or column with the largest share missing (a row where they are equal), so
    that neither an unfinished seed nor a failed cell unbalances the averages. (blocks, seeds) → two masks.
    """
    rows, columns = np.asarray(present.any(axis=1)), np.asarray(present.any(axis=0))
    while True:
        part = present[np.ix_(rows, columns)]
        if part.all():
            return rows, columns
        row_share, column_share = 1 - part.mean(axis=1), 1 - part.mean(axis=0)
        if row_share.max() >= column_share.max():
            rows[np.flatnonzero(rows)[row_share.argmax()]] = False
        else:
            columns[np.flatnonzero(columns)[column_share.argmax()]] = False


def contrast(differences: Floats, level: float = LEVEL) -> Contrast:
    """Return the contrast behind matched differences (blocks, seeds), NaN where a pair is not there.

    Averages over the blocks within each seed, then a paired t over the seeds. With one seed there is an
    estimate but no interval and no p; with no pair there is nothing (NaN, 0 seeds, 0 blocks).
    """
    rows, columns = complete_part(np.isfinite(differences))
    part = differences[np.ix_(rows, columns)]
    if not part.size:
        return Contrast(NAN, NAN, NAN, NAN, 0, 0)
    per_seed = part.mean(axis=0)
    interval = t_interval(per_seed, level)
    return Contrast(interval.mean, interval.low, interval.high, t_test(per_seed), len(per_seed), len(part))


def shared_mean(first: Floats, second: Floats) -> float:
    """Return the mean of two levels (blocks, seeds) over what their contrast stands on; NaN if on nothing."""
    rows, columns = complete_part(np.isfinite(first - second))
    part = np.stack([first, second])[:, rows][:, :, columns]
    return float(part.mean()) if part.size else NAN


def t_test(values: Floats) -> float:
    """Two-sided p of a one-sample t test against zero; NaN for fewer than two values."""
    n = len(values)
    if n < 2:
        return NAN
    mean, error = float(values.mean()), float(values.std(ddof=1)) / n**0.5
    if error <= 1e-12 * max(
        float(np.abs(values).max()), 1e-300
    ):  # all alike: the rounding error decides nothing
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(n - 1, -abs(mean) / error))


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down correction (Holm, 1979); NaN stays NaN and is not counted."""
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, NAN)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def equivalent(low: float, high: float, margin: float) -> bool:
    """Whether the whole interval of a difference lies inside ± margin."""
    return -margin < low and high < margin


def matched(
    runs: pd.DataFrame, factor: str, metric: str, others: Sequence[str], seed: str = "seed"
) -> tuple[list[str], Floats]:
    """Return the values of a metric as (levels, blocks, seeds), NaN where there is none, and the levels.

    A block is one combination of all other factors. Raises ValueError if two runs share level, block and
    seed, for then something else varies that nobody named, and KeyError for a column that is not there.
    """
    frame = runs[[factor, *others, seed, metric]]
    levels, level = levels_of(frame[factor])
    block = (
        frame.groupby(list(others), observed=True, dropna=False).ngroup().to_numpy()
        if others
        else np.zeros(len(frame), int)
    )
    seeds, which = np.unique(frame[seed].to_numpy(), return_inverse=True)
    shape = (len(levels), int(block.max(initial=-1)) + 1, len(seeds))
    place = np.ravel_multi_index((level, block, which), shape) if len(frame) else np.empty(0, int)
    if len(np.unique(place)) < len(place):
        raise ValueError(
            f"two runs share {', '.join([factor, *others, seed])}: they differ in something else"
        )
    values = np.full(shape, NAN)
    values.ravel()[place] = frame[metric].to_numpy(np.float64)
    return levels, np.where(np.isfinite(values), values, NAN)


def levels_of(column: pd.Series) -> tuple[list[str], NDArray[np.intp]]:
    """Return the levels (sorted, unless the column is categorical), and each row's place among them."""
    kinds = column.astype("category").cat.remove_unused_categories()
    return [str(level) for level in kinds.cat.categories], kinds.cat.codes.to_numpy().astype(np.intp)


def level_intervals(values: Floats) -> list[Interval]:
    """Return the mean and interval of each level over the blocks and seeds that all levels share."""
    known = np.asarray(np.isfinite(values).any(axis=(1, 2)))
    rows, columns = complete_part(np.asarray(np.isfinite(values[known]).all(axis=0)))
    return [t_interval(level[np.ix_(rows, columns)].mean(axis=0) if rows.any() else []) for level in values]


def explained(runs: pd.DataFrame, factors: Sequence[str], metric: str) -> pd.Series:
    """Shares of the variance of a metric: of each factor alone, of their interactions, of the seeds.

    A factor's share is what the additive model loses without it (for a full grid: the classical eta
    squared). `interactions` is what the cells explain beyond that model; `seeds` what is left within the
    cells (NaN if no cell has two runs, and then the interactions contain it); `shared` the rest, which is
    zero for a full grid: where combinations are missing, factors explain in part the same.
    """
    frame = runs.loc[np.isfinite(runs[metric].to_numpy(np.float64)), [*factors, metric]]
    y = frame[metric].to_numpy(np.float64) - frame[metric].mean()
    columns = {name: indicators(frame[name]) for name in factors}
    total, model = float(y @ y), residual(y, list(columns.values()))
    parts = {name: residual(y, [c for key, c in columns.items() if key != name]) - model for name in factors}
    one = np.zeros(len(y), dtype=np.intp)
    cell = frame.groupby(list(factors), observed=True).ngroup().to_numpy() if factors and len(frame) else one
    counts = np.bincount(cell)
    within = float(((y - (np.bincount(cell, y) / np.maximum(counts, 1))[cell]) ** 2).sum())
    parts |= {"interactions": model - within, "seeds": within if (counts > 1).any() else NAN}
    parts["shared"] = total - sum(part for part in parts.values() if part == part)
    return pd.Series(parts, dtype=float) / (total if total > 0 else NAN)


def known_shares(shares: pd.Series) -> pd.Series:
    """Return the shares of variance that can be told: those that are known, `shared` only if there is any."""
    known = shares.dropna()
    return known[(known.index != "shared") | (known > 0.0005)]


def indicators(column: pd.Series) -> Floats:
    """One 0/1 column per level, (runs, levels)."""
    _, codes = levels_of(column)
    return np.eye(int(codes.max(initial=-1)) + 1)[codes]


def residual(y: Floats, blocks: Sequence[Floats]) -> float:
    """Return the sum of squares that a least-squares fit of these columns (and a constant) leaves of y."""
    design = np.concatenate([np.ones((len(y), 1)), *blocks], axis=1)
    moments = design.T @ y
    fit = np.linalg.pinv(design.T @ design, hermitian=True) @ moments
    return max(float(y @ y - moments @ fit), 0.0)


def best_and_near(values: Floats, groups: NDArray[np.intp], higher: bool) -> tuple[Mask, Mask]:
    """Return which rows have the best mean of their group (several if tied), and which are not shown worse.

    `values` is (cells, seeds), `groups` (cells,) counts from 0. Each cell is compared with the best of its
    group by a paired t over the seeds they share, Holm-corrected within the group; cells with fewer than
    five such seeds are never called near, for nothing was shown.
    """
    sign = 1.0 if higher else -1.0
    counts = np.isfinite(values).sum(axis=1)
    means = np.where(counts > 0, sign * np.nansum(values, axis=1) / np.maximum(counts, 1), -np.inf)
    leader = np.lexsort((np.arange(len(means)), -means, groups))  # by group, best first, then first come
    first = leader[np.r_[True, np.diff(groups[leader]) > 0]] if len(leader) else leader
    ahead = means[first[groups]] if len(leader) else means
    best = (counts > 0) & (means >= ahead - 1e-12 * np.abs(ahead))
    worse = sign * (values[first[groups]] - values) if len(leader) else values
    p = paired_p(worse)
    p[best | (np.isfinite(worse).sum(axis=1) < MIN_SEEDS)] = NAN
    corrected = np.full(len(p), NAN)
    for group in np.split(leader, np.flatnonzero(np.diff(groups[leader])) + 1):
        corrected[group] = holm(p[group])
    behind = np.nansum(worse, axis=1) > 0  # a cell may be ahead where both were run, without the highest mean
    return best, np.isfinite(corrected) & ~(behind & (corrected <= ALPHA))


def paired_p(differences: Floats) -> Floats:
    """Return the two-sided p of a one-sample t test of each row against zero, NaN left out; as `t_test`."""
    n = np.isfinite(differences).sum(axis=1)
    mean = np.nansum(differences, axis=1) / np.maximum(n, 1)
    squares = np.nansum((differences - mean[:, None]) ** 2, axis=1)
    error = np.sqrt(squares / np.maximum(n - 1, 1) / np.maximum(n, 1))
    scale = np.abs(np.where(np.isfinite(differences), differences, 0)).max(axis=1, initial=1e-300)
    alike = error <= 1e-12 * scale
    p = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(mean) / np.where(alike, 1, error))
    p = np.where(alike, np.where(mean == 0, 1.0, 0.0), p)
    return np.where(n > 1, p, NAN)
