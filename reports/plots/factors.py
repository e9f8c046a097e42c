"""What each factor does: a metric against every swept number, rankings as intervals, cost as bars."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.factors import Factor
from reports.metrics import METRICS, Metric
from reports.plots.plot import Plot
from reports.plots.style import INK, SOFT, Page, accuracy_axis, legend, ordinal_axis, panels, pen
from reports.rankings import Ranking
from reports.results import Results
from reports.summary import having, layout, summarise

MAX_PANELS = 6
MAX_LINES = 8


@dataclass(frozen=True)
class Against:
    """A metric against one factor: rows × columns of panels, a line per level."""

    title: str
    factor: Factor
    lines: Factor | None
    columns: Factor | None
    heads: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    test: pd.DataFrame
    train: pd.DataFrame


def axis_plots(results: Results) -> list[Plot]:
    """Return accuracy against every number, and every factor that tells panels of the grid apart."""
    plan = layout(results.factors)
    shown = [f for f in results.factors if f.numeric or f in plan.panels]
    made = [against(results, factor) for factor in shown if len(factor.levels) > 1]
    made = [a for a in made if a.rows]
    return [
        Plot(
            f"accuracy-against-{a.factor.name}",
            a.title,
            f"{a.title}: test accuracy thick, training thin; bars: 95 % intervals over seeds.",
            "what each setting does",
            draw_against,
            (a,),
        )
        for a in made
    ]


def against(results: Results, factor: Factor) -> Against:
    """Return the numbers behind accuracy against a factor: lines that differ in nothing else.

    Panels in which no line has two points are left out.
    """
    plan = layout(results.factors)
    free = [f for f in (plan.column, plan.row, *plan.panels) if f and f is not factor]
    lines = next((f for f in free if len(f.levels) <= MAX_LINES), None)
    rest = [f for f in free if f is not lines]
    columns = next((f for f in rest if len(f.levels) <= MAX_PANELS), None)
    others = [f.name for f in rest if f is not columns]
    test, train = (summarise(results, name) for name in ("test_accuracy", "train_accuracy"))
    long = longer_lines(test, factor, free)
    combinations = long[others].drop_duplicates().astype(str) if others else pd.DataFrame(index=[0])
    found = tuple({str(k): str(v) for k, v in row.items()} for row in combinations.to_dict("records"))
    there = set(long[columns.name].astype(str)) if columns else {""}
    heads = tuple(level for level in (columns.levels if columns else ("",)) if level in there)
    rows = found[:MAX_PANELS] if len(long) else ()
    return Against(f"Accuracy against {factor.name}", factor, lines, columns, heads, rows, test, train)


def longer_lines(test: pd.DataFrame, factor: Factor, free: Sequence[Factor]) -> pd.DataFrame:
    """Return the settings of the other factors under which the factor has two known levels or more."""
    known = test[test["mean"].notna()]
    names = [f.name for f in free]
    if not names:
        return known[[]] if known[factor.name].nunique() > 1 else known[[]].head(0)
    counts = known.groupby(names, observed=True)[factor.name].nunique()
    return counts[counts > 1].reset_index()[names].sort_values(names)


def draw_against(a: Against) -> Figure:
    """Draw accuracy against a factor."""
    keys = [*(a.lines.levels if a.lines else []), "test", "training"]
    figure, grid = panels(
        a.title, len(a.rows), len(a.heads), Page(width=1.9, height=1.55, left=0.95, down=0.45), keys=keys
    )
    finite = pd.concat([a.test["mean"], a.train["mean"]]).dropna()
    for where, row in zip(a.rows, grid, strict=True):
        for head, axes in zip(a.heads, row, strict=True):
            condition = where | ({a.columns.name: head} if a.columns else {})
            draw_levels(axes, a, condition)
            axes.set_title(f"{a.columns.name} {head}" if a.columns and row is grid[0] else "")
            ordinal_axis(axes, a.factor.levels, a.factor.name if row is grid[-1] else "")
        accuracy_axis(row[0], finite.min() if len(finite) else 0, finite.max() if len(finite) else 1)
        row[0].set_ylabel("\n".join([*(f"{k} {v}" for k, v in where.items()), "accuracy"]))
    train = [Line2D([], [], color=SOFT, linewidth=w, label=t) for w, t in ((1.8, "test"), (0.8, "training"))]
    legend(figure, a.lines.levels if a.lines else [], extra=train, left=0.95)
    return figure


def draw_levels(axes: Axes, a: Against, where: dict[str, str]) -> None:
    """Draw a line per level of the line factor in one panel."""
    place = {level: x for x, level in enumerate(a.factor.levels)}
    for number, level in enumerate(a.lines.levels if a.lines else [""]):
        condition = where | ({a.lines.name: level} if a.lines else {})
        for frame, thin in ((a.train, True), (a.test, False)):
            part = frame[having(frame, condition) & frame["mean"].notna()].sort_values(a.factor.name)
            x, p = part[a.factor.name].astype(str).map(place).astype(float), pen(number)
            if thin:
                axes.plot(x, part["mean"], color=p.colour, linestyle=p.dashes, linewidth=0.8)
            else:
                axes.errorbar(
                    x,
                    part["mean"],
                    part["half"].fillna(0),
                    color=p.colour,
                    linestyle=p.dashes,
                    marker=p.marker,
                    elinewidth=0.9,
                )


def ranking_plots(rankings: Sequence[Ranking]) -> list[Plot]:
    """Return one figure per metric: the levels of every factor with their intervals, in ranking order."""
    plots = []
    for name in dict.fromkeys(r.metric.name for r in rankings):
        own = [r for r in rankings if r.metric.name == name and has_means(r)]
        if own:
            title = f"{METRICS[name].label} by factor"
            caption = f"{title}: means over matched cells with 95 % intervals over seeds, in ranking order."
            plots.append(
                Plot(
                    f"ranking-{name}", title, caption, "rankings", draw_rankings, (title, METRICS[name], own)
                )
            )
    return plots


def has_means(ranking: Ranking) -> bool:
    """Whether the levels have means over cells that they share."""
    return any(np.isfinite(interval.mean) for interval in ranking.levels.values())


def draw_rankings(title: str, metric: Metric, rankings: Sequence[Ranking]) -> Figure:
    """Draw a panel per factor, a line per level; the ranking in words above."""
    tallest = max(len(r.order) for r in rankings)
    label = max(1.15, 0.25 + 0.065 * max(len(level) for r in rankings for level in r.order))
    page = Page(
        width=2.1, height=max(0.26 * tallest, 0.7), left=label, top=0.85, bottom=0.5, across=label, down=0.8
    )
    columns = min(len(rankings), 4, max(1, int(13 // (page.width + label))))
    rows = -(-len(rankings) // columns)
    figure, grid = panels(title, rows, columns, page, share_y=False)
    every = [axes for row in grid for axes in row]
    for axes, ranking in zip(every, rankings, strict=False):
        draw_ranking(axes, ranking, metric)
    for axes in every[len(rankings) :]:
        axes.remove()
    return figure


def draw_ranking(axes: Axes, ranking: Ranking, metric: Metric) -> None:
    """Draw the levels of one factor from the top down."""
    y = np.arange(len(ranking.order))
    intervals = [ranking.levels[level] for level in ranking.order]
    means, halves = [i.mean for i in intervals], [0 if i.half != i.half else i.half for i in intervals]
    axes.errorbar(means, y, xerr=halves, fmt="o", color=INK, elinewidth=1.4, capsize=2.5, markersize=4.5)
    axes.set_yticks(y, ranking.order)
    axes.set_ylim(len(ranking.order) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    text = ranking.text if len(ranking.text) < 48 else ranking.text[:45] + "…"
    axes.set_title(f"{ranking.title}\n", fontweight="bold")
    axes.text(
        0,
        1.04,
        text if ranking.state == "tested" else ranking.caution.split(": ")[-1],
        transform=axes.transAxes,
        fontsize=7,
        color=SOFT,
    )
    axes.set_xlabel(metric.label)


def timing_plots(rankings: Sequence[Ranking], note: str) -> list[Plot]:
    """Return the cost of an epoch by every factor, as bars from zero."""
    own = [r for r in rankings if r.metric.name == "epoch_cpu_s" and has_means(r)]
    title = "CPU seconds per training epoch"
    return (
        [Plot("timing", title, f"{title}, by factor. {note}", "cost", draw_timing, (title, own, note))]
        if own
        else []
    )


def draw_timing(title: str, rankings: Sequence[Ranking], note: str) -> Figure:
    """Draw a panel of bars per factor on one scale, the conditions of measurement below the title."""
    page = Page(width=2.1, height=1.9, left=0.72, across=0.3)
    figure, grid = panels(title, 1, len(rankings), page)
    width, height = figure.get_size_inches()
    figure.text(0.72 / width, 1 - 0.53 / height, note, fontsize=7.5, color=SOFT, va="center")
    for axes, ranking in zip(grid[0], rankings, strict=True):
        x = np.arange(len(ranking.order))
        intervals = [ranking.levels[level] for level in ranking.order]
        halves = [0 if i.half != i.half else i.half for i in intervals]
        axes.bar(x, [i.mean for i in intervals], 0.62, color="#9db8cf", edgecolor=INK, linewidth=0.6)
        axes.errorbar(
            x, [i.mean for i in intervals], halves, fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.5
        )
        ordinal_axis(axes, ranking.order, ranking.title)
        axes.set_xlim(-0.6, len(x) - 0.4)
        axes.grid(axis="x", visible=False)
    grid[0][0].set_ylabel("seconds")
    grid[0][0].set_ylim(bottom=0)
    return figure
