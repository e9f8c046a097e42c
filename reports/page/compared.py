"""What settings do, as the page shows it: effects on one scale, and every pair of levels behind them."""

import math
from collections.abc import Iterator
from dataclasses import replace

from reports.analysis.comparison import Comparison
from reports.analysis.effects import Effect, difference_of
from reports.analysis.new_images import yes_or_no
from reports.analysis.pairs import Pair
from reports.analysis.sweep import Analysis
from reports.findings.effects import effect_findings
from reports.findings.state import among_others
from reports.page import content as page
from reports.page.shown import figure
from reports.page.swept import shown
from reports.tables.number_formats import counts_as
from reports.tables.rankings import left_out, power_words, signs


def effects(analysis: Analysis) -> Iterator[page.Effect]:
    """Yield what each factor does to each ranked metric; within each part where the order turns round."""
    data = analysis.results.dataset.name if analysis.results.dataset else None
    timed = among_others(analysis.results)
    for effect in analysis.effects:
        told, words = (
            [f.text for f in effect_findings([each], data, timed) if f.kind != "interaction"]
            for each in (effect, in_percent(effect))
        )
        for (part, comparison), detail, shown_as in zip(effect.shown.items(), told, words, strict=False):
            yield replace(effect_of(effect, part, comparison), detail=detail, words=shown_as)


def in_percent(effect: Effect) -> Effect:
    """Return an effect whose words have accuracies in per cent, as all else on the page."""
    metric = effect.metric.in_percent
    return replace(effect, metric=metric, counts_as=counts_as(effect.counts_as, metric))


def effect_of(effect: Effect, part: str, comparison: Comparison) -> page.Effect:
    """Return one comparison of a factor's levels."""
    levels = tuple(
        page.LevelEffect(
            level, i.mean, *effect.metric.cut(i.low, i.high), i.n, comparison.diverged.get(level, 0)
        )
        for level, i in effect.shown_levels[part].items()
        if math.isfinite(i.mean)
    )
    means = [level.mean for level in levels]
    tested = any(pair.look for pair in comparison.pairs)
    return page.Effect(
        factor=effect.factor,
        metric=effect.metric.name,
        levels=levels,
        text=signs(comparison) if tested else "",
        note="; ".join(left_out(effect, comparison)),
        within=within(effect, part),
        size=max(means) - min(means) if means else page.NAN,
        seeds=max((pair.seeds for pair in comparison.pairs), default=0),
        cells=max((pair.cells for pair in comparison.pairs), default=0),
    )


def within(effect: Effect, part: str) -> str:
    """Return what a comparison is limited to: a data set, a set of levels, a level of another factor."""
    return ", ".join(filter(None, [effect.part, part and f"{effect.depends_on} {part}".strip()]))


def comparisons(analysis: Analysis) -> Iterator[page.Comparison]:
    """Yield every pair of levels, the one that is ahead first."""
    for effect in analysis.effects:
        for part, comparison in effect.shown.items():
            for pair in comparison.pairs:
                yield comparison_of(analysis, effect, part, pair)


def comparison_of(analysis: Analysis, effect: Effect, part: str, pair: Pair) -> page.Comparison:
    """Return one pair."""
    metric = shown(analysis.results, effect.metric)

    most = difference_of(effect.metric.bounds)

    def size(value: float) -> str:
        return f"{figure(metric.scale * value, metric.digits)} {metric.points}".strip()

    return page.Comparison(
        factor=effect.factor,
        metric=metric.name,
        first=pair.first,
        second=pair.second,
        estimate=pair.estimate,
        low=pair.low,
        high=pair.high,
        p=pair.p,
        relation=pair.relation,
        margin=effect.settings.margin,
        seeds=pair.seeds,
        cells=pair.cells,
        power=power_words(pair.power, pair.seeds, size, most) if pair.power else "",
        within=within(effect, part),
        exploratory=effect.exploratory,
        why=pair.why,
        look=look_text(pair),
    )


def look_text(pair: Pair) -> str:
    """Return at how many seeds a pair was looked at, when it was shown, and whether for new images, too."""
    if not pair.look:
        return ""
    told = [f"{pair.look} seeds", f"shown at {pair.decided_at}" if pair.decided_at else ""]
    told.append(f"{pair.outstanding} run{'s' * (pair.outstanding != 1)} to come" if pair.early else "")
    if pair.new_images is not None:
        told.append(f"also for new images: {yes_or_no(pair.new_images)}")
    return ", ".join(filter(None, told))
