"""Tables of what was compared: one line per ranking, every pair behind them, means of levels, variance."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from reports.analysis.comparison import Comparison
from reports.analysis.effects import Effect, difference_of
from reports.analysis.new_images import yes_or_no
from reports.analysis.pairs import Pair
from reports.analysis.power import Power
from reports.analysis.sweep import Analysis
from reports.runs.metrics import Metric
from reports.tables.number_formats import NONE, p_text, percents, show_contrast
from reports.tables.table import Entry, Table, text_table

PART_NOTE = (
    "(1), (2), …: sets of levels that can be compared, where not all levels were run with all else alike. "
    "Nothing is compared across data sets."
)
RANKING_NOTES = (
    "Each comparison: the difference between cells that agree in all else, averaged within each seed, and "
    "tested over the seeds at a few looks that share 5 %, as do all factors of a metric and all pairs of "
    "levels. Means are over the runs counted, a diverged one as what it counts as.",
    "a > b: a is ahead; a ≈ b: they differ by less than the margin; a ? b: neither was shown. Read between "
    "neighbours only: every pair is among the contrasts. All is about the grid that was run.",
)
CONTRAST_NOTES = (
    "difference = first − second, the better one first. Intervals and p are corrected for all looks, pairs "
    "and factors of the metric; they agree: p ≤ 0.05 where the interval does not contain 0.",
    "m/2, 2m: the relation with half and twice the margin. power: the smallest difference that so many seeds "
    "show with 80 %, and how many the one seen would take.",
)


UNSEEN_NOTE = (
    "n seeds without a divergence do not exclude divergence in up to 1 − 0.05^(1/n) of a cell's runs: 63 % "
    "after 3, 45 % after 5, 26 % after 10, 14 % after 20 (Clopper and Pearson 1934)."
)
IMAGES_NOTE = (
    "All verdicts are for these test images. Also for new images: whether a > b still holds where the images "
    "are a sample, too (seeds × images); – where a run did not record its answers, or nothing is shown."
)


def listed(levels: Sequence[str]) -> str:
    """Return levels in one line, told apart even where their names have commas."""
    return ("; " if any("," in level for level in levels) else ", ").join(levels)


def chain(comparison: Comparison, metric: Metric) -> str:
    """Return the levels in the order of their means, each with its mean, and how neighbours stand.

    On a grid that is not full a pair can go against the order of the means: then its relation points the
    other way.
    """
    return joined(
        comparison, [f"{level} {metric.show(comparison.means[level])}" for level in comparison.levels]
    )


def signs(comparison: Comparison) -> str:
    """Return the same without the means."""
    return joined(comparison, comparison.levels)


def joined(comparison: Comparison, shown: Sequence[str]) -> str:
    """Return texts of the levels with how neighbours stand between them."""
    levels, text = comparison.levels, shown[0] if shown else ""
    for before, level, figure in zip(levels, levels[1:], shown[1:], strict=False):
        pair = comparison.pair(before, level)
        turned = pair.relation == ">" and pair.first == level
        text += f" {'<' if turned else pair.relation} {figure}"
    return text


def ranking_text(effect: Effect) -> str:
    """Return a ranking in one line."""
    parts = [
        f"{part}: {chain(each, effect.metric)}" if part else chain(each, effect.metric)
        for part, each in effect.shown.items()
    ]
    return "; ".join(filter(None, parts))


def ranking_note(effect: Effect) -> str:
    """Return what has to be said beside a ranking for it not to be misread."""
    notes = [effect.why]
    if effect.depends_on is not None:
        notes.append(f"the order turns round with {effect.depends_on or 'single cells'}: no main effect")
    if effect.comparison is not None and effect.seeds == 1:
        notes.append("1 seed: nothing is tested")
    return "; ".join(filter(None, [*notes, *limits(effect, effect.comparison)]))


def images_text(effect: Effect) -> str:
    """Return whether what is shown of neighbours holds for new images, too."""
    told = {
        part: [(f"{pair.first} > {pair.second}", yes_or_no(pair.new_images)) for pair in neighbours(each)]
        for part, each in effect.shown.items()
    }
    texts = {part: answers_text(answers) for part, answers in told.items()}
    return "; ".join(f"{part}: {text}" if part else text for part, text in texts.items()) or NONE


def answers_text(answers: Sequence[tuple[str, str]]) -> str:
    """Return the one answer to all, or each beside what it is about."""
    different = {answer for _, answer in answers}
    if len(different) <= 1:
        return different.pop() if different else NONE
    return ", ".join(f"{what} {answer}" for what, answer in answers)


def neighbours(comparison: Comparison) -> Iterator[Pair]:
    """Yield the neighbours in the order of the means of which one is shown ahead."""
    for before, level in pairwise(comparison.levels):
        pair = comparison.pair(before, level)
        if pair.relation == ">":
            yield pair


def knows_images(effects: Sequence[Effect]) -> bool:
    """Whether anything is known of new images."""
    return any(pair.new_images is not None for effect in effects for pair in effect.pairs)


def limits(effect: Effect, comparison: Comparison | None) -> Iterator[str]:
    """Yield which runs diverged, and which levels and runs a comparison says nothing of."""
    if comparison is not None and (counts := comparison.diverged):
        yield f"diverged runs: {listed([f'{level} {n}' for level, n in counts.items()])}"
    yield from left_out(effect, comparison)


def left_out(effect: Effect, comparison: Comparison | None) -> Iterator[str]:
    """Yield which levels and runs a comparison says nothing of."""
    if comparison is not None and (absent := comparison.left_out):
        yield f"left out: {listed([f'{level} ({why})' for level, why in absent.items()])}"
    if far := effect.out_of_reach:
        yield f"too far from the best accuracy: {listed([f'{level} {n}' for level, n in far.items()])}"
    if effect.alone:
        yield f"compared with no other: {listed(effect.alone)}"


def rankings_table(effects: Sequence[Effect], afterwards: str = "") -> Table:
    """Return one line per ranking; `afterwards`: what was left out or run again after a look."""
    images = ("also for new images",) if knows_images(effects) else ()
    heads = ("metric", "factor", "ranking", "a > b means that a", *images, "seeds", "matched cells", "note")
    rows = [
        (
            e.metric.label,
            e.title,
            ranking_text(e),
            e.metric.ahead,
            *(images_text(e) for _ in images),
            str(e.seeds),
            str(e.cells),
            ranking_note(e),
        )
        for e in effects
    ]
    parts = (PART_NOTE,) if any(e.part for e in effects) else ()
    method, reading = RANKING_NOTES
    notes = filter(None, (IMAGES_NOTE if images else "", *parts, afterwards))
    return text_table("rankings", "Rankings", heads, rows, method, reading + others_note(effects), *notes)


def others_note(effects: Sequence[Effect]) -> str:
    """Return that metrics besides the main one are exploratory."""
    main = next((e.metric for e in effects if not e.exploratory), None)
    if main is None:
        return ""
    name = main.words if main.words == main.name else f"the {main.words}"
    return f" Metrics other than {name} are exploratory."


def contrasts_table(effects: Sequence[Effect], afterwards: str = "") -> Table:
    """Return every comparison behind the rankings; `afterwards` as in `rankings_table`."""
    heads = ("metric", "factor", "within", "first", "", "second", "difference", "low", "high", "p")
    tail = (
        "seeds",
        "matched cells",
        "ahead in",
        "look at",
        "decided at",
        "margin",
        "m/2",
        "2m",
        "why",
        "power",
    )
    images = ("also for new images",) if knows_images(effects) else ()
    rows = [
        (
            effect.metric.label,
            effect.title,
            part and f"{effect.depends_on} {part}".strip(),
            *row,
            *(yes_or_no(pair.new_images) for _ in images),
        )
        for effect in effects
        for part, comparison in effect.shown.items()
        for pair in comparison.pairs
        for row in [pair_texts(pair, effect)]
    ]
    notes = filter(None, (*CONTRAST_NOTES, UNSEEN_NOTE, IMAGES_NOTE if images else "", afterwards))
    return text_table("contrasts", "Contrasts behind the rankings", (*heads, *tail, *images), rows, *notes)


def pair_texts(pair: Pair, effect: Effect) -> Iterator[str]:
    """Yield the texts of one comparison."""
    metric = effect.metric
    yield from (pair.first, pair.relation, pair.second)
    yield from (*show_contrast(pair, metric), p_text(pair.p))
    yield from (str(pair.seeds), str(pair.cells), str(pair.ahead), number(pair.look), number(pair.decided_at))
    yield metric.show(effect.settings.margin)
    yield from (pair.relations[0], pair.relations[2], pair.why)
    yield power_text(pair.power, pair.seeds, metric) if pair.power else ""


def number(look: int) -> str:
    """Return the seeds of a look, "–" of none."""
    return f"{look} seeds" if look else NONE


def power_text(power: Power, seeds: int, metric: Metric) -> str:
    """Return what so many seeds could have shown, and how many the difference seen would take."""
    return power_words(power, seeds, metric.show_difference, difference_of(metric.bounds))


def power_words(power: Power, seeds: int, show: Callable[[float], str], most: float = math.inf) -> str:
    """Return the same with differences as `show` prints them; `most`: the largest that there can be."""
    told = []
    if power.detectable > most:
        told.append(f"{seeds} seeds show no difference that there can be with 80 %")
    elif power.detectable == power.detectable:
        told.append(f"{seeds} seeds show {show(power.detectable)} with 80 %")
    if power.fewest is None:
        told.append("the one seen would take more seeds than the ladder has")
    elif power.most is None:
        told.append(f"the one seen would take {power.fewest} seeds, or more than the ladder has")
    else:
        few = f"{power.fewest} to " if power.fewest < power.most else ""
        told.append(f"the one seen would take {few}{power.most} seeds")
    return "; ".join(told)


def levels_table(effects: Sequence[Effect]) -> Table:
    """Return the mean of each level."""
    heads = ("metric", "factor", "level", "mean ± 95 % interval", "among finished runs", "diverged runs")
    rows = [
        (
            Entry(e.metric.label),
            Entry(e.title),
            Entry(level),
            Entry(e.metric.show_interval(i.mean, i.half), value=i.mean),
            Entry(e.metric.show(e.comparison.finished_means.get(level, float("nan")))),
            Entry(str(e.comparison.diverged.get(level, 0))),
        )
        for e in effects
        if e.comparison
        for level, i in e.levels.items()
    ]
    note = (
        "Over the matched cells, adjusted for what is missing, a diverged run as what it counts as; the "
        "interval is that of the level alone over its seeds. Among finished runs: the plain mean."
    )
    return Table("levels", "Means of the levels", heads, tuple(rows), 3, (note,))


def variance_table(analysis: Analysis) -> Table:
    """Return how much of each metric's variance every factor explains, within each data set."""
    results = analysis.results
    data = [results.dataset.name] if results.dataset else []
    columns = [*(name for name in results.names if name not in data), "interactions", "seeds"]
    rows = []
    for (name, where), found in analysis.components.items():
        shares = found.shares
        texts = percents(shares)
        figures = (Entry(texts.get(c, NONE), value=shares.get(c, float("nan"))) for c in columns)
        rows.append((Entry(results.measures.metrics[name].label), *(Entry(where) for _ in data), *figures))
    notes = (
        "Components of variance, corrected for noise, as shares of their sum; interactions: what cells add "
        "to an additive model of the factors; seeds: one run's variance within its cell. Where combinations "
        "are missing, a factor's part is its average over all orders in which factors can enter (Shapley).",
        *(() if rows else ("One run per cell: the seeds' part is not known, so no shares are told.",)),
    )
    heads = ("metric", *data, *columns)
    return Table("variance", "Variance explained", heads, tuple(rows), 1 + len(data), notes)
