"""What each factor of a sweep does to each metric: the one object that every ranking is printed from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from reports.analysis.comparable import comparable
from reports.analysis.comparison import MAX_LEVELS, Comparison, compare, compare_within, parts_by, sharing
from reports.analysis.counting import TEST_ACCURACY, Counted, counted, default_margin
from reports.analysis.intervals import NAN, Floats, Interval, rounding, t_interval
from reports.analysis.looks import Looks
from reports.analysis.matched import Matched, match
from reports.analysis.missing import adjusted
from reports.analysis.new_images import answers_in_order, places_of, with_new_images
from reports.analysis.outcomes import DONE
from reports.analysis.pairs import Pair
from reports.analysis.settings import Settings
from reports.runs.factors import spoken
from reports.runs.metrics import Metric
from reports.runs.results import Results


@dataclass(frozen=True)
class Effect:
    """A factor's levels by a metric, within one data set and one set of comparable levels.

    `comparison` is over all cells; None if the levels are too many or no two are comparable (`why`). Where
    the order turns round with another factor (`comparison.depends_on`), `within` has the comparison at each
    of its levels, and the one over all cells is not to be printed. `alone` are levels that share no cell with
    another, `out_of_reach` the number of runs of levels that take no part, `exploratory` whether the metric
    is another than the main one, `set_number` which of several sets it is (0: there is one).
    """

    factor: str
    metric: Metric
    data: str
    matched: Matched
    settings: Settings
    comparison: Comparison | None
    within: Mapping[str, Comparison] = field(default_factory=dict)
    alone: tuple[str, ...] = ()
    out_of_reach: Mapping[str, int] = field(default_factory=dict)
    exploratory: bool = False
    set_number: int = 0
    counts_as: str = ""
    why: str = ""

    @property
    def part(self) -> str:
        """Which data set and which set of levels, if there are several."""
        return ", ".join(filter(None, [self.data, str(self.set_number) if self.set_number else ""]))

    @property
    def title(self) -> str:
        """The factor, and which part of the grid it is about if it is not about all."""
        return f"{self.factor} ({self.part})" if self.part else self.factor

    @property
    def words(self) -> str:
        """The title as it is said: the factor in words."""
        words = spoken(self.factor)
        return f"{words} ({self.part})" if self.part else words

    @property
    def depends_on(self) -> str | None:
        """The factor with which the order turns round ("": with single cells); None: it does not."""
        return self.comparison.depends_on if self.comparison else None

    @property
    def shown(self) -> dict[str, Comparison]:
        """The comparisons to print: over all cells (under ""), or within each level it depends on."""
        if self.depends_on is not None:
            return dict(self.within)
        return {"": self.comparison} if self.comparison else {}

    @property
    def pairs(self) -> list[Pair]:
        """Every pair that is to be printed."""
        return [pair for each in self.shown.values() for pair in each.pairs]

    @property
    def seeds(self) -> int:
        """The number of seeds behind the best known pair."""
        return max((pair.seeds for pair in self.pairs), default=0)

    @property
    def cells(self) -> int:
        """The number of matched cells behind the best known pair."""
        return max((pair.cells for pair in self.pairs), default=0)

    @cached_property
    def levels(self) -> dict[str, Interval]:
        """Each level's mean, the best first, with the t interval over seeds of that level alone."""
        grain = self.settings.grain
        return level_intervals(self.comparison, self.matched, grain) if self.comparison else {}

    @cached_property
    def shown_levels(self) -> dict[str, dict[str, Interval]]:
        """Each level's mean with its interval, for each of the comparisons to print."""
        if self.depends_on is None:
            return {"": self.levels} if self.comparison else {}
        parts, grain = parts_by(self.matched, self.depends_on), self.settings.grain
        return {name: level_intervals(each, parts[name], grain) for name, each in self.within.items()}


def level_intervals(comparison: Comparison, matched: Matched, grain: float) -> dict[str, Interval]:
    """Return the means of a comparison, each with the t interval over seeds of that level alone.

    As in `summarise` none is narrower than the metric's step (`grain`) allows, here over so many blocks.
    """
    found, blocks = {}, sharing(matched.counted, 2)
    for level, mean in comparison.means.items():
        values = matched.counted[matched.levels.index(level)][blocks]
        spread = interval_of(values, grain) if np.isfinite(values).any() else None
        half = spread.half if spread else NAN
        found[level] = Interval(mean, mean - half, mean + half, spread.n if spread else 0)
    return found


def interval_of(values: Floats, grain: float) -> Interval:
    """Return the mean over blocks and seeds of values (blocks, seeds), with its t interval over seeds."""
    blocks = int(np.isfinite(values).any(axis=1).sum())
    return t_interval(adjusted(values[None]).per_seed[0], least=rounding(grain, blocks))


@dataclass(frozen=True)
class Set:
    """The runs of levels that can be compared, before anything is."""

    data: str
    counted: Counted
    matched: Matched
    alone: tuple[str, ...]
    number: int


