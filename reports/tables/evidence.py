"""Tables of what was tested: rankings and their contrasts, levels, shares of variance, cost."""

import math
from collections.abc import Iterator, Sequence

from reports.analysis.new_images import half_widths
from reports.analysis.paired import Contrast, Interval
from reports.analysis.rankings import Ranking, listed
from reports.analysis.verdict import Shares, Verdict, rankings_of
from reports.runs.metrics import METRICS, Metric, decimals
from reports.runs.results import Results
from reports.tables.grids import concurrency_note
from reports.tables.table import NAN, Entry, Table, text_table


def rankings_table(rankings: Sequence[Ranking]) -> Table:
    """Return one line per ranking."""
    heads = ("metric", "factor", "ranking", "a > b means that a", "seeds", "matched cells", "note")
    rows = [
        (r.metric.label, r.title, r.text, r.metric.above, str(r.seeds), str(r.blocks), with_diverged(r))
        for r in rankings
    ]
    parts = (PART_NOTE,) if any(r.part for r in rankings) else ()
    return text_table("rankings", "Rankings", heads, rows, *RANKING_NOTES, *parts)


def with_diverged(ranking: Ranking) -> str:
    """Return a ranking's note, and how many runs of which levels diverged: the ranking is without them."""
    counts = listed([f"{level} {count}" for level, count in sorted(ranking.diverged.items())])
    return "; ".join(filter(None, [ranking.note, counts and f"diverged runs: {counts}"]))


PART_NOTE = (
    "(1), (2), …: sets of levels that can be compared, where not all levels were run with all else alike. "
    "Nothing is compared across data sets."
)
RANKING_NOTES = (
    "Each comparison: the difference between cells that agree in all else, averaged within each seed; "
    "a paired t over the seeds; Holm's correction over the comparisons of one ranking; 5 %.",
    "~: no difference was shown, which does not mean that there is none. All is about the grid that was run.",
)


def contrasts_table(rankings: Sequence[Ranking]) -> Table:
    """Return every comparison behind the rankings."""
    heads = (
        "metric",
        "factor",
        "first",
        "",
        "second",
        "difference",
        "95 % low",
        "95 % high",
        "p",
        "p (Holm)",
    )
    rows = []
    for ranking in rankings:
        for pair in ranking.pairs:
            c = pair.contrast
            figures = (
                *show_contrast(c, ranking.metric),
                p_text(c.p),
                p_text(pair.p_holm),
            )
            counts = (str(c.seeds), str(c.blocks), equivalence(pair.equivalent, c.seeds))
            words = (ranking.metric.label, ranking.title, pair.first, pair.relation, pair.second)
            rows.append((*words, *figures, *counts))
    tail = ("seeds", "matched cells", "equivalent")
    return text_table("contrasts", "Contrasts behind the rankings", (*heads, *tail), rows, *CONTRAST_NOTES)


CONTRAST_NOTES = (
    "difference = first − second. Intervals are not corrected for the number of comparisons; p (Holm) is.",
    "equivalent: the whole interval lies within ± 0.005 of accuracy, or ± 10 % of epochs or seconds.",
)


def show_contrast(c: Contrast, metric: Metric) -> tuple[str, str, str]:
    """Return a difference and the ends of its interval; of milliseconds as many digits as tell them apart."""
    largest = max((abs(x) for x in (c.estimate, c.low, c.high) if x == x), default=0.0)
    digits = decimals(largest, 2) if metric.unit in ("seconds", "loss") else 0
    return (
        show_signed(c.estimate, metric, digits),
        show_signed(c.low, metric, digits),
        show_signed(c.high, metric, digits),
    )


def show_signed(value: float, metric: Metric, least: int = 0) -> str:
    """Return a difference with its sign and at least so many decimals, "–" for NaN."""
    digits = max(least, 2 if metric.unit == "epochs" else 4)
    return "–" if math.isnan(value) else f"{value:+.{digits}f}".replace("-", "−")


def p_text(p: float) -> str:
    """Return a p-value as papers print it."""
    return "–" if math.isnan(p) else "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def equivalence(is_equivalent: bool, seeds: int) -> str:
    """Return whether two levels are equivalent, "–" where there is no interval to tell by."""
    return ("yes" if is_equivalent else "no") if seeds > 1 else "–"


def levels_table(rankings: Sequence[Ranking]) -> Table:
    """Return the mean of each level over the cells that all levels of its factor share."""
    heads = ("metric", "factor", "level", "mean ± 95 % interval", "diverged runs")
    rows = [
        (
            Entry(r.metric.label),
            Entry(r.title),
            Entry(level),
            Entry(r.metric.show_interval(i.mean, i.half), value=i.mean),
            Entry(str(r.diverged.get(level, 0))),
        )
        for r in rankings
        for level, i in r.levels.items()
    ]
    note = "Over the matched cells that all levels of the factor have; intervals over seeds."
    return Table("levels", "Means of the levels", heads, tuple(rows), 3, (note,))


