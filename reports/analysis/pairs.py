"""Two levels compared: what all looks say of them, put so that the level that is ahead stands first."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reports.analysis.contrasts import ROUNDING
from reports.analysis.equivalence import Relation, relation, sensitivity
from reports.analysis.interactions import Reversal
from reports.analysis.intervals import NAN, Floats, Interval, t_interval
from reports.analysis.matched import Matched
from reports.analysis.outcomes import cannot_exclude
from reports.analysis.power import Power, of_levels, power
from reports.analysis.sequential import Readings
from reports.analysis.settings import Settings


@dataclass(frozen=True)
class Parts:
    """An estimate as a sum: what comes of runs of which one diverged, and the rest, in the metric's units.

    `finished` is the difference among matched runs that both finished, with its interval over all looks;
    never to be printed alone. `runs` is the number of matched runs of which one diverged.
    """

    from_divergence: float
    from_finished: float
    finished: Interval
    runs: int


@dataclass(frozen=True)
class Pair:
    """Two levels compared, the one that is ahead first: first − second in the metric's own units.

    `low` and `high` cover at once with those of all pairs, factors and looks; `p` inverts them. `relation` is
    ">", "≈" or "?", and `why` says what keeps it "?"; `relations` are those at m/2, m and 2m. `seeds` and
    `cells` are what the latest look stands on, `look` its number of seeds (0: none was complete),
    `decided_at` that of the look that first excluded 0. `early`: it is read before its last runs have ended;
    `outstanding`: runs of the two levels still to come. `ahead`: in how many of the `cells` the first is
    ahead. `unseen`: the share of failures that so many seeds without any cannot exclude (NaN where one was
    seen). `power` is there for "?" only that more seeds may decide. `new_images`: whether ">" in test
    accuracy holds for new test images, too (None: not ">", or not known). `turned`: its order turns round
    from one part of the grid to another, which no further seeds undo.
    """

    first: str
    second: str
    estimate: float
    low: float
    high: float
    p: float
    relation: Relation
    relations: tuple[Relation, Relation, Relation]
    seeds: int
    cells: int
    look: int
    decided_at: int
    early: bool
    outstanding: int
    ahead: int
    parts: Parts
    unseen: float
    why: str = ""
    power: Power | None = None
    new_images: bool | None = None
    turned: bool = False


@dataclass(frozen=True)
class Side:
    """The place of one pair among the readings, turned so that the level that is ahead stands first."""

    place: int
    first: int
    second: int
    sign: int  # of the reading's first − second
    better: int  # 1 where more is better, −1 where less is

    def interval(self, readings: Readings) -> Interval:
        """Return first − second, in the metric's units."""
        low, high = (float(side[self.place]) for side in (readings.low, readings.high))
        ends = (low, high) if self.sign > 0 else (-high, -low)
        return Interval(
            self.sign * float(readings.estimate[self.place]), *ends, int(readings.seeds[self.place])
        )

    def advantage(self, interval: Interval) -> tuple[float, float]:
        """Return how far the first is ahead, at least and at most."""
        low, high = interval.low, interval.high
        return (low, high) if self.better > 0 else (-high, -low)


def side_of(readings: Readings, place: int, higher: bool) -> Side:
    """Turn a pair by its interval where that excludes 0, else by its estimate."""
    better = 1 if higher else -1
    low, high = readings.low[place], readings.high[place]
    direction = 1 if low > 0 else -1 if high < 0 else np.sign(readings.estimate[place])
    one, other = int(readings.first[place]), int(readings.second[place])
    turned = direction * better < 0
    return Side(place, *((other, one) if turned else (one, other)), -1 if turned else 1, better)


def make_pair(
    kept: Matched,
    readings: Readings,
    finished: Readings,
    settings: Settings,
    turned: Mapping[frozenset[int], Reversal],
    place: int,
) -> Pair:
    """Put together what is known of one pair."""
    side = side_of(readings, place, kept.higher)
    interval, looked = side.interval(readings), int(readings.look[place])
    seen = kept.first(looked) if looked else kept
    difference = seen.counted[side.first] - seen.counted[side.second]
    parts = parts_of(seen, difference, side, interval.mean, side.interval(finished))
    reversal = turned.get(frozenset((side.first, side.second)))
    overall = t_interval(cell_means((kept.counted[side.first] - kept.counted[side.second]).T))
    relations = relations_of(side.advantage(interval), side.advantage(overall), settings.margin)
    doubtful = doubt(relations[1], parts, side, reversal)
    why = untested(readings, place) or doubtful or lost_since(kept, side)
    open_still = relations[1] == "?" and interval.n > 1 and not doubtful
    relations = ("?", "?", "?") if why else relations
    return Pair(
        kept.levels[side.first],
        kept.levels[side.second],
        interval.mean,
        float(np.maximum(interval.low, -settings.most)),
        float(np.minimum(interval.high, settings.most)),
        float(readings.p[place]),
        relations[1],
        relations,
        interval.n,
        int(readings.blocks[place]),
        looked,
        int(readings.decided_at[place]),
        bool(readings.early[place]),
        int(readings.outstanding[place]),
        int((side.better * cell_means(difference) > rounding_of(seen, side)).sum()),
        parts,
        NAN if kept.diverged[[side.first, side.second]].any() else cannot_exclude(interval.n),
        why,
        power_of(readings, place, len(kept.levels), settings) if open_still else None,
        turned=reversal is not None,
    )


