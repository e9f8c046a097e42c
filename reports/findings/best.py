"""Sentences on the best cell of each data set, and on what moves the main metric."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import pandas as pd

from reports.analysis.best import Best
from reports.analysis.cells import summarise
from reports.analysis.choosing import beside
from reports.analysis.counting import counted
from reports.analysis.intervals import Interval
from reports.analysis.outcomes import cannot_exclude
from reports.analysis.sweep import Analysis, SizesCompared
from reports.findings.finding import Finding
from reports.runs.metrics import Metric
from reports.tables.cells import shown
from reports.tables.number_formats import counts_as, p_words, percents
from reports.tables.rankings import listed

TIED = 3  # cells that are named where several have the best figure


def best_cells(analysis: Analysis) -> Iterator[Finding]:
    """Yield which cell of each data set has the best mean, how good it is, and how the others stand."""
    results = analysis.results
    for data, best in analysis.best.items():
        if not best.leaders:
            continue
        names = [name for name in results.names if not results.dataset or name != results.dataset.name]
        head = f"On {data}, the" if data else "The"
        others_stand = others(best, results.cells, names)
        text = f"{head} {whose(best, results.cells, names)}{figures(analysis, best)}{others_stand}."
        within = {results.dataset.name: data} if results.dataset else None
        yield Finding(
            "best",
            "Best cell",
            text,
            "best_cells",
            behind(best),
            metric=results.main.name,
            within=within,
            chosen_by=best.use.metric.name,
        )


def whose(best: Best, cells: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the best mean with the cell that has it, or the cells that share it."""
    metric, leaders = best.use.metric, best.leaders
    figure = metric.show(best.selection.means[leaders[0]]) + interval(best)
    if not names:
        article = "an" if metric.words[:1] in "aeio" else "a"
        return f"only cell has {article} {metric.words} of {figure}{lost(best)}"
    top = "highest" if best.higher else "lowest"
    told = [cell_name(best, place, cells, names) for place in leaders[:TIED]]
    if len(leaders) == 1:
        return f"{top} {metric.words}, {figure}, has {told[0]}{lost(best)}"
    more = "; …" if len(leaders) > TIED else ""
    return f"{top} {metric.words}, {figure}, is shared by {len(leaders)} cells: {'; '.join(told)}{more}"


def figures(analysis: Analysis, best: Best) -> str:
    """Return what else has to be told of the best cell: its test figure, if it was chosen by another."""
    told = [f"{metric.words} {text}" for metric, text in chosen_figures(analysis, best)]
    if not told:
        return ""
    what = "it" if len(best.leaders) == 1 else "the first of them"
    return f"; {what} has {listed(told)}"


def chosen_figures(analysis: Analysis, best: Best, in_percent: bool = False) -> list[tuple[Metric, str]]:
    """Return the metrics to tell of the best cell beside that it was chosen by, each as tables print it.

    `in_percent`: as the page prints it.
    """
    cell, results = int(best.cells[best.leaders[0]]), analysis.results
    metrics = [metric for metric in beside(results) if metric.name != best.use.metric.name]
    return [
        (metric, shown(metric.in_percent if in_percent else metric, summarise(results, metric.name), cell))
        for metric in metrics
    ]


def cell_name(best: Best, place: int, cells: pd.DataFrame, names: Sequence[str]) -> str:
    """Return what tells a cell apart, in words."""
    row = cells.loc[int(best.cells[place])]
    return ", ".join(f"{name} {row[name]}" for name in names)


def interval(best: Best) -> str:
    """Return the interval of the winner's mean, where it is of the look that has all its seeds."""
    found = corrected(best)
    if found is None:
        return ""
    metric, picked = best.use.metric, f"corrected for being picked among {best.selection.picked_among}"
    low, high = metric.cut(found.low, found.high)
    return f" [{metric.show(low)}, {metric.show(high)}; {picked}]"


def corrected(best: Best) -> Interval | None:
    """Return that interval; None where there is no look, or it has not all seeds of the best mean."""
    found, chosen = best.selection.interval, best.selection
    same = best.leaders == [chosen.winner] and abs(found.mean - chosen.means[chosen.winner]) < 1e-9
    return found if chosen.look and same else None


def lost(best: Best, metric: Metric | None = None) -> str:
    """Return how many runs of the best cell have no result, and how many diverged, in brackets.

    If only others' diverged, in how many it may, unseen. `metric`: as its figures are to be printed.
    """
    told = "; ".join(filter(None, [without_result(best), of_divergence(best, metric or best.use.metric)]))
    return f" ({told})" if told else ""


def without_result(best: Best) -> str:
    """Return how many runs of the best cell have a result, if not all have."""
    place = best.leaders[0]
    there, planned = int(best.finished[place] + best.diverged[place]), int(best.runs[place])
    return (
        f"{there} of its {planned} runs {'have' if there > 1 else 'has'} a result" if there < planned else ""
    )


def of_divergence(best: Best, metric: Metric) -> str:
    """Return how many runs of the best cell diverged, or may, unseen; empty if none of any cell did."""
    place = best.leaders[0]
    if best.diverged[place]:
        counts = f"{best.diverged[place]} of its {best.runs[place]} runs diverged"
        return f"{counts}, each counted as {counts_as(best.use.why, metric)}"
    if not best.diverged.any() or not best.selection.look:
        return ""
    runs = int(best.finished[place])
    return f"none of its {runs} runs diverged; of more, up to {100 * cannot_exclude(runs):.0f} % may"


