"""The headline of the page: the best cell of each data set, those that may be as good, what limits it."""

import math
from collections.abc import Iterator, Sequence

from reports.analysis.best import Best
from reports.analysis.cells import summarise
from reports.analysis.choosing import choice_note
from reports.analysis.intervals import Interval
from reports.analysis.sweep import Analysis
from reports.findings.best import cell_name, chosen_figures, corrected, lost, others
from reports.findings.finding import Finding
from reports.findings.state import no_result
from reports.page import content as page
from reports.page.provenance import command_of
from reports.page.shown import show, with_unit
from reports.page.swept import shown
from reports.runs.factors import REPLICATE
from reports.runs.metrics import OF_CLASSES
from reports.runs.results import Results
from reports.tables.rankings import listed

HOURS_FROM = 100  # minutes


def answer(analysis: Analysis, findings: Sequence[Finding]) -> page.Answer:
    """Return the headline."""
    best = [best_of(analysis, data, own) for data, own in analysis.best.items() if own.leaders]
    warning = next((finding.text for finding in findings if finding.kind == "evidence"), "")
    first = analysis.looks.steps.looks[0]
    command = seeds_command(analysis.results, first) if best and analysis.seeds < first else ""
    return page.Answer(
        best=tuple(best),
        sentences=(*sentences(analysis, findings, bool(best)), *(footnotes(analysis) if best else ())),
        warning=warning if best else "",
        command=command,
        command_note=cost_note(analysis.results, first) if command else "",
    )


def best_of(analysis: Analysis, data: str, best: Best) -> page.Best:
    """Return the best cell of a data set with its corrected interval, and how the others stand."""
    place, interval = best.leaders[0], corrected(best)
    mean = float(best.selection.means[place])
    figure = (
        with_unit(shown(analysis.results, best.use.metric), mean)
        if interval is None
        else interval_text(analysis.results, best, interval)
    )
    told = note(analysis, best)
    if (main := analysis.results.main) is not best.use.metric:  # chosen by validation, reported by test
        told = f"with the best {best.use.metric.words}, {figure}: {told}"
        means = summarise(analysis.results, main.name)["mean"]
        figure = with_unit(shown(analysis.results, main), float(means.loc[int(best.cells[place])]))
    near = [k for k, standing in enumerate(best.standing) if standing == "may be best"]
    cells = best.cells[[*best.leaders[1:], *near]].tolist()
    stand = standing_text(analysis, best)
    return page.Best(int(best.cells[place]), figure, tuple(cells), data, stand, told)


def note(analysis: Analysis, best: Best) -> str:
    """Return what the figure stands on."""
    if corrected(best) is not None:
        return f"95 % interval, corrected for being picked among {best.selection.picked_among} cells"
    place, chosen = best.leaders[0], best.selection
    runs = int(best.finished[place] + best.diverged[place])
    if runs == 1:
        return "a single run"
    if not chosen.look or best.leaders != [chosen.winner]:
        return f"mean of {runs} runs"
    text = interval_text(analysis.results, best, chosen.interval)
    return (
        f"mean of {runs} runs; over the first {chosen.look} seeds {text}, 95 %, "
        f"corrected for being picked among {best.selection.picked_among} cells"
    )


def interval_text(results: Results, best: Best, interval: Interval) -> str:
    """Return a mean of the metric that cells are chosen by with its interval."""
    metric, bounds = shown(results, best.use.metric), best.use.metric
    ends = ", ".join(show(metric, end) for end in bounds.cut(interval.low, interval.high))
    return f"{with_unit(metric, interval.mean)} [{ends}]"


def standing_text(analysis: Analysis, best: Best) -> str:
    """Return how the other cells stand, and how many runs of the best one diverged."""
    ties, data = len(best.leaders) - 1, analysis.results.dataset
    names = [name for name in analysis.results.names if not data or name != data.name]
    shared = f"{ties} other cell{'s have' if ties > 1 else ' has'} the same mean" if ties else ""
    told = [
        shared,
        next_text(analysis, best, names),
        others(best, analysis.results.cells, names).removeprefix("; "),
        lost(best, best.use.metric.in_percent).strip(" ()"),
    ]
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in told if text)