def relations_of(
    ahead: tuple[float, float], overall: tuple[float, float], margin: float
) -> tuple[Relation, Relation, Relation]:
    """Return the relations at m/2, m and 2m from the interval of all looks, and the plain one of all seeds.

    What an early look found equivalent stays so, but not against what was seen since (a collapse, say), nor
    against the pair's own spread where other pairs spread less: the plain 95 % interval must agree.
    """
    half, same, double = (
        "?" if found == "≈" and relation(*overall, m) != "≈" else found
        for found, m in zip(sensitivity(*ahead, margin), (margin / 2, margin, 2 * margin), strict=True)
    )
    return half, same, double


def parts_of(seen: Matched, difference: Floats, side: Side, estimate: float, finished: Interval) -> Parts:
    """Return the estimate as the sum of what divergence does and the rest; `difference` is first − second."""
    mixed = (seen.diverged[side.first] ^ seen.diverged[side.second]) & np.isfinite(difference)
    part = float(difference[mixed].sum() / max(int(np.isfinite(difference).sum()), 1))
    return Parts(part, estimate - part, finished, int(mixed.sum()))


def doubt(found: Relation, parts: Parts, side: Side, reversal: Reversal | None) -> str:
    """Return what forbids a relation that the interval alone would allow, or nothing."""
    if reversal is not None:
        return f"the order turns round with {reversal.by}" if reversal.by else "the order turns round"
    if found == ">" and side.advantage(parts.finished)[1] < 0:
        return "behind where both finish, but diverges less"
    if found == "≈" and parts.runs:
        return "one diverged where the other did not"
    if found == "≈" and not parts.finished.n:
        return "in no matched pair did both finish"
    return ""


def lost_since(kept: Matched, side: Side) -> str:
    """Return that the level ahead diverged where the other did not and need not be ahead, or nothing.

    What an early look decided stays decided, and runs beyond the latest look do not count yet; but neither
    may hide a divergence that was seen. So where there is any, the plain 99 % interval over all seeds must
    have it ahead, too.
    """
    difference = side.better * (kept.counted[side.first] - kept.counted[side.second])
    against = kept.diverged[side.first] & ~kept.diverged[side.second] & np.isfinite(difference)
    if not against.any() or t_interval(cell_means(difference.T), 0.99).low > 0:
        return ""
    return "the first diverged where the second did not"


def untested(readings: Readings, place: int) -> str:
    """Return why a pair was not tested, or nothing."""
    if readings.look[place]:
        return ""
    if not readings.blocks[place]:
        return "no runs that differ in nothing else"
    seeds, coming = int(readings.seeds[place]), int(readings.outstanding[place])
    if coming:
        return f"{coming} run{'s' * (coming != 1)} to come"
    return f"{seeds} seed{'s' * (seeds != 1)}: too few for the first look"


def power_of(readings: Readings, place: int, levels: int, settings: Settings) -> Power:
    """Return what the latest look could have shown of a pair, and what the difference seen would take."""
    estimate, half, error = (float(x[place]) for x in (readings.estimate, readings.half, readings.error))
    seeds, looked = int(readings.seeds[place]), int(readings.look[place])
    return power(estimate, half, error, seeds, settings.ladder, of_levels(levels, settings.family), looked)


def rounding_of(seen: Matched, side: Side) -> float:
    """Return the size of a difference that arithmetic alone makes of equal values."""
    values = seen.counted[[side.first, side.second]]
    return ROUNDING * float(np.abs(np.where(np.isfinite(values), values, 0)).max(initial=0))


def cell_means(difference: Floats) -> Floats:
    """Return the mean of each cell (row) over the seeds that it has, NaN of none."""
    present = np.isfinite(difference)
    counts = present.sum(axis=1)
    means = np.where(present, difference, 0).sum(axis=1) / np.maximum(counts, 1)
    return np.where(counts > 0, means, np.nan)