def effects_of(parts: Mapping[str, Results], looks: Looks, metrics: Sequence[str]) -> list[Effect]:
    """Return every factor's effect on each of these metrics that has a figure, within each data set.

    The error rate of a metric is shared by all its factors, data sets and sets of levels.
    """
    found = []
    for name in metrics:
        sets = [
            each
            for data, part in parts.items()
            if part.runs[name].notna().any()
            for each in sets_of(part, data, counted(part, name), looks)
        ]
        made = [effect(each, looks, max(len(sets), 1)) for each in sets]
        found += (
            [for_new_images(each, parts[each.data], looks) for each in made]
            if name == TEST_ACCURACY
            else made
        )
    return found


def sets_of(results: Results, data: str, use: Counted, looks: Looks) -> Iterator[Set]:
    """Yield the sets of comparable levels of every factor; one without any set is a set of its own."""
    for factor in results.factors:
        if factor.key == "loss" and not use.metric.across_losses:
            continue  # values of different losses cannot be compared
        others = [name for name in results.names if name != factor.name]
        matched = matched_by(use, factor.name, others, looks)
        sets, alone = comparable(matched)
        for number, places in enumerate(sets or [tuple(range(len(matched.levels)))]):
            part = matched.part(levels=places) if sets else matched
            first = tuple(alone) if sets and not number else ()
            yield Set(data, use, part, first, number + 1 if len(sets) > 1 else 0)


def matched_by(use: Counted, factor: str, others: Sequence[str], looks: Looks) -> Matched:
    """Return the runs of a factor's levels, matched by all other factors and the seed."""
    return match(
        use.runs,
        factor,
        use.metric.name,
        others,
        counting=use.counting,
        seeds=looks.order,
        higher=use.higher,
    )


def effect(each: Set, looks: Looks, family: int) -> Effect:
    """Compare the levels of one set."""
    use, matched = each.counted, each.matched
    margin, most = margin_of(use, matched, looks), difference_of(use.metric.bounds)
    steps = Settings(looks.steps, family, margin, use.grain, most=most)
    made = Effect(
        matched.factor,
        use.metric,
        each.data,
        matched,
        steps,
        None,
        alone=each.alone,
        out_of_reach=out_of_reach(use, matched),
        exploratory=not use.main,
        set_number=each.number,
        counts_as=use.why,
    )
    if why := not_compared(matched):
        return replace(made, why=why)
    comparison = compare(matched, steps)
    if comparison.depends_on is None:
        return replace(made, comparison=comparison)
    within = compare_within(matched, comparison.depends_on, steps)
    return replace(made, comparison=comparison, within=within)


def for_new_images(made: Effect, part: Results, looks: Looks) -> Effect:
    """Return an effect on the test accuracy whose verdicts say whether they hold for new images, too."""
    if not part.answers or made.comparison is None:
        return made
    others = [name for name in part.names if name != made.factor]
    placed = places_of(part.runs, made.factor, others, looks.order)
    answers = answers_in_order(part.runs, part.answers)
    if made.depends_on is None:
        return replace(made, comparison=with_new_images(made.comparison, placed, answers))
    parts = parts_by(placed, made.depends_on)
    return replace(
        made, within={name: with_new_images(each, parts[name], answers) for name, each in made.within.items()}
    )


def not_compared(matched: Matched) -> str:
    """Return why levels are not compared at all, or nothing."""
    k = len(matched.levels)
    if k < 2:
        return "only one level has runs that take part" if k else "no runs"
    if k - len(matched.too_few) > MAX_LEVELS:
        return f"more than {MAX_LEVELS} levels"
    planned = matched.planned.reshape(k, -1)
    alone = planned.sum(axis=0).max(initial=0) < 2
    return "no two levels have runs that differ in nothing else" if alone else ""


def difference_of(bounds: tuple[float, float]) -> float:
    """Return the largest difference of two values within bounds."""
    return bounds[1] - bounds[0]


def margin_of(use: Counted, matched: Matched, looks: Looks) -> float:
    """Return the difference that counts as none, NaN if there is no default and none was set."""
    if looks.margin is not None and use.main:
        return looks.margin
    of_differences = use.metric.unit == "accuracy" and not use.higher
    accuracies = accuracies_of(use, matched) if of_differences else matched.finished
    return default_margin(use.metric, matched.finished, accuracies, use.examples)


def accuracies_of(use: Counted, matched: Matched) -> Floats:
    """Return the mean test accuracy of each level's finished runs, (levels, 1)."""
    done = use.runs[use.runs["status"] == DONE]
    means = done.groupby(done[matched.factor].astype(str))[TEST_ACCURACY].mean()
    return means.reindex(list(matched.levels)).to_numpy(dtype=np.float64)[:, None]


def out_of_reach(use: Counted, matched: Matched) -> dict[str, int]:
    """Return how many runs of each level take no part for being far from the best accuracy."""
    if use.out_of_reach is None:
        return {}
    counts = use.out_of_reach[matched.factor].astype(str).value_counts()
    return {str(level): int(count) for level, count in counts.items() if count}
