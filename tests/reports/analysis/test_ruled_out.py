"""What is ruled out beforehand, to save time, is what would not have been shown."""

import numpy as np
import pytest

from reports.analysis.contrasts import LEAST_SWING
from reports.analysis.groups import Groups
from reports.analysis.interactions import one_sided
from reports.analysis.intervals import Floats, Mask
from reports.analysis.leads import Means, beaten_by, least_lead
from reports.analysis.missing import adjusted


def drawn(rng: np.random.Generator, cells: int, lost: bool) -> Means:
    """Means of cells that differ in their variances and degrees of freedom, some ties among them."""
    gone = rng.integers(0, 3, cells) * int(lost)
    mean = rng.normal(0, 2, cells).round(1)
    return Means(
        mean, rng.lognormal(-1, 1.5, cells), rng.uniform(0.5, 12, cells), mean + 0.1, gone, gone + 3, mean - 4
    )


@pytest.mark.parametrize("lost", [False, True])
def test_the_cells_that_some_leader_is_ahead_of_are_those_of_all_pairs(lost: bool) -> None:
    rng = np.random.default_rng(7)
    for _ in range(40):
        means, groups = drawn(rng, 60, lost), Groups(rng.integers(0, 4, 60), 4)
        leaders, cells = rng.random(60) < 0.7, rng.random(60) < 0.8
        level = rng.choice([0.4, 0.05, 0.001], 4)
        expected = [
            cell for cell in np.flatnonzero(cells).tolist() if led(means, leaders, cell, level, groups)
        ]
        assert np.flatnonzero(beaten_by(means, leaders, cells, level, groups)).tolist() == expected


def led(means: Means, leaders: Mask, cell: int, level: Floats, groups: Groups) -> bool:
    """Whether some leader of a cell's group with a better mean is ahead of it."""
    others = np.flatnonzero(leaders & (groups.of == groups.of[cell]) & (means.mean > means.mean[cell]))
    at = np.array([level[groups.of[cell]]])
    return any(
        least_lead(means.of(np.array([o])), means.of(np.array([cell])), at)[0] > 0 for o in others.tolist()
    )


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("sizes", [[4, 4, 4], [2, 3, 7], [1] * 12])
def test_tails_in_parts_are_those_of_each_part_alone(sizes: list[int], missing: float) -> None:
    rng = np.random.default_rng(3)
    which = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    shift = rng.normal(0, 2, len(sizes))[which][None, :, None]
    difference = shift + rng.normal(size=(5, 12, 5))
    difference[rng.random(difference.shape) < missing] = np.nan
    mixed = rng.random(difference.shape) < 0.1
    up, down = one_sided(difference, mixed, which, len(sizes), 0.01, 0.2)
    for part in range(len(sizes)):
        rows = which == part
        own = difference[:, rows]
        swings = np.where(mixed[:, rows], np.nan_to_num(own), 0)
        values = own[:, 0] if len(own[0]) == 1 else adjusted(own).per_seed
        swing = np.abs(swings.sum(axis=1)).max(axis=1) / rows.sum()
        least = np.maximum(LEAST_SWING * swing**2, 0.01**2 / 6 / rows.sum())
        for found, sign in ((up, 1), (down, -1)):
            tails = one_by_one(sign * values, least)
            small = tails <= 0.2
            assert found[small, part] == pytest.approx(tails[small])
            assert (found[~small, part] > 0.2).all()


def one_by_one(values: Floats, least: Floats) -> Floats:
    """The tail above 0 of a t test of each row, 1 below three values, by SciPy."""
    from scipy import stats

    found = []
    for row, variance in zip(values, least, strict=True):
        known = row[np.isfinite(row)]
        error = np.sqrt(max(known.var(ddof=1), variance) / len(known)) if len(known) > 2 else 1.0
        found.append(float(stats.t.sf(known.mean() / error, len(known) - 1)) if len(known) > 2 else 1.0)
    return np.array(found)
