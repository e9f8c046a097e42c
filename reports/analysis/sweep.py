"""What a sweep shows, worked out once: what findings, tables, figures and the page are all read from.

Figures on different data compare no settings: everything here is worked out within each data set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from reports.analysis.afterwards import afterwards
from reports.analysis.best import Best, cells_by
from reports.analysis.choosing import chosen_by
from reports.analysis.components import Components, EffectSizes, compare_effects, components
from reports.analysis.counting import counted
from reports.analysis.effects import Effect, effects_of, matched_by
from reports.analysis.looks import Looks, looks_of
from reports.analysis.matched import Matched, cells_of
from reports.runs.results import Results


@dataclass(frozen=True)
class SizesCompared:
    """Two factors by how much they move the main metric, the one that moves it more first."""

    data: str
    first: str
    second: str
    sizes: EffectSizes


@dataclass(frozen=True)
class Analysis:
    """What a sweep shows.

    `parts` are the results of each data set (all under "" where there is only one). `best` has the cells of
    each data set by the metric that the best is chosen by (choosing.py); `effects` every factor by every
    ranked metric; `components` the variances by (metric, data set), none where no cell has two seeds; `sizes`
    every two factors compared.
    """

    results: Results
    parts: Mapping[str, Results]
    looks: Looks
    best: Mapping[str, Best]
    effects: tuple[Effect, ...]
    components: Mapping[tuple[str, str], Components]
    sizes: tuple[SizesCompared, ...]

    @cached_property
    def afterwards(self) -> str:
        """What was left out or run again after a look at the results was possible, "" if nothing."""
        return afterwards(self.results)

    @cached_property
    def seeds(self) -> int:
        """The number of seeds with a finished or diverged run."""
        ended = self.results.runs[self.results.runs["status"].isin(["done", "diverged"])]
        return int(ended["seed"].nunique())


def analyse(results: Results, metrics: Sequence[str] | None = None) -> Analysis:
    """Work out what a sweep shows; effects and variances of these metrics only (None: all ranked)."""
    metrics = results.measures.ranked if metrics is None else metrics
    looks = looks_of(results)
    parts = results.by_dataset()
    metric = chosen_by(results)
    cells = {data: cells_by(part, metric, looks, results) for data, part in parts.items()}
    best = {data: own.best() for data, own in cells.items() if own is not None}
    return Analysis(
        results,
        parts,
        looks,
        best,
        tuple(effects_of(parts, looks, metrics)),
        components_of(parts, looks, metrics),
        tuple(sizes_of(parts, looks)),
    )


def components_of(
    parts: Mapping[str, Results], looks: Looks, metrics: Sequence[str]
) -> dict[tuple[str, str], Components]:
    """Return the components of every ranked metric that varies, by metric and data set."""
    found = {}
    for name in metrics:
        for data, part in parts.items():
            if not part.factors or part.runs[name].nunique() < 2:
                continue
            use = counted(part, name)
            cells = cells_of(
                use.runs, part.names, name, counting=use.counting, seeds=looks.order, higher=use.higher
            )
            made = components(cells.counted[0], {key: list(own) for key, own in cells.settings.items()})
            if made is not None and made.total > 0:
                found[name, data] = made
    return found


def sizes_of(parts: Mapping[str, Results], looks: Looks) -> list[SizesCompared]:
    """Compare every two factors by how much they move the main metric."""
    matched: dict[str, dict[str, Matched]] = {}
    for data, part in parts.items():
        use = counted(part, part.main.name)
        own = {
            name: without_few(matched_by(use, name, [n for n in part.names if n != name], looks))
            for name in part.names
        }
        matched[data] = {name: each for name, each in own.items() if len(each.levels) > 1}
    number = sum(len(own) * (len(own) - 1) // 2 for own in matched.values())
    found = []
    for data, own in matched.items():
        for one, other in combinations(own, 2):
            sizes = compare_effects(own[one], own[other], looks.steps, max(number, 1))
            if sizes.difference.n:
                found.append(SizesCompared(data, *ordered(one, other, sizes)))
    return found


def without_few(matched: Matched) -> Matched:
    """Return the levels that have runs enough."""
    kept = [place for place, level in enumerate(matched.levels) if level not in matched.too_few]
    return matched.part(levels=kept)


def ordered(one: str, other: str, sizes: EffectSizes) -> tuple[str, str, EffectSizes]:
    """Return two factors with the one first that moves the metric more."""
    if sizes.difference.mean >= 0:
        return one, other, sizes
    interval = type(sizes.difference)(
        -sizes.difference.mean, -sizes.difference.high, -sizes.difference.low, sizes.difference.n
    )
    return other, one, EffectSizes(sizes.second, sizes.first, interval, sizes.p)
