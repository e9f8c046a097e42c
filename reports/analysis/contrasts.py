"""Paired differences of every two levels, averaged over matched cells within each seed, and their widths.

The seed is the unit of replication. Values are (levels, blocks, seeds), NaN where a run has no outcome; a
block is one combination of all other settings. Nothing here knows of looks, margins or words.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reports.analysis.intervals import Floats, Integers, Mask, t_quantile, t_tail
from reports.analysis.missing import adjusted
from reports.analysis.studentized import range_quantile, range_tail

MIN_SEEDS = 3
TINY = 1e-300
LEAST_SWING = 0.1
ROUNDING = 1e-12  # of the values: what arithmetic alone makes of equal differences


@dataclass(frozen=True)
class Differences:
    """Every two of k levels, arrays (pairs,): the levels' places, `first` − `second`, and what it stands on.

    `estimate` is the mean over the seeds of the difference averaged over `blocks` matched cells, `variance`
    that of one seed's average, `within` what the variance of the estimate would be if the cells of a seed had
    nothing in common, with `within_df` degrees of freedom. `diverged` is whether one run of a matched
    pair did and the other not. `per_seed` is (pairs, seeds). Without a matched pair of runs there is nothing:
    NaN, 0 seeds, 0 blocks.
    """

    first: Integers
    second: Integers
    estimate: Floats
    seeds: Integers
    blocks: Integers
    variance: Floats
    within: Floats
    within_df: Floats
    diverged: Mask
    per_seed: Floats

    @property
    def testable(self) -> Mask:
        """Which pairs have enough seeds to be tested."""
        return np.asarray(self.seeds >= MIN_SEEDS)


def differences(values: Floats, diverged: Mask | None = None, grain: float = 0.0) -> Differences:
    """Compare every two levels of values (levels, blocks, seeds); of those, `diverged` ended at chance.

    Every pair of runs that exists is used (`missing.adjusted`). Two least variances:

    `grain` is the step of the metric (one epoch, one test example). Rounding to it adds a variance of g²/12
    to a value (Sheppard 1898), g²/6 to a difference, g²/6B to the mean of B: none is taken for less, so that
    five equal differences do not give p = 0.

    What diverges in all seeds of one level and in none of the other has no variance in the sample either. At
    least v²/10 is taken, v the largest part of a seed's difference that comes from divergence: then t gives
    such a pattern the p that it has where both diverge alike, at most 2·4⁻ⁿ (.031 for 3 seeds, .002 for 5).
    """
    first, second = places(len(values))
    difference = values[first] - values[second]
    estimate, seeds, blocks, variance, within, within_df, per_seed = spread_of(difference)
    size = np.abs(np.where(np.isfinite(values), values, 0)).max(axis=(1, 2), initial=0)
    rounding = ROUNDING * np.maximum(size[first], size[second])
    least = np.maximum(grain**2 / 6 / np.maximum(blocks, 1), rounding**2)
    variance, within = np.maximum(variance, least), np.maximum(within, least / np.maximum(seeds, 1))
    ended: Mask = np.zeros(len(first), dtype=bool)
    if diverged is not None and diverged.any():
        one = (diverged[first] ^ diverged[second]) & np.isfinite(difference)
        ended = np.asarray(one.any(axis=(1, 2)))
        swing = np.abs(np.where(one, difference, 0).sum(axis=1)).max(axis=1) / np.maximum(blocks, 1)
        variance = np.maximum(variance, LEAST_SWING * swing**2)
    counts = seeds.astype(np.intp), blocks.astype(np.intp)
    return Differences(first, second, estimate, *counts, variance, within, within_df, ended, per_seed)


def spread_of(difference: Floats) -> tuple[Floats, ...]:
    """Return what `Differences` holds of matched differences (pairs, blocks, seeds), in its order."""
    pairs, _, n = difference.shape
    found = np.full((6, pairs), np.nan)
    found[1:3] = 0
    per_seed = np.full((pairs, n), np.nan)
    present = np.isfinite(difference)
    full = present.all(axis=(1, 2)) if difference.size else np.zeros(pairs, dtype=bool)
    some = ~full & present.any(axis=(1, 2))
    if full.any():
        cells = difference[full]
        per_seed[full] = cells.mean(axis=1)
        variances = cells.var(axis=2, ddof=1) if n > 1 else np.zeros(cells.shape[:2])
        found[:, full] = summed(per_seed[full], variances, np.full(cells.shape[:2], n))
    if some.any():
        fitted = adjusted(difference[some])
        per_seed[some] = fitted.per_seed
        found[:, some] = summed(fitted.per_seed, fitted.variances, fitted.counts)
    return (*found, per_seed)


def summed(per_seed: Floats, variances: Floats, counts: Integers) -> Floats:
    """Return estimate, seeds, blocks, variance, `within` and its df of each pair, (6, pairs).

    `within` is Σ w² s²/n over the cells with w = 1/cells, its degrees of freedom Satterthwaite's (1946). A
    cell with one seed is given the others' mean variance.
    """
    present = np.isfinite(per_seed)
    seeds, blocks = present.sum(axis=1), (counts > 0).sum(axis=1)
    estimate = np.where(present, per_seed, 0).sum(axis=1) / np.maximum(seeds, 1)
    squares = np.where(present, per_seed - estimate[:, None], 0) ** 2
    variance = np.where(seeds > 1, squares.sum(axis=1) / np.maximum(seeds - 1, 1), np.nan)
    known, once = counts > 1, counts == 1
    typical = np.where(known, variances, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    parts = np.where(known, variances, 0) / np.maximum(counts, 1) / blocks[:, None] ** 2
    total = parts.sum(axis=1)
    share = parts / np.maximum(total, TINY)[:, None]  # squares of large figures' variances would overflow
    df = (total > 0) / np.maximum((share**2 / np.maximum(counts - 1, 1)).sum(axis=1), TINY)
    least = np.where(known, counts - 1, np.inf).min(axis=1)
    within = np.where(known.any(axis=1), total + once.sum(axis=1) * typical / blocks**2, np.nan)
    return np.stack([estimate, seeds, blocks, variance, within, np.maximum(df, least)])


@lru_cache(maxsize=128)
def places(k: int) -> tuple[Integers, Integers]:
    """Return the first and the second place of every two of k."""
    first, second = np.triu_indices(k, 1)
    return first, second


@dataclass(frozen=True)
class Widths:
    """What decides how wide the interval of each pair is, arrays (pairs,): two errors of the estimate.

    `pooled` is √(MS/n) with `pooled_df`, for the studentized range; `own` is the pair's own standard error
    with `own_df`, for t with Bonferroni. The half-width is the larger of the two.
    """

    levels: int
    pooled: Floats
    pooled_df: float
    own: Floats
    own_df: Floats

    def half(self, alpha: float) -> Floats:
        """Return the half-widths that cover all pairs at once in 1 − alpha of all cases."""
        tests = self.levels * (self.levels - 1)
        half = t_quantile(alpha / tests, self.own_df) * self.own
        if np.isfinite(self.pooled).any():
            q = range_quantile(alpha, self.levels, self.pooled_df)
            half = np.fmax(half, q * self.pooled)
        return np.asarray(half)

    def p(self, estimate: Floats) -> Floats:
        """Return the alpha at which the interval of each estimate ends at 0: `half` inverted."""
        tests = self.levels * (self.levels - 1)
        size = np.abs(estimate)
        p = tests * t_tail(size / np.maximum(self.own, TINY), self.own_df)
        known = np.isfinite(self.pooled)
        if known.any():
            ratio = size[known] / np.maximum(self.pooled[known], TINY)
            p[known] = np.fmax(p[known], range_tail(ratio, self.levels, self.pooled_df))
        return np.asarray(np.minimum(p, 1.0))


def widths(found: Differences, levels: int, usable: Mask | None = None) -> Widths:
    """Return what decides the widths of the intervals of the differences of `levels` levels.

    Tukey's honest significant difference (Tukey 1953, Kramer 1956) on the factor's level × seed mean square,
    which is half the mean variance of the seed averages of all pairs, with (k − 1)(n − 1) degrees of freedom;
    and never less than Bonferroni's t on the pair's own variance, for levels that differ in it: the pair's
    independent cells, inflated by how far the seeds' averages vary more than such cells would (a seed may do
    the same to all cells of a level), with as many degrees of freedom fewer.

    A pair with divergences has Bonferroni's t over its seeds instead, for what diverges has a variance of
    another kind, and stays out of what the others share. `usable` limits what is shared to these pairs.
    """
    testable = found.testable if usable is None else found.testable & usable
    calm = testable & ~found.diverged
    n, df = np.maximum(found.seeds, 1), np.maximum(found.seeds - 1, 1).astype(float)
    pooled = np.full(len(n), np.nan)
    own, own_df, pooled_df = np.sqrt(found.variance / n), df.copy(), 1.0
    if calm.any():
        b, v = found.blocks[calm], found.variance[calm]
        mean = np.maximum(v.mean(), (v * b).mean() / b)  # the same unless some pairs have fewer cells
        pooled[calm] = np.sqrt(mean / 2 / n[calm])
        members = len(np.unique([found.first[calm], found.second[calm]]))
        pooled_df = float((members - 1) * df[calm].min())
        if levels > 2:
            inflation = max(1.0, float((v / n[calm]).sum() / max(found.within[calm].sum(), TINY)))
            own[calm] = np.sqrt(found.within[calm] * inflation)
            own_df[calm] = np.maximum(found.within_df[calm] / inflation, df[calm])
    own = np.where(testable, own, np.nan)
    return Widths(levels, pooled, pooled_df, own, own_df)
