"""Sentences on what factors do: sizes first, then p, what was decided when, and what stays open."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from reports.analysis.comparison import Comparison
from reports.analysis.effects import Effect
from reports.analysis.interactions import Reversal
from reports.analysis.new_images import yes_or_no
from reports.analysis.pairs import Pair
from reports.findings.finding import Finding
from reports.runs.metrics import Metric
from reports.tables.number_formats import p_words, percent, show_signed, show_size
from reports.tables.rankings import listed, power_text


def effect_findings(effects: Sequence[Effect], data: str | None, timed: str = "") -> Iterator[Finding]:
    """Yield the findings on each factor; `data` is the name of the factor that tells data sets apart.

    `timed` is added to what is found of seconds: a sentence on what else than the factor may be in them.
    """
    for effect in effects:
        limits = {data: effect.data} if data and effect.data else {}
        more = f" {timed}" if timed and effect.metric.unit == "seconds" else ""
        yield from (replace(each, text=each.text + more) for each in findings_on(effect, limits))


def findings_on(effect: Effect, limits: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the findings on one factor."""
    if effect.comparison is None:
        yield not_compared(effect, limits)
    elif effect.depends_on is None:
        yield finding(effect, "effect", effect.comparison, limits)
    else:
        yield Finding(
            "interaction",
            heading(effect.metric),
            turning(effect, effect.comparison),
            "contrasts",
            factor=effect.factor,
            metric=effect.metric.name,
            within=dict(limits) or None,
        )
        levels = levels_within(effect)
        for part, comparison in effect.within.items():
            yield finding(effect, "conditional_effect", comparison, {**limits, **levels[part]})


def heading(metric: Metric) -> str:
    """Return what the findings on a metric stand under."""
    return f"{metric.label}, {metric.order}"


def name_of(effect: Effect) -> str:
    """Return what a sentence is about: the metric and the factor."""
    return f"{effect.metric.label} by {effect.title}{' (exploratory)' if effect.exploratory else ''}"


def levels_within(effect: Effect) -> dict[str, dict[str, str]]:
    """Return for each part that an effect is told within the levels that it has."""
    settings = effect.matched.settings
    names = [effect.depends_on] if effect.depends_on else list(settings)
    rows = zip(*(settings[name] for name in names), strict=True)
    return {", ".join(map(str, row)): dict(zip(names, map(str, row), strict=True)) for row in rows}


def not_compared(effect: Effect, limits: Mapping[str, str]) -> Finding:
    """Say why the levels of a factor are not compared."""
    why = f"{effect.metric.label} by {effect.title}: not compared, for {effect.why}"
    text = "; ".join(filter(None, [why, *left_out(effect, None)])) + "."
    return Finding(
        "effect", heading(effect.metric), text, "rankings", factor=effect.factor,
        metric=effect.metric.name, within=limits or None,
    )  # fmt: skip


def finding(effect: Effect, kind: str, comparison: Comparison, limits: Mapping[str, str]) -> Finding:
    """Say what one comparison of a factor's levels shows."""
    metric = effect.metric
    head = name_of(effect)
    own = {k: v for k, v in limits.items() if kind == "conditional_effect" and v != effect.data}
    if own:
        head += f" with {', '.join(f'{name} {level}' for name, level in own.items())}"
    parts = [f"{head}: {means(comparison, metric)} ({counts(comparison, effect)})"]
    parts += compared(comparison, effect)
    parts += diverged(comparison, effect)
    parts += left_out(effect, comparison)
    return Finding(
        "effect" if kind == "effect" else "conditional_effect",
        heading(metric),
        ". ".join([parts[0], *(sentence[:1].upper() + sentence[1:] for sentence in parts[1:])]) + ".",
        "contrasts",
        factor=effect.factor,
        metric=metric.name,
        within=dict(limits) or None,
        pairs=comparison.pairs,
        margin=effect.settings.margin,
    )


def means(comparison: Comparison, metric: Metric) -> str:
    """Return the levels in the order of their means, each with its mean."""
    return listed([f"{level} {metric.show(comparison.means[level])}" for level in comparison.levels])