def next_text(analysis: Analysis, best: Best, names: Sequence[str]) -> str:
    """Return which cell comes next, and how far behind; empty if no other has a figure."""
    means, metric = best.selection.means, shown(analysis.results, best.use.metric)
    rest = [k for k in range(len(means)) if k not in best.leaders and math.isfinite(means[k])]
    if not rest:
        return ""
    place = min(rest, key=lambda k: abs(means[k] - means[best.leaders[0]]))
    behind = show(metric, abs(float(means[place] - means[best.leaders[0]])))
    least = f"less than {10.0**-metric.digits:.{metric.digits}f}"
    told = f"{behind if behind.strip('0.') else least} {metric.points}".strip()
    return f"the next, {cell_name(best, place, analysis.results.cells, names)}, is {told} behind"


def sentences(analysis: Analysis, findings: Sequence[Finding], known: bool) -> Iterator[str]:
    """Yield what has to be known beside the best cell: divergence, orders that turn, what is not compared."""
    if not known:
        yield no_result(analysis.results)
    yield from of_kind(findings, "strategy")
    yield from of_kind(findings, "tuning")
    yield from of_kind(findings, "divergence")
    main = analysis.results.main.name
    turning = [e for e in analysis.effects if e.metric.name == main and e.depends_on is not None]
    if turning:
        told = listed([f"{e.title} (with {e.depends_on or 'single cells'})" for e in turning])
        yield f"Orders that turn round, so that no effect over all cells is told: {told}."
    if uneven := uneven_text(analysis):
        yield uneven
    for finding in findings:
        if finding.kind == "effect" and finding.metric == main and not finding.pairs:
            yield finding.text


def uneven_text(analysis: Analysis) -> str:
    """Return the best cells' figures that are fair to classes of uneven size; empty if they are even."""
    results, told = analysis.results, []
    if not set(results.measures.ranked) & set(OF_CLASSES):
        return ""
    for data, best in analysis.best.items():
        texts = (
            [f"{metric.words} {text}" for metric, text in chosen_figures(analysis, best, in_percent=True)]
            if best.leaders
            else []
        )
        told += [f"The best cell{f' on {data}' if data else ''}: {', '.join(texts)}."] if texts else []
    return " ".join(["The classes are of uneven size.", *told])


def footnotes(analysis: Analysis) -> Iterator[str]:
    """Yield what the best cell was chosen by, and whether seeds differ in their test examples."""
    yield from filter(None, (choice_note(analysis.results), analysis.results.split))


def of_kind(findings: Sequence[Finding], kind: str) -> list[str]:
    """Return the sentences of a kind."""
    return [finding.text for finding in findings if finding.kind == kind]


def seeds_command(results: Results, number: int) -> str:
    """Return the command that runs the same sweep with seeds enough for the first look."""
    if REPLICATE not in results.settings:
        return ""
    have = [seed for seed in results.runs["seed"].unique().tolist() if isinstance(seed, int)]
    more = [seed for seed in range(number + len(have)) if seed not in have]
    seeds = ",".join(map(str, [*have, *more][:number]))
    words = [word for word in command_of(results).split() if not word.startswith("seed=")]
    return " ".join([*words, f"seed={seeds}"]) if results.plan else ""


def cost_note(results: Results, number: int) -> str:
    """Return how long the missing seeds would take at the pace of the recorded runs."""
    if not results.done["total_wall_s"].notna().any():
        return ""
    seconds = results.done["total_wall_s"].sum() / max(results.done["concurrent_runs"].max(), 1)
    have = max(results.runs["seed"].nunique(), 1)
    minutes = seconds * (number - have) / have / 60
    if not math.isfinite(minutes):
        return ""
    return f"about {max(round(minutes), 1)} min" if minutes < HOURS_FROM else f"about {minutes / 60:.1f} h"
