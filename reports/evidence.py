"""Tables of what was tested: rankings and their contrasts, levels, shares of variance, cost."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from reports.grids import concurrency_note
from reports.metrics import METRICS, Metric
from reports.rankings import Ranking, rank
from reports.results import Results
from reports.tables import NAN, Entry, Table, text_table


def rankings_table(rankings: Sequence[Ranking]) -> Table:
    """Return one line per ranking."""
    heads = ("metric", "factor", "ranking", "a > b means that a", "seeds", "matched cells", "note")
    rows = [
        (r.metric.label, r.factor, r.text, r.metric.above, str(r.seeds), str(r.blocks), r.note)
        for r in rankings
    ]
    return text_table("rankings", "Rankings", heads, rows, *RANKING_NOTES)


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
                *(show_signed(x, ranking.metric) for x in (c.estimate, c.low, c.high)),
                p_text(c.p),
                p_text(pair.p_holm),
            )
            counts = (str(c.seeds), str(c.blocks), equivalence(pair.equivalent, c.seeds))
            words = (ranking.metric.label, ranking.factor, pair.first, pair.relation, pair.second)
            rows.append((*words, *figures, *counts))
    tail = ("seeds", "matched cells", "equivalent")
    return text_table("contrasts", "Contrasts behind the rankings", (*heads, *tail), rows, *CONTRAST_NOTES)


CONTRAST_NOTES = (
    "difference = first − second. Intervals are not corrected for the number of comparisons; p (Holm) is.",
    "equivalent: the whole interval lies within ± 0.005 of accuracy, or ± 10 % of epochs or seconds.",
)


def show_signed(value: float, metric: Metric) -> str:
    """Return a difference with its sign, "–" for NaN."""
    digits = 2 if metric.unit == "epochs" else 4
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
            Entry(r.factor),
            Entry(level),
            Entry(r.metric.show_interval(i.mean, i.half), value=i.mean),
            Entry(str(r.diverged.get(level, 0))),
        )
        for r in rankings
        for level, i in r.levels.items()
    ]
    note = "Over the matched cells that all levels of the factor have; intervals over seeds."
    return Table("levels", "Means of the levels", heads, tuple(rows), 3, (note,))


def variance_table(results: Results, shares: Mapping[str, "pd.Series[float]"]) -> Table:
    """Return how much of each metric's variance every factor explains."""
    heads = ("metric", *results.names, "interactions", "seeds", "shared")
    rows = tuple(
        (Entry(METRICS[name].label), *(Entry(percent(share), value=share) for share in series))
        for name, series in shares.items()
    )
    notes = (
        "Eta squared: what an additive model of the factors loses without each; interactions: what cells add "
        "to it; seeds: what is left within cells; shared: what several factors explain together, for want of "
        "combinations that would tell them apart.",
        *(() if replicated(results) else ("One run per cell: the interactions contain the seeds' share.",)),
    )
    return Table("variance", "Variance explained", heads, rows, 1, notes)


def replicated(results: Results) -> bool:
    """Whether any cell has two finished runs."""
    return bool(results.done["cell"].duplicated().any())


def percent(share: float) -> str:
    """Return a share in per cent."""
    return "–" if math.isnan(share) else f"{100 * max(share, 0):.1f} %"


def timing_tables(results: Results) -> list[Table]:
    """Return what an epoch costs by the levels of each factor, dearest first."""
    if not results.done["epoch_cpu_s"].notna().any():
        return []
    return [timing_table(results, name) for name in results.names]


def timing_table(results: Results, factor: str) -> Table:
    """Return the cost of an epoch by the levels of one factor, over the cells that all levels share."""
    cpu, wall = (
        rank(results.runs, factor, METRICS[name], results.names) for name in ("epoch_cpu_s", "epoch_wall_s")
    )
    least = min((i.mean for i in cpu.levels.values() if not math.isnan(i.mean)), default=NAN)
    show = cpu.metric.show_interval
    rows = tuple(
        (
            Entry(level),
            Entry(show(i.mean, i.half), value=i.mean),
            Entry(show(wall.levels[level].mean, wall.levels[level].half) if level in wall.levels else "–"),
            Entry(f"{i.mean / least:.2f}"),
            Entry(str(i.n)),
        )
        for level, i in cpu.levels.items()
    )
    heads = (factor, "CPU seconds per epoch", "wall seconds per epoch", "ratio to cheapest", "seeds")
    verdict = f"Costs more: {cpu.text}" + (f" ({cpu.note})." if cpu.note else ".")
    notes = (verdict, concurrency_note(results), f"Over {cpu.blocks} matched cells." if cpu.blocks else "")
    return Table(
        f"timing_by_{factor}", f"Seconds per epoch by {factor}", heads, rows, 1, tuple(filter(None, notes))
    )


def unfinished_table(results: Results) -> Table:
    """Return every run that did not end well, or did not end, and why."""
    rows = results.runs[results.runs["status"] != "done"]
    columns = ["status", *results.names, "seed", "name", "problem"]
    body = rows[columns].astype(object).map(str).itertuples(index=False, name=None)
    return text_table("unfinished", "Runs without a result", columns, body)


def best_table(results: Results, summary: pd.DataFrame, marked: pd.Series, count: int = 20) -> Table:
    """Return the cells with the best mean test accuracy, best first."""
    metric = METRICS["test_accuracy"]
    top = summary[summary["n"] > 0].sort_values("mean", ascending=False, kind="stable").head(count)
    rows = tuple(
        (
            *(Entry(str(top.at[cell, name])) for name in results.names),
            Entry(metric.show_interval(mean, half), str(marked[cell]), mean),
            Entry(f"{n} of {runs}"),
        )
        for cell, mean, half, n, runs in top[["mean", "half", "n", "runs"]].itertuples(name=None)
    )
    heads = (*results.names, metric.label, "runs")
    return Table(
        "best_cells", f"The {len(rows)} best cells by test accuracy", heads, rows, len(results.names)
    )
