"""Test examples are a sample too: intervals of an accuracy for new seeds and new images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.analysis.intervals import NAN, Floats, Interval, Mask, t_interval, t_quantile


@dataclass(frozen=True)
class TwoWay:
    """A mean over seeds × test examples with what its variance is for new seeds and new examples.

    `variance` of the mean with `df` degrees of freedom; `seed_variance` is that for new seeds on the same
    examples.
    """

    mean: float
    variance: float
    df: float
    seed_variance: float
    seeds: int
    examples: int

    def interval(self, alpha: float = 0.05) -> Interval:
        """Return the interval of the mean for new seeds and new examples.

        Never narrower than the parts of seeds and of examples, each with degrees of freedom of its own, added
        as squares (Zou and Donner 2008): with two or three seeds the examples add more degrees of freedom
        than variance.
        """
        half = float(t_quantile(alpha / 2, self.df)) * self.variance**0.5
        if self.seeds > 1:
            seeds = float(t_quantile(alpha / 2, self.seeds - 1)) ** 2 * self.seed_variance
            images = float(t_quantile(alpha / 2, np.inf)) ** 2 * (self.variance - self.seed_variance)
            half = max(half, (seeds + max(images, 0.0)) ** 0.5)
        return Interval(self.mean, self.mean - half, self.mean + half, self.seeds)


def two_way(values: Floats | Mask) -> TwoWay:
    """Return the mean of values (seeds, examples): 1 for each correct answer, or a difference of two such.

    V = (MS_seed + MS_image − MS_rest) / SE, the variance of the mean of a two-way random layout, with
    Satterthwaite's (1946) degrees of freedom; never below what the seeds or the images alone give (Owen 2007
    on why both have to count). Coverage .93 to .96 for cells; intervals over seeds alone have .62 to .89.
    """
    by_seed, by_example = values.sum(axis=1, dtype=np.float64), values.sum(axis=0, dtype=np.float64)
    squares = float((np.asarray(values, dtype=np.float32) ** 2).sum(dtype=np.float64))
    return from_sums(by_seed, by_example, squares)


def from_sums(by_seed: Floats, by_example: Floats, squares: float) -> TwoWay:
    """Return the same from the sums of each seed, of each example, and of all squares."""
    s, e = len(by_seed), len(by_example)
    mean = float(by_seed.sum()) / (s * e)
    if e < 2:
        return TwoWay(mean, NAN, NAN, NAN, s, e)
    total = squares - s * e * mean**2
    seed = e * float(((by_seed / e - mean) ** 2).sum())
    example = s * float(((by_example / s - mean) ** 2).sum())
    ms_example = example / (e - 1)
    if s < 2:  # one seed: the examples' variance is all that can be told
        return TwoWay(mean, ms_example / e, e - 1.0, NAN, s, e)
    ms_seed, ms_rest = seed / (s - 1), max(total - seed - example, 0.0) / ((s - 1) * (e - 1))
    together = max(ms_seed + ms_example - ms_rest, ms_seed, ms_example)
    parts = ms_seed**2 / (s - 1) + ms_example**2 / (e - 1) + ms_rest**2 / ((s - 1) * (e - 1))
    df = together**2 / parts if parts > 0 else s - 1.0
    return TwoWay(mean, together / (s * e), max(df, 1.0), ms_seed / (s * e), s, e)


def for_new_images(difference: TwoWay, half: float, alpha: float = 0.05) -> bool:
    """Whether a difference shown on this test set holds for new images: its interval for both excludes 0.

    `half` is the half-width that the verdict on this test set rests on (all looks, pairs and factors): the
    two-way interval is widened in the same proportion as that one is beyond a single t.
    """
    own = float(t_quantile(alpha / 2, max(difference.seeds - 1, 1))) * difference.seed_variance**0.5
    wider = max(half / own, 1.0) if own > 0 else 1.0
    interval = difference.interval(alpha)
    return abs(interval.mean) > wider * interval.half


def class_interval(right: Sequence[int], total: int, alpha: float = 0.05) -> Interval:
    """Return the accuracy of a class for new seeds and new images, from how many each seed gets right.

    Counts do not say which images are the hard ones, so the images' part is the largest that it can be, that
    of seeds that all err on the same: Wilson's (1927) interval of one sample of `total`. The seeds' part is
    their t interval; the distances of both from the mean are added as squares (Zou and Donner 2008).
    """
    shares = np.asarray(right, dtype=np.float64) / total
    p, z = float(shares.mean()), float(t_quantile(alpha / 2, np.inf))
    middle, root = (p + z**2 / (2 * total)), z * (p * (1 - p) / total + z**2 / (4 * total**2)) ** 0.5
    low, high = ((middle + side * root) / (1 + z**2 / total) for side in (-1, 1))
    seeds = t_interval(shares, 1 - alpha).half if len(shares) > 1 else 0.0
    ends = p - np.hypot(p - low, seeds), p + np.hypot(high - p, seeds)
    return Interval(p, max(float(ends[0]), 0.0), min(float(ends[1]), 1.0), len(shares))


def error_overlap(first: Mask, second: Mask) -> float:
    """Return the share that both cells get wrong of what either does (Jaccard 1901), seed by seed."""
    both, either = (~first & ~second).sum(), (~first | ~second).sum()
    return float(both / either) if either else NAN
