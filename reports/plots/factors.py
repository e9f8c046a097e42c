"""What each factor does: a metric against every swept number, rankings as intervals, cost as bars."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reports.analysis.cells import having, layout, summarise
from reports.analysis.effects import Effect
from reports.analysis.intervals import Interval
from reports.plots.level_axis import mark_beyond, means_and_halves, near_the_best, scale
from reports.plots.plot import Plot
from reports.plots.shared_settings import lost_note
from reports.plots.sheets import line_keys, places_of
from reports.plots.style import (
    ERROR_AXIS,
    INK,
    SMALL_LETTER,
    SOFT,
    Page,
    TickLabels,
    accuracy_axis,
    legend,
    lines_of,
    ordinal_axis,
    panels,
    pen,
    room_along,
    room_below,
    room_for,
    wrapped,
)
from reports.runs.factors import Factor, said, spoken
from reports.runs.metrics import Metric
from reports.runs.results import Results

MAX_PANELS = 24
MAX_LINES = 8
ACROSS = 6
WIDEST = 15.0  # inches
Levels = dict[str, str]
ERROR = {"ecolor": INK, "elinewidth": 1.1, "capsize": 2.5}


@dataclass(frozen=True)
class Against:
    """A metric against one factor: a panel per condition, a line per level of another factor."""

    title: str
    factor: Factor
    lines: Factor | None
    panels: tuple[Levels, ...]
    note: str
    test: pd.DataFrame
    train: pd.DataFrame

    @property
    def places(self) -> dict[str, int]:
        """The levels of the line factor that are drawn, with their places in it."""
        return places_of(self.lines, self.test)

    @property
    def bars(self) -> str:
        """What the bars are, if there are any."""
        return "; bars: 95 % intervals over seeds" if self.test["half"].notna().any() else ""

    @property
    def keys(self) -> dict[str, int]:
        """What the legend says of the lines: of a number, also which one it is."""
        return line_keys(self.lines, self.places)


def axis_plots(results: Results, numbers: bool = False) -> list[Plot]:
    """Return accuracy against every number, and unless `numbers` alone every factor that makes panels."""
    plan = layout(results.factors)
    shown = [f for f in results.factors if f.numeric or (f in plan.panels and not numbers)]
    made = [against(results, factor) for factor in shown if len(factor.levels) > 1]
    return [
        Plot(
            f"accuracy-against-{a.factor.name}",
            a.title,
            f"{a.title}: test thick, training thin{a.bars}. {a.note}".strip(),
            "what each setting does",
            draw_against,
            (a,),
        )
        for a in made
        if a.panels
    ]


def against(results: Results, factor: Factor) -> Against:
    """Return the numbers behind accuracy against a factor: lines that differ in nothing else.

    Settings under which the factor has a single known level are left out; what the others have in common is
    said in the note.
    """
    plan = layout(results.factors)
    free = [f for f in (plan.column, plan.row, *plan.panels) if f and f is not factor]
    test, train = (summarise(results, name) for name in ("test_accuracy", "train_accuracy"))
    test, train = (longer_lines(frame, factor, free) for frame in (test, train))
    varied = [f for f in free if test[f.name].nunique() > 1]
    few = [f for f in varied if test[f.name].nunique() <= MAX_LINES]
    lines = max(few, key=lambda f: test[f.name].nunique(), default=None)
    apart = [f.name for f in varied if f is not lines]
    found = test[apart].drop_duplicates().sort_values(apart).astype(str) if apart else pd.DataFrame(index=[0])
    shown = tuple({str(k): str(v) for k, v in row.items()} for row in found.to_dict("records"))
    alike = said({f.name: test[f.name].iloc[0] for f in free if f not in varied and len(test)})
    many = f"The first {MAX_PANELS} of {len(shown)} panels." if len(shown) > MAX_PANELS else ""
    note = " ".join(filter(None, [lost_note(results), f"All with {alike}." if alike else "", many]))
    kept = shown[:MAX_PANELS] if len(test) else ()
    return Against(f"Accuracy against {factor.words}", factor, lines, kept, note, test, train)


def longer_lines(cells: pd.DataFrame, factor: Factor, free: Sequence[Factor]) -> pd.DataFrame:
    """Return the cells with a figure whose other settings were run with two levels of the factor or more."""
    known = cells[cells["mean"].notna()]
    names = [f.name for f in free]
    by = known.groupby(names, observed=True) if names else known.groupby(lambda _: 0)
    return known[by[factor.name].transform("nunique") > 1]


def draw_against(a: Against) -> Figure:
    """Draw accuracy against a factor."""
    extra = [Line2D([], [], color=SOFT, linewidth=w, label=t) for w, t in ((1.8, "test"), (0.8, "training"))]
    levels = [level for level in a.factor.levels if level in set(a.test[a.factor.name].astype(str))]
    width, below = max(2.3 if len(levels) > 4 else 1.9, room_along(levels)), room_below(levels)
    titles = [wrapped(said(where), width) for where in a.panels]
    over = 0.14 * (lines_of(titles) - 1)
    page = Page(
        width, 1.55, top=0.8 + over + 0.14 * any(titles), down=0.66 + over + below, bottom=0.5 + below
    )
    inner = len({list(where.values())[-1] for where in a.panels}) if a.panels[0] else 1
    across = min(ACROSS, max(1, int(WIDEST // width)))
    columns = min(len(a.panels), max(across // inner * inner, 1) if inner <= across else across)
    columns = even(len(a.panels), columns, inner)
    keys = [*a.keys, "test", "training"]
    rows = math.ceil(len(a.panels) / columns)
    note = " ".join(filter(None, [a.note, ERROR_AXIS]))
    figure, grid = panels(a.title, rows, columns, page, keys=keys, note=note)
    every = [axes for row in grid for axes in row]
    ends = room_for(pd.concat([a.train["mean"], a.test["mean"]]), pd.concat([a.test["low"], a.test["high"]]))
    for where, title, axes in zip(a.panels, titles, every, strict=False):
        draw_levels(axes, a, where, {level: x for x, level in enumerate(levels)})
        axes.set_title(title)
        ordinal_axis(axes, levels, a.factor.words)
    for axes in every[len(a.panels) :]:
        axes.remove()
    for row in grid:
        accuracy_axis(row[0], *ends)
        row[0].set_ylabel("accuracy")
    legend(figure, a.keys, extra=extra)
    return figure


def even(count: int, most: int, inner: int) -> int:
    """Return how many panels stand in a row: in as few rows as `most` needs, filled evenly, in `inner`s."""
    rows = math.ceil(count / most)
    wanted = math.ceil(count / rows)
    return min(most, math.ceil(wanted / inner) * inner) if inner <= most else wanted


def draw_levels(axes: Axes, a: Against, where: Levels, place: dict[str, int]) -> None:
    """Draw a line per level of the line factor in one panel."""
    for level, number in (a.places or {"": 0}).items():
        condition = where | ({a.lines.name: level} if a.lines else {})
        for frame, thin in ((a.train, True), (a.test, False)):
            part = frame[having(frame, condition)].sort_values(a.factor.name)
            x, p = part[a.factor.name].astype(str).map(place).astype(float), pen(number)
            dashes = p.dashes if a.factor.numeric else "none"  # between names there is nothing to draw
            if thin:
                axes.plot(
                    x, part["mean"], color=p.colour, linestyle=dashes, linewidth=0.8, **thin_dots(dashes)
                )
            else:
                half = part["half"].fillna(0)
                axes.errorbar(
                    x, part["mean"], half, color=p.colour, linestyle=dashes, marker=p.marker, elinewidth=0.9
                )


def thin_dots(dashes: object) -> dict[str, Any]:
    """Return small hollow dots for what has no line."""
    return {"marker": "o", "markersize": 3, "markerfacecolor": "none"} if dashes == "none" else {}


def ranking_plots(effects: Sequence[Effect]) -> list[Plot]:
    """Return one figure per metric: the levels of every factor with their intervals, the best first."""
    plots = []
    for name in dict.fromkeys(e.metric.name for e in effects):
        own = [e for e in effects if e.metric.name == name and has_means(e)]
        if own:
            metric = own[0].metric
            title = f"{metric.label} by factor"
            some = any(interval.n > 1 for e in own for interval in e.levels.values())
            bars = " with 95 % intervals of each level alone over seeds" if some else ""
            caption = (
                f"{title}: means over matched cells{bars}, the best first, all panels on one scale. A "
                "diverged run is in the means as what it counts as. An arrow: a level beyond the axis."
            )
            plots.append(
                Plot(f"ranking-{name}", title, caption, "rankings", draw_rankings, (title, metric, own))
            )
    return plots


def has_means(effect: Effect) -> bool:
    """Whether the levels have means."""
    return any(np.isfinite(interval.mean) for interval in effect.levels.values())


def draw_rankings(title: str, metric: Metric, effects: Sequence[Effect]) -> Figure:
    """Draw a panel per factor, a line per level, all on one scale; what is shown above."""
    figure, every = level_panels(title, effects, top=0.85)
    ends = near_the_best(effects, metric)
    for axes, effect in zip(every, effects, strict=True):
        means, halves = means_and_halves(level_axis(axes, effect))
        y = np.arange(len(means))
        axes.errorbar(means, y, xerr=halves, fmt="o", color=INK, elinewidth=1.4, capsize=2.5, markersize=4.5)
        axes.set_xlim(*ends)
        mark_beyond(axes, means, metric)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(TickLabels())
        axes.set_xlabel(metric.label)
    return figure


def level_panels(title: str, effects: Sequence[Effect], top: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for the levels of each factor, their names to its left."""
    tallest = max(len(e.levels) for e in effects)
    longest = max(len(level) for e in effects for level in e.levels)
    label = max(1.15, 0.25 + SMALL_LETTER * longest)
    page = Page(2.1, max(0.26 * tallest, 0.7), left=label, top=top, bottom=0.5, across=label, down=0.8)
    columns = min(len(effects), 4, max(1, int(13 // (page.width + label))))
    rows = math.ceil(len(effects) / columns)
    figure, grid = panels(title, rows, columns, page, share_y=False)
    every = [axes for row in grid for axes in row]
    for axes in every[len(effects) :]:
        axes.remove()
    return figure, every[: len(effects)]


def level_axis(axes: Axes, effect: Effect) -> list[Interval]:
    """Write the levels of a factor down the y axis and what is shown above; return their intervals."""
    levels = list(effect.levels)
    axes.set_yticks(range(len(levels)), levels)
    axes.set_ylim(len(levels) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"{effect.words}\n", fontweight="bold")
    axes.text(0, 1.04, pairs_shown(effect), transform=axes.transAxes, fontsize=7, color=SOFT)
    return [effect.levels[level] for level in levels]


def pairs_shown(effect: Effect) -> str:
    """Return how many pairs are decided."""
    if effect.depends_on is not None:
        text = f"turns round with {spoken(effect.depends_on) or 'single cells'}"
        return text if len(text) <= 40 else text[:39] + "…"
    pairs = effect.pairs
    if not any(pair.look for pair in pairs):
        return "nothing is tested"
    counts = Counter({">": "ahead", "<": "ahead", "≈": "equal"}.get(pair.relation, "open") for pair in pairs)
    told = ", ".join(f"{counts[word]} {word}" for word in ("ahead", "equal", "open") if counts[word])
    return f"{len(pairs)} pair{'s' * (len(pairs) != 1)}: {told}"


def timing_plots(effects: Sequence[Effect], note: str) -> list[Plot]:
    """Return the cost of an epoch by every factor, as bars from zero."""
    own = [e for e in effects if e.metric.name == "epoch_cpu_s" and has_means(e)]
    title = "CPU seconds per training epoch"
    caption = f"{title}, by factor, cheapest first. {note}"
    return [Plot("timing", title, caption, "cost", draw_timing, (title, own, note))] if own else []


def draw_timing(title: str, effects: Sequence[Effect], note: str) -> Figure:
    """Draw a panel of bars per factor, all on one scale, the conditions of measurement below the title."""
    figure, every = level_panels(title, effects, top=1.05)
    _, height = figure.get_size_inches()
    left = every[0].get_position().x0
    figure.text(left, 1 - 0.5 / height, note, fontsize=7.5, color=SOFT, va="center")
    longest = scale(effects)[1]
    for axes, effect in zip(every, effects, strict=True):
        means, halves = means_and_halves(level_axis(axes, effect))
        y = np.arange(len(means))
        axes.barh(y, means, 0.62, xerr=halves, color="#9db8cf", edgecolor=INK, linewidth=0.6, error_kw=ERROR)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel("seconds")
        axes.set_xlim(0, longest)
    return figure
