"""The levels of a factor compared by one metric: what a ranking, a sentence or a claim is read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from reports.analysis.interactions import Reversal, reversals
from reports.analysis.intervals import NAN, Floats, Mask
from reports.analysis.matched import Matched
from reports.analysis.pairs import Pair, make_pair
from reports.analysis.sequential import Readings, read
from reports.analysis.settings import Settings

MAX_LEVELS = 20


@dataclass(frozen=True)
class Comparison:
    """All levels of a factor compared. `levels` are in the order of `means`, the best first.

    `means` are over all runs, diverged ones as what they count as, adjusted for what is missing;
    `finished_means` are plain means among finished runs of cells that have two levels. `left_out`: levels
    with too few runs, and why. `diverged`: number of diverged runs, of so many `planned`. `depends_on`: the
    factor with whose levels the order turns round (None: of none; "": with single cells); then no main effect
    is to be printed but `compare_within` it.
    """

    factor: str
    levels: tuple[str, ...]
    means: Mapping[str, float]
    finished_means: Mapping[str, float]
    pairs: tuple[Pair, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    diverged: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)
    reversals: tuple[Reversal, ...] = ()
    depends_on: str | None = None

    def pair(self, one: str, other: str) -> Pair:
        """Return the comparison of two levels, whichever is first."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})


def compare(matched: Matched, settings: Settings) -> Comparison:
    """Compare every two levels of a factor over matched cells and seeds, at all complete looks.

    Raises ValueError for more than 20 levels: 190 pairs are no ranking that anybody could read.
    """
    names = [level for level in matched.levels if level not in matched.too_few]
    if len(names) > MAX_LEVELS:
        raise ValueError(f"{matched.factor}: {len(names)} levels, more than {MAX_LEVELS} are not compared")
    kept = matched.part(levels=[matched.levels.index(name) for name in names])
    readings = read(kept, settings.ladder, settings.family, settings.grain)
    finished = finished_readings(kept, readings, settings)
    turned = reversals(kept, settings.ladder, settings.grain, settings.pairs)
    order, means = ordered(kept, readings)
    by_pair = {frozenset((reversal.first, reversal.second)): reversal for reversal in turned}
    places = {
        frozenset(ends): place
        for place, ends in enumerate(zip(readings.first.tolist(), readings.second.tolist(), strict=True))
    }
    pairs = tuple(
        make_pair(kept, readings, finished, settings, by_pair, places[frozenset((a, b))])
        for i, a in enumerate(order)
        for b in order[i + 1 :]
    )
    return Comparison(
        matched.factor,
        tuple(names[k] for k in order),
        {names[k]: float(means[k]) for k in order},
        {names[k]: mean_of(kept.finished[k][sharing(kept.counted, 2)]) for k in order},
        pairs,
        matched.too_few,
        matched.count_diverged(),
        dict(zip(matched.levels, matched.planned.sum(axis=(1, 2)).tolist(), strict=True)),
        tuple(turned),
        min(turned, key=lambda reversal: reversal.p).by if turned else None,
    )


def compare_within(matched: Matched, by: str, settings: Settings) -> dict[str, Comparison]:
    """Compare the levels within each level of another factor ("": within each cell), as one larger family."""
    parts = parts_by(matched, by)
    narrower = replace(settings, family=settings.family * len(parts))
    return {name: compare(part, narrower) for name, part in parts.items()}


def parts_by(matched: Matched, by: str) -> dict[str, Matched]:
    """Return the runs at each level of another factor ("": of each cell)."""
    columns = [matched.settings[by]] if by else list(matched.settings.values())
    labels = np.array([", ".join(map(str, row)) for row in zip(*columns, strict=True)], dtype=object)
    return {name: matched.part(blocks=np.asarray(labels == name)) for name in dict.fromkeys(labels.tolist())}


def mean_of(values: Floats) -> float:
    """Return the mean of the finite values, NaN if there is none; what is equal prints alike."""
    known = values[np.isfinite(values)]
    return round(float(known.mean()), EXACT) if len(known) else NAN


def finished_readings(kept: Matched, readings: Readings, settings: Settings) -> Readings:
    """Return the readings among finished runs; the same where none diverged."""
    if not kept.diverged.any():
        return readings
    return read(kept, settings.ladder, settings.family, settings.grain, finished=True)


def sharing(values: Floats, levels: int) -> Mask:
    """Return which cells have runs of so many levels, of values (levels, cells, seeds); all if none has."""
    enough = np.asarray(np.isfinite(values).any(axis=2).sum(axis=0) >= levels)
    return enough if enough.any() else np.ones(len(enough), dtype=bool)


def beyond(means: Floats, values: Floats) -> bool:
    """Whether a mean lies beyond every value: what fits differences of different cells can."""
    known = values[np.isfinite(values)]
    slack = 1e-9 * np.abs(known).max(initial=0.0)
    outside = (means < known.min(initial=np.inf) - slack) | (means > known.max(initial=-np.inf) + slack)
    return bool(outside[np.isfinite(means)].any())


EXACT = 12  # decimals of an effect that are no rounding errors


def ordered(kept: Matched, readings: Readings) -> tuple[list[int], Floats]:
    """Return the levels' places in the order of their means, and the means.

    A mean is that of all levels in the cells that compare any two, plus the level's effect, the effects being
    those that fit the pairs' differences best (least squares on their graph: Jiang et al. 2011), so that what
    is missing gives no level easier cells; with nothing missing it is the plain mean. Where that would lie
    beyond every run, the means are plain ones, of the cells that all levels share if there are any. They are
    of the seeds of the latest look, if all pairs have the same.
    """
    k = len(kept.levels)
    difference = np.full((k, k), np.nan)
    difference[readings.first, readings.second] = readings.estimate
    difference[readings.second, readings.first] = -readings.estimate
    shared = np.isfinite(difference)
    laplacian = np.diag(shared.sum(axis=1)) - shared.astype(np.float64)
    fitted = np.linalg.pinv(laplacian) @ np.where(shared, difference, 0).sum(axis=1)
    effect = np.round(fitted, EXACT) + 0.0  # rounding must not order what is equal
    looks = readings.look
    one = int(looks[0]) if len(looks) and looks[0] and (looks == looks[0]).all() else len(kept.seeds)
    counted = kept.first(one).counted
    counted = counted[:, sharing(counted, 2)]
    level_means = np.array([mean_of(level) for level in counted])
    means = effect + (np.nanmean(level_means) if np.isfinite(level_means).any() else NAN)
    full = np.isfinite(counted).all()  # then they are the plain means, without rounding
    if full or beyond(means, counted):
        level_means = np.array([mean_of(level) for level in counted[:, sharing(counted, k)]])
        means = level_means
    means = np.where(shared.any(axis=1), means, np.round(level_means, EXACT))
    rank = np.where(np.isfinite(means), -means if kept.higher else means, np.inf)
    return [int(place) for place in np.argsort(rank, kind="stable")], means
