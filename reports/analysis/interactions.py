"""Whether the order of two levels turns round from one part of the grid to another."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.contrasts import LEAST_SWING, places
from reports.analysis.intervals import SLACK, Floats, Integers, Mask, t_quantile, t_tail
from reports.analysis.matched import Matched
from reports.analysis.missing import adjusted
from reports.analysis.sequential import Ladder

CELLS = ""  # parted by no one factor, but by single cells
Ways = dict[str, tuple[list[str], Integers]]


@dataclass(frozen=True)
class Reversal:
    """Levels `first` and `second` (places) change sides with the levels of the factor `by` (CELLS: of none).

    `ahead` are the parts in which the first is shown ahead, `behind` those in which it is shown behind.
    """

    first: int
    second: int
    by: str
    ahead: tuple[str, ...]
    behind: tuple[str, ...]
    p: float


def reversals(matched: Matched, steps: Ladder, grain: float = 0.0, pairs: int = 0) -> list[Reversal]:
    """Return the pairs of levels whose difference is above 0 in one part and below 0 in another, with p.

    A qualitative interaction: one part above 0 and one below, each by a one-sided t over the seeds at the
    look's level divided by the number of parts (Gail and Simon's 1985 question, but their test takes the
    variances for known and errs up to 41 % with few seeds). The parts are the levels of each other factor,
    and single cells where several other factors vary. The level is divided by these ways of parting and by
    the pairs of the factor (`pairs`, if these levels are not all that it has); not by the factors, for a
    reversal only withholds a main effect.
    """
    found: dict[tuple[int, int], Reversal] = {}
    ways = partings(matched)
    for seeds, level in zip(steps.looks, steps.levels, strict=True):
        if seeds > len(matched.seeds):
            break
        part = matched.first(seeds)
        for reversal in at_look(part, ways, level, steps.alpha, grain, pairs):
            found.setdefault((reversal.first, reversal.second), reversal)
    return list(found.values())


def partings(matched: Matched) -> Ways:
    """Return the ways of parting the blocks: names of the parts and each block's part."""
    ways: Ways = {}
    for name, column in matched.settings.items():
        labels, which = np.unique(column.astype(str), return_inverse=True)
        if len(labels) > 1:
            ways[name] = labels.tolist(), which.astype(np.intp)
    if len(ways) > 1:
        columns = zip(*(matched.settings[name] for name in ways), strict=True)
        ways[CELLS] = [", ".join(map(str, row)) for row in columns], np.arange(matched.counted.shape[1])
    return ways


def at_look(
    matched: Matched, ways: Ways, level: float, alpha: float, grain: float, pairs: int
) -> list[Reversal]:
    """Return the reversals that one look shows; pairs with runs still to come are not looked at."""
    first, second = places(len(matched.levels))
    waits = np.asarray(matched.outstanding.any(axis=(1, 2)))
    ready = np.asarray(~(waits[first] | waits[second]))
    difference = (matched.counted[first] - matched.counted[second]) * (1 if matched.higher else -1)
    mixed = np.asarray(matched.diverged[first] ^ matched.diverged[second])
    tests = len(ways) * max(len(first), pairs)
    found: dict[int, Reversal] = {}
    for by, (names, which) in ways.items():
        tails = one_sided(difference, mixed, which, len(names), grain, level / len(names) / max(tests, 1))
        up, down = (tail * len(names) * tests for tail in tails)
        p = np.maximum(up.min(axis=1, initial=1), down.min(axis=1, initial=1))
        for pair in map(int, np.flatnonzero((p <= level) & ready)):
            overall = float(p[pair]) * alpha / level
            if pair in found and (by == CELLS or found[pair].p <= overall):
                continue  # a factor says more than a list of cells
            ahead, behind = (
                tuple(name for name, shown in zip(names, tail[pair] <= level, strict=True) if shown)
                for tail in (up, down)
            )
            found[pair] = Reversal(int(first[pair]), int(second[pair]), by, ahead, behind, overall)
    return list(found.values())


def one_sided(
    difference: Floats, mixed: Mask, which: Integers, parts: int, grain: float, most: float
) -> tuple[Floats, Floats]:
    """Return p of the difference being above 0, and below, in each part: (pairs, parts) twice.

    What is above `most` may be told as 1. `mixed` are pairs of runs of which one diverged; they have the
    least variance of `contrasts`.
    """
    pairs, blocks, n = difference.shape
    present = np.isfinite(difference)
    swings = np.where(mixed & present, difference, 0) if mixed.any() else None
    whole = np.asarray(present.all(axis=2))
    sizes = np.bincount(which, minlength=parts)
    if (sizes == sizes[0]).all() and (parts == blocks or whole.all()):  # all parts at once
        order, shape = np.argsort(which, kind="stable"), (pairs, parts, blocks // parts, n)
        swing = 0.0 if swings is None else np.abs(swings[:, order].reshape(shape).sum(axis=2)).max(axis=2)
        least = np.maximum(LEAST_SWING * (swing / sizes) ** 2, grain**2 / 6 / sizes)
        return t_tests(difference[:, order].reshape(shape).mean(axis=2), least, most)
    per_seed = np.full((pairs, parts, n), np.nan)
    least = np.zeros((pairs, parts))
    for part in range(parts):
        rows = which == part
        own, count = difference[:, rows], int(rows.sum())
        full = whole[:, rows].all(axis=1) | (count == 1)
        per_seed[full, part] = (own if full.all() else own[full]).mean(axis=1)
        if not full.all():
            per_seed[~full, part] = adjusted(own[~full]).per_seed
        sums = 0.0 if swings is None else np.abs(swings[:, rows].sum(axis=1)).max(axis=1, initial=0)
        least[:, part] = np.maximum(LEAST_SWING * (sums / count) ** 2, grain**2 / 6 / count)
    return t_tests(per_seed, least, most)


def t_tests(per_seed: Floats, least: Floats, most: float) -> tuple[Floats, Floats]:
    """Return both tails of t tests along the last axis, with a least variance; 1 below 3 values.

    Tails above `most` may be told as 1, and not be worked out.
    """
    present = np.isfinite(per_seed)
    n = present.sum(axis=-1)
    known = np.where(present, per_seed, 0.0)
    mean = known.sum(axis=-1) / np.maximum(n, 1)
    squares = np.where(present, known - mean[..., None], 0.0) ** 2
    rounding = (1e-12 * np.abs(known).max(axis=-1, initial=0)) ** 2
    variance = np.maximum(squares.sum(axis=-1) / np.maximum(n - 1, 1), least)
    t = mean / np.sqrt(np.maximum(variance, rounding + 1e-300) / np.maximum(n, 1))
    small = (n >= 3) & (np.abs(t) > SLACK * t_quantile(min(most, 0.5), max(int(n.max(initial=0)) - 1, 1)))
    up, down = np.ones(t.shape), np.ones(t.shape)
    tail = t_tail(np.abs(t[small]), n[small] - 1)
    up[small], down[small] = np.where(t[small] > 0, tail, 1.0), np.where(t[small] < 0, tail, 1.0)
    return up, down