def others(best: Best, cells: pd.DataFrame, names: Sequence[str]) -> str:
    """Return how the other cells stand; those not tested by name, if they are few."""
    rest = len(best.cells) - len(best.leaders)
    if not rest or not best.selection.look:
        return ""
    words = {
        "may be best": "may be best",
        "not the best": "not the best",
        "worse": "worse than the best mean",
        "never finished": "never finished",
    }
    told = [f"{count} {word}" for standing, word in words.items() if (count := best.count(standing))]  # type: ignore[arg-type]
    untested = [place for place, standing in enumerate(best.standing) if standing in ("untested", "")]
    if untested:
        which = "; ".join(cell_name(best, place, cells, names) for place in untested)
        told.append(f"{len(untested)} not tested{f' ({which})' if len(untested) <= TIED and names else ''}")
    seeds = f"looked at with up to {best.selection.look} seeds"
    return f"; of the {rest} other cell{'s' * (rest != 1)}, {seeds}, {', '.join(told)}"


def behind(best: Best) -> str:
    """Return what the mean stands on."""
    if not best.selection.look:
        return "nothing is tested"
    told = "not the best: beaten by another cell; worse: than the best mean; corrected for cells and looks"
    never = "; never finished: every run diverged, so that it is no candidate"
    return told + never * bool(best.count("never finished"))


def variance(analysis: Analysis, shown: Metric | None = None) -> Iterator[Finding]:
    """Yield the shares of the variance of the main metric, and which factors move it more than which.

    `shown` is that metric as its figures are to be printed.
    """
    main = shown or analysis.results.main
    for (metric, data), found in analysis.components.items():
        if metric != main.name:
            continue
        texts = percents(found.shares)
        alone = len(analysis.parts[data].names) < 2  # then nothing can interact
        shares = {
            name: share for name, share in found.shares.items() if not (alone and name == "interactions")
        }
        told = ", ".join(f"{name} {texts[name]}" for name in sorted(shares, key=lambda name: -shares[name]))
        where = f" on {data}" if data else ""
        lost = analysis.best[data]
        why = counted(analysis.parts[data], metric).why  # the best cell may be chosen by another metric
        counts = f", a diverged run counted as {counts_as(why, main)}" if lost.diverged.any() else ""
        text = f"Share of the variance of {main.words}{where}, corrected for noise{counts}: {told}."
        yield Finding(
            "variance", "What moves it", text, "variance", metric=metric, within=within(analysis, data)
        )
        if sizes := neighbours([each for each in analysis.sizes if each.data == data]):
            turned = {
                effect.factor
                for effect in analysis.effects
                if (effect.metric.name, effect.data) == (metric, data) and effect.depends_on is not None
            }
            text = f"{'; '.join(size_words(each, main, turned) for each in sizes)}."
            yield Finding("size", "What moves it", text[:1].upper() + text[1:], "variance", metric=metric,
                          within=within(analysis, data))  # fmt: skip


def within(analysis: Analysis, data: str) -> dict[str, str] | None:
    """Return the data set that a finding is limited to, if there are several."""
    return {analysis.results.dataset.name: data} if analysis.results.dataset else None


def neighbours(sizes: Sequence[SizesCompared]) -> list[SizesCompared]:
    """Return the comparisons of factors that follow one another in size."""
    own: dict[str, float] = {}
    for each in sizes:
        own |= {each.first: each.sizes.first, each.second: each.sizes.second}
    order = sorted(own, key=lambda name: -own[name])
    by_pair = {frozenset((each.first, each.second)): each for each in sizes}
    return [by_pair[frozenset(pair)] for pair in pairwise(order) if frozenset(pair) in by_pair]


def size_words(each: SizesCompared, metric: Metric, turned: Collection[str]) -> str:
    """Return which of two factors moves the main metric more, if that is shown.

    The sizes are of means over all cells, which of factors whose order has `turned` round are nobody's.
    """
    one, other = (size_text(max(size, 0.0) ** 0.5, metric) for size in (each.sizes.first, each.sizes.second))
    which = [name for name in (each.first, each.second) if name in turned]
    turn = (
        f"the order of {which[0]} turns" if len(which) == 1 else f"the orders of {' and '.join(which)} turn"
    )
    of_means = f"; of means over all cells, though {turn} round" if which else ""
    # Of the look at both: beside a third factor each may have another size.
    seeds = each.sizes.difference.n
    figures = f"{one} against {other} over {seeds} seeds, {p_words(each.sizes.p)}{of_means}"
    if each.sizes.difference.low > 0:
        return (
            f"{each.first} moves {metric.words} more than {each.second} "
            f"(standard deviation between levels: {figures})"
        )
    return f"whether {each.first} moves {metric.words} more than {each.second} is open ({figures})"


def size_text(size: float, metric: Metric) -> str:
    """Return the standard deviation between the levels' means, in the metric's units."""
    if metric.percent:
        return metric.show_difference(size)
    return metric.show(size) if metric.unit == "figure" else f"{size:.4f}"