def counts(comparison: Comparison, effect: Effect) -> str:
    """Return what the means stand on."""
    cells = sorted({pair.cells for pair in comparison.pairs if pair.cells})
    seeds = max((pair.seeds for pair in comparison.pairs), default=0)
    if not cells:
        return "no two of them have runs that differ in nothing else"
    number = f"{cells[0]} to {cells[-1]}" if cells[0] < cells[-1] else str(cells[0])
    stands = f"means over {number} matched cell{'s' * (cells[-1] != 1)}"
    which = seeds_behind(comparison, len(effect.matched.seeds))
    known = np.isfinite(effect.matched.counted[[effect.matched.levels.index(k) for k in comparison.levels]])
    full = known[:, known.any(axis=2).sum(axis=0) > 1].all()  # of the cells that compare any two levels
    notes = [] if full else ["adjusted for missing runs, differences over the runs that both have"]
    told = ", ".join([stands, which, *notes])
    return f"{told}: nothing is tested" if seeds == 1 else told


def seeds_behind(comparison: Comparison, there: int) -> str:
    """Return how many seeds the pairs stand on, of those that there are."""
    seeds = sorted({pair.seeds for pair in comparison.pairs if pair.seeds})
    looks = {pair.look for pair in comparison.pairs}
    if len(looks) == 1 and 0 < max(looks) < there:
        return f"the first {max(looks)} of {there} seeds"
    number = f"{seeds[0]} to {seeds[-1]}" if seeds[0] < seeds[-1] else str(seeds[0])
    return f"{number} seed{'s' * (seeds[-1] != 1)}"


def compared(comparison: Comparison, effect: Effect) -> Iterator[str]:
    """Yield the sentences on the pairs: neighbours by their means, what is shown beyond them, all counted."""
    near = [comparison.pair(a, b) for a, b in zip(comparison.levels, comparison.levels[1:], strict=False)]
    if not near:
        return
    if all(pair.seeds <= 1 for pair in comparison.pairs):
        if told := [difference(pair, effect.metric) for pair in near if pair.seeds]:
            yield f"differences of single runs: {'; '.join(told)}"
        return
    average = "on average over these cells " if max(pair.cells for pair in near) > 1 else "here "
    yield average + "; ".join(pair_words(pair, effect) for pair in [*near, *shown_apart(comparison)])
    if len(comparison.pairs) > len(near):
        yield all_pairs(comparison.pairs)
    yield from looks(comparison.pairs, effect.metric)


def shown_apart(comparison: Comparison) -> list[Pair]:
    """Return the pairs shown ahead that are no neighbours and that enclose no nearer pair that is shown."""
    place = {level: number for number, level in enumerate(comparison.levels)}
    spans = {
        tuple(sorted((place[pair.first], place[pair.second]))): pair
        for pair in comparison.pairs
        if pair.relation == ">"
    }
    return [
        pair
        for (low, high), pair in spans.items()
        if high - low > 1 and not any(low <= a and b <= high for a, b in spans if (a, b) != (low, high))
    ]


def difference(pair: Pair, metric: Metric) -> str:
    """Return a difference with its interval."""
    return f"{pair.first} − {pair.second} = {show_size(pair, metric)}"


def pair_words(pair: Pair, effect: Effect) -> str:
    """Return what is shown of two levels: size and interval, then p, then in how many cells."""
    size = difference(pair, effect.metric)
    if not pair.look:
        return (
            f"{size}, not tested ({pair.why})" if pair.seeds else f"{pair.first}, {pair.second}: {pair.why}"
        )
    figures = f"{size}, {p_words(pair.p)}, in {pair.ahead} of {pair.cells} cell{'s' * (pair.cells != 1)}"
    if pair.relation == ">":
        also = "" if pair.new_images is None else f"; also for new images: {yes_or_no(pair.new_images)}"
        return f"{pair.first} is ahead of {pair.second} ({figures}{also})"
    margin = effect.metric.show_difference(effect.settings.margin)
    if pair.relation == "≈":
        return f"{pair.first} and {pair.second} differ by less than {margin} ({figures})"
    power = power_text(pair.power, pair.seeds, effect.metric) if pair.power else ""
    open_still = f"whether {pair.first} or {pair.second} is ahead is open"
    return f"{open_still} ({'; '.join(filter(None, [figures, pair.why, power]))})"


def all_pairs(pairs: Sequence[Pair]) -> str:
    """Return how many of all pairs stand how."""
    kinds = {">": "shown ahead", "≈": "shown to differ by less than the margin", "?": "open"}
    stand = Counter(kinds[pair.relation] if pair.look else "not tested" for pair in pairs)
    told = [f"{stand[word]} {word}" for word in (*kinds.values(), "not tested") if stand[word]]
    return f"of all {len(pairs)} pairs {', '.join(told)}"


