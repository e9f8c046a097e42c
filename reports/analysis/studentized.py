"""The studentized range: how far apart the largest and the smallest of k equal means fall.

SciPy integrates it anew for each value (10 ms for a tail, 130 ms for a quantile); a report needs thousands.
Here the range of k normal values is tabulated once for each k, and a tail is a weighted sum over that table:
0.02 ms. Tails agree with SciPy's to 1e-6 from 2 to 20 means.
"""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, gammaincinv, gammaln, ndtr

from reports.analysis.intervals import Floats, t_tail

GRID = np.linspace(0, 14, 5601)  # ranges of normal values; above 14 the tail is below 1e-20
PRECISION, ENDS = 1e-9, 65  # of a quantile: how close, and how many values are looked at at once


def range_tail(q: ArrayLike, k: int, df: float) -> Floats:
    """Return the probability that the studentized range of k means with `df` exceeds q, for each q.

    P(Q > q) = ∫ P(W > q·s) f(s) ds, W the range of k standard normal values and s the root of a χ²(df)/df
    (Tukey 1953; tables in Harter 1960). For two means it is Student's t, and taken from there.
    """
    values = np.asarray(q, dtype=np.float64)
    if k == 2:
        return np.asarray(np.minimum(2 * t_tail(values / np.sqrt(2), df), 1.0))
    scale, weight = scales(df)
    tails = np.interp(np.multiply.outer(values, scale), GRID, normal_range_tail(k), right=0.0)
    return np.asarray(np.clip(tails @ weight, 0.0, 1.0))


@lru_cache(maxsize=4096)
def range_quantile(tail: float, k: int, df: float) -> float:
    """Return the q that the studentized range of k means with `df` exceeds with probability `tail`."""
    high = 8.0
    while range_tail(high, k, df) > tail:
        high *= 2
    low = 0.0
    while high - low > PRECISION:  # SciPy's root finders take 0.2 s to import
        ends = np.linspace(low, high, ENDS)
        place = int(np.argmax(range_tail(ends, k, df) <= tail))
        low, high = float(ends[place - 1]), float(ends[place])
    return (low + high) / 2


@cache
def legendre() -> tuple[Floats, Floats]:
    """Return the nodes between −1 and 1 and the weights of the rule by Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(128)
    return nodes, weights


@lru_cache(maxsize=256)
def normal_range_tail(k: int) -> Floats:
    """Return P(W > w) on GRID: W ≤ w has probability k ∫ φ(z) [Φ(z) − Φ(z − w)]^(k−1) dz."""
    nodes, weights = legendre()
    z = 9.0 * nodes
    density = 9.0 * weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    inside = ndtr(z) - ndtr(z - GRID[:, None])
    return np.asarray(np.clip(1 - k * (inside ** (k - 1)) @ density, 0.0, 1.0))


@lru_cache(maxsize=4096)
def scales(df: float) -> tuple[Floats, Floats]:
    """Return nodes s and weights of the density of √(χ²/df), on its logarithm; they sum to 1."""
    if df > 1e6:
        return np.ones(1), np.ones(1)
    low, high = np.log([2 * gammaincinv(df / 2, 1e-13) / df, chdtri(df, 1e-13) / df]) / 2
    nodes, weights = legendre()
    x = (high - low) / 2 * nodes + (high + low) / 2
    log_density = np.log(2) + df / 2 * np.log(df / 2) - gammaln(df / 2) + df * x - df / 2 * np.exp(2 * x)
    weight = (high - low) / 2 * weights * np.exp(log_density)
    return np.exp(x), weight / weight.sum()
