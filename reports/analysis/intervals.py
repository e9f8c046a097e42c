"""Student's t: the one place where its interval, its quantile and its p are worked out."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

LEVEL = 0.95
NAN = float("nan")
SLACK = 1 - 1e-9  # for rounding, where a bound on t rules out what a test could not show

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Interval:
    """A mean with its interval from `n` values; `low` and `high` are NaN for fewer than two."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def half(self) -> float:
        """Half the interval's width, the number after ±."""
        return (self.high - self.low) / 2


NOTHING = Interval(NAN, NAN, NAN, 0)


def t_interval(values: ArrayLike, level: float = LEVEL, least: float = 0.0) -> Interval:
    """Return the mean of the finite values and its two-sided t interval (Student 1908).

    `least` is the standard deviation that a value has at least: that of `rounding`, of equal values.
    """
    return around_mean(values, level, lambda n: 1 / n, least)


def rounding(grain: float, figures: int = 1) -> float:
    """Return the standard deviation of the mean of figures that are rounded to a step (Sheppard 1898)."""
    return grain / math.sqrt(12 * max(figures, 1))


def prediction_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Where one further run should fall: mean ± t·s·√(1 + 1/n)."""
    return around_mean(values, level, lambda n: 1 + 1 / n)


def around_mean(
    values: ArrayLike, level: float, factor: Callable[[int], float], least: float = 0.0
) -> Interval:
    """Mean ± t·s·√factor(n) over the finite values, s at least `least`."""
    x = np.asarray(values, dtype=np.float64).ravel()
    x = x[np.isfinite(x)]
    n = len(x)
    if n < 2:
        return Interval(float(x[0]), NAN, NAN, n) if n else NOTHING
    mean = float(x.mean())
    spread = max(float(x.std(ddof=1)), least)
    half = float(t_quantile((1 - level) / 2, n - 1)) * spread * factor(n) ** 0.5
    return Interval(mean, mean - half, mean + half, n)


def t_quantile(tail: ArrayLike, df: ArrayLike) -> Floats:
    """Return the value of Student's t that leaves `tail` above it; infinite `df` gives the normal's."""
    return np.asarray(-stdtrit(np.minimum(df, 1e9), tail), dtype=np.float64)


def t_tail(t: ArrayLike, df: ArrayLike) -> Floats:
    """Return the probability above t."""
    return np.asarray(stdtr(np.minimum(df, 1e9), -np.asarray(t, dtype=np.float64)), dtype=np.float64)