def looks(pairs: Sequence[Pair], metric: Metric) -> Iterator[str]:
    """Yield at which look differences were shown, what is read early, what so many seeds cannot exclude."""
    decided = sorted({pair.decided_at for pair in pairs if pair.decided_at})
    if decided:
        yield f"differences from 0 were first shown at the look at {' and '.join(map(str, decided))} seeds"
    early = [pair for pair in pairs if pair.early]
    if early:
        left = max(pair.outstanding for pair in early)
        yield f"read before the last {f'{left} runs have' if left != 1 else 'run has'} ended"
    told = [pair for pair in pairs if pair.relation != "?" and pair.unseen == pair.unseen]
    unseen = {pair.seeds: pair.unseen for pair in told if metric.unit == "accuracy"}
    for seeds, share in sorted(unseen.items()):
        bound = f"divergence in up to {percent(share, 0)} of a cell's runs"
        yield f"{seeds} seeds without a divergence do not exclude {bound}"


def diverged(comparison: Comparison, effect: Effect) -> Iterator[str]:
    """Yield which levels lost runs by divergence, and how much of the differences comes from that."""
    if not comparison.diverged:
        return
    told = [f"{level} {count} of {comparison.planned[level]}" for level, count in comparison.diverged.items()]
    yield f"runs that diverged: {listed(told)}; each counts as {effect.counts_as}"
    for pair in comparison.pairs:
        if pair.parts.runs and pair.seeds and pair in shown_pairs(comparison):
            one, other = (
                show_signed(x, effect.metric) for x in (pair.parts.from_divergence, pair.parts.from_finished)
            )
            yield f"of {pair.first} − {pair.second}, {one} comes from divergence and {other} from the rest"


def shown_pairs(comparison: Comparison) -> list[Pair]:
    """Return the pairs of neighbours."""
    return [comparison.pair(a, b) for a, b in zip(comparison.levels, comparison.levels[1:], strict=False)]


def left_out(effect: Effect, comparison: Comparison | None) -> Iterator[str]:
    """Yield which levels nothing is said of, and why."""
    if comparison is not None and comparison.left_out:
        yield f"left out: {listed([f'{level} ({why})' for level, why in comparison.left_out.items()])}"
    if effect.out_of_reach:
        far = [f"{level} {count}" for level, count in effect.out_of_reach.items()]
        yield f"runs not compared, whose cells are too far from the best accuracy: {listed(far)}"
    if effect.alone:
        yield f"compared with no other, for want of runs that differ in nothing else: {listed(effect.alone)}"


def turning(effect: Effect, comparison: Comparison) -> str:
    """Return which order turns round with what."""
    names = [level for level in effect.matched.levels if level not in effect.matched.too_few]
    by = effect.depends_on
    told = [
        reversal_words(reversal, names, effect.within)
        for reversal in comparison.reversals
        if reversal.by == by
    ]
    with_what = f"with {by}" if by else "from cell to cell"
    return (
        f"{name_of(effect)}: the order turns round {with_what}: {'; '.join(told)}. So {effect.factor} has no "
        f"effect to tell over all cells, only within each {by or 'cell'}."
    )


def reversal_words(reversal: Reversal, names: Sequence[str], within: Mapping[str, Comparison]) -> str:
    """Return where one level is ahead of another, and where behind; in which parts that is open alone.

    That an order turns round is one question, so it can be shown where one of its parts, ranked in the family
    of all parts and factors, is not.
    """
    one, other = names[reversal.first], names[reversal.second]
    alone = [part for part in (*reversal.ahead, *reversal.behind) if is_open(within[part], one, other)]
    still = f", together; with {listed(alone)} alone it is open" if alone else ""
    return (
        f"{one} is ahead of {other} with {listed(reversal.ahead)}, behind with {listed(reversal.behind)} "
        f"({p_words(reversal.p)}{still})"
    )


def is_open(comparison: Comparison, one: str, other: str) -> bool:
    """Whether a comparison does not show which of two levels is ahead."""
    if not {one, other} <= set(comparison.levels):
        return True
    return comparison.pair(one, other).relation != ">"