def variance_table(results: Results, shares: Shares) -> Table:
    """Return how much of each metric's variance every factor explains, within each data set."""
    sources = (*results.names, "interactions", "seeds", "shared")
    data = [results.dataset.name] if results.dataset else []
    columns = [name for name in sources if name not in data]
    rows = tuple(
        (
            Entry(METRICS[name].label),
            *(Entry(where) for _ in data),
            *(Entry(percent(x), value=x) for x in found.reindex(columns)),
        )
        for (name, where), found in shares.items()
    )
    notes = (
        "Eta squared: what an additive model of the factors loses without each; interactions: what cells add "
        "to it; seeds: what is left within cells; shared: what several factors explain together, for want of "
        "combinations that would tell them apart.",
        *(() if replicated(results) else ("One run per cell: the interactions contain the seeds' share.",)),
    )
    heads = ("metric", *data, *columns)
    return Table("variance", "Variance explained", heads, rows, 1 + len(data), notes)


def replicated(results: Results) -> bool:
    """Whether any cell has two finished runs."""
    return bool(results.done["cell"].duplicated().any())


def percent(share: float) -> str:
    """Return a share in per cent."""
    return "–" if math.isnan(share) else f"{100 * max(share, 0):.1f} %"


def timing_tables(verdict: Verdict) -> list[Table]:
    """Return what an epoch costs by the levels of each factor, dearest first."""
    own = [r for r in verdict.rankings if r.metric.name == "epoch_cpu_s"]
    walls = {r.title: r for r in rankings_of(verdict.parts, ("epoch_wall_s",))}
    factors = dict.fromkeys(r.factor for r in own)
    return [
        timing_table(verdict.results, name, [(r, walls.get(r.title)) for r in own if r.factor == name])
        for name in factors
    ]


def timing_table(results: Results, factor: str, rankings: Sequence[tuple[Ranking, Ranking | None]]) -> Table:
    """Return the cost of an epoch by the levels of one factor, over the cells that all levels share."""
    parted = any(cpu.part for cpu, _ in rankings)
    rows = tuple(
        ((Entry(cpu.part), *row) if parted else row) for cpu, wall in rankings for row in costs(cpu, wall)
    )
    heads = (factor, "CPU seconds per epoch", "wall seconds per epoch", "ratio to cheapest", "seeds", "cells")
    notes = [f"Costs more{f' ({r.part})' if r.part else ''}: {r.text}" for r, _ in rankings]
    cautions = [f" ({r.note})." if r.note else "." for r, _ in rankings]
    notes = [note + caution for note, caution in zip(notes, cautions, strict=True)]
    return Table(
        f"timing_by_{factor}",
        f"Seconds per epoch by {factor}",
        ("part", *heads) if parted else heads,
        rows,
        1 + parted,
        (*notes, concurrency_note(results), *((PART_NOTE,) if parted else ())),
        group=int(parted),
    )


def costs(cpu: Ranking, wall: Ranking | None) -> Iterator[tuple[Entry, ...]]:
    """Yield a row per level of one ranking: its seconds, and their ratio to the cheapest level's."""
    least = min((i.mean for i in cpu.levels.values() if not math.isnan(i.mean)), default=NAN)
    walls = wall.levels if wall else {}
    for level, i in cpu.levels.items():
        j = walls.get(level, Interval(NAN, NAN, NAN, 0))
        yield (
            Entry(level),
            Entry(cpu.metric.show_interval(i.mean, i.half), value=i.mean),
            Entry(cpu.metric.show_interval(j.mean, j.half)),
            Entry("–" if math.isnan(i.mean) else f"{i.mean / least:.2f}"),
            Entry(str(i.n)),
            Entry(str(cpu.blocks)),
        )


def unfinished_table(results: Results) -> Table:
    """Return every run that did not end well, or did not end, and why."""
    rows = results.runs[results.runs["status"] != "done"]
    columns = ["status", *results.names, "seed", "name", "problem"]
    body = rows[columns].astype(object).map(str).itertuples(index=False, name=None)
    return text_table("unfinished", "Diverged and unfinished runs", columns, body)


NEW_IMAGES = (
    "± for new images: half the 95 % interval for new seeds and new test images (with one seed: for new "
    "images alone); the other ± is for new seeds on these images."
)


def best_table(verdict: Verdict, count: int = 20) -> Table:
    """Return the cells with the best mean test accuracy of each data set, best first."""
    results, marked, metric = verdict.results, verdict.marked, METRICS["test_accuracy"]
    ranked = verdict.summary[verdict.summary["n"] > 0].sort_values("mean", ascending=False, kind="stable")
    if data := results.dataset:
        ranked = ranked.sort_values(data.name, kind="stable")
    top = ranked.groupby(data.name, observed=True).head(count) if data else ranked.head(count)
    wider = half_widths(results).loc[top.index]
    rows = tuple(
        (
            *(Entry(str(top.at[cell, name])) for name in results.names),
            Entry(metric.show_interval(mean, half), str(marked[cell]), mean),
            *([Entry(metric.show(wider[cell]))] if wider.notna().any() else []),
            Entry(f"{n} of {runs}"),
        )
        for cell, mean, half, n, runs in top[["mean", "half", "n", "runs"]].itertuples(name=None)
    )
    beside, notes = (("± for new images",), (NEW_IMAGES,)) if wider.notna().any() else ((), ())
    heads = (*results.names, metric.label, *beside, "runs")
    each = f", at most {count} of each data set" if data else ""
    title = f"The {f'{len(rows)} best cells' if len(rows) != 1 else 'best cell'} by test accuracy{each}"
    return Table("best_cells", title, heads, rows, len(results.names), notes)
