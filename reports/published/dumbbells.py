"""The figures of a report beside ours in one picture: what it printed, what a run of ours would give."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from reports.claims.claim import CLAIM_METRICS
from reports.plots.plot import Plot
from reports.plots.style import FAINT, SOFT, Page, TickLabels, panels
from reports.published.strips import COLOURS
from reports.runs.factors import said, spoken
from reports.sources.reported import TIME, cell_settings

NAME = "reported"
ROW = 0.185  # inches
EDGE, LEGEND = 0.2, 6.8  # inches: of the margin, that the keys need
WIDE = 20  # from here on, the largest to the least, an axis is logarithmic
BAND = "#b9d4e6"
OURS = "#0072b2"
NONE_ENDED = "no run of ours ended"
NAMED = ("activation", "loss", "hidden")
Row = dict[str, Any]


def dumbbell_plot(reported: pd.DataFrame) -> Plot:
    """Return the picture of the figures that a report gives (the rows of `reported_against_ours`)."""
    rows: list[Row] = reported.to_dict("records")  # type: ignore[assignment]
    title = "Reported figures beside ours"
    return Plot(NAME, title, title, "reported", draw_dumbbells, (rows,))


def draw_dumbbells(rows: Sequence[Row]) -> Figure:
    """Draw a panel for each metric, a line for each cell."""
    names = labels([row["cell"] for row in rows])
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    cells = list(names)
    left = 0.25 + 0.064 * max(map(len, names.values()))
    page = Page(max(1.3, (LEGEND - left) / len(metrics)), ROW * len(cells), left, 0.2, 0.95, 0.45, 0.2)
    figure, (panes,) = panels("Reported figures beside ours", 1, len(metrics), page)
    for axes, metric in zip(panes, metrics, strict=True):
        here = [row for row in rows if row["metric"] == metric]
        draw_panel(axes, metric, [row for row in here if row["runs"]], cells)
        for y in (cells.index(row["cell"]) for row in here if not row["runs"]):
            axes.text(
                0.02,
                y,
                NONE_ENDED,
                transform=axes.get_yaxis_transform(),
                fontsize=6.5,
                color=SOFT,
                va="center",
            )
    panes[0].set_yticks(range(len(cells)), list(names.values()))
    panes[0].set_ylim(len(cells) - 0.4, -0.6)
    width, height = figure.get_size_inches()
    place = (EDGE / width, 1 - 0.4 / height)
    figure.legend(handles=keys(), loc="upper left", bbox_to_anchor=place, ncols=4, fontsize=7.5, borderpad=0)
    return figure


def keys() -> list[Line2D]:
    """Return what the marks mean."""
    return [
        Line2D([], [], marker="o", linestyle="", color=OURS, markersize=4, label="ours, mean"),
        Line2D([], [], color=BAND, linewidth=5, label="where one more run of ours would fall (95 %)"),
        reported_mark(True, "reported: inside"),
        reported_mark(False, "outside"),
    ]


def reported_mark(inside: bool, label: str = "") -> Line2D:
    """Return the mark of a reported figure."""
    colour = COLOURS["holds" if inside else "refuted"]
    return Line2D(
        [], [], marker="o" if inside else "X", linestyle="", color=colour, markersize=5, label=label
    )


def draw_panel(axes: Axes, metric: str, rows: Sequence[Row], cells: Sequence[str]) -> None:
    """Draw the figures of one metric."""
    for row in rows:
        reported, ours, low, high = on_axis(row)
        y = cells.index(row["cell"])
        inside = row["inside"] == "true"
        colour = COLOURS["holds" if inside else "refuted"]
        if math.isfinite(low):
            axes.plot([low, high], [y, y], color=BAND, linewidth=5, solid_capstyle="butt", zorder=1)
        axes.plot([reported, ours], [y, y], color=colour, linewidth=1, zorder=2)
        axes.plot([ours], [y], marker="o", color=OURS, markersize=3.5, zorder=3)
        axes.plot([reported], [y], marker="o" if inside else "X", color=colour, markersize=5, zorder=4)
    words = "Time, relative" if metric == TIME else CLAIM_METRICS[metric].label
    known = sum(row["inside"] != "" for row in rows)
    axes.set_title(f"{words}\n{sum(row['inside'] == 'true' for row in rows)} of {known} inside")
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    values = [value for row in rows for value in on_axis(row)[:2]]
    if min(values) > 0 and max(values) > WIDE * min(values):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_formatter(TickLabels())
    axes.tick_params(axis="x", colors=SOFT)


def on_axis(row: Row) -> tuple[float, float, float, float]:
    """Return what was reported, ours and the prediction interval; times as the ratios that are compared."""
    low, high = (math.nan if row[name] == "" else float(row[name]) for name in ("low", "high"))
    if row["compared_as"] != "ratio":
        return float(row["reported"]), float(row["ours"]), low, high
    ours = (low + high) / 2
    return ours - float(row["difference"]), ours, low, high


def labels(cells: Sequence[str]) -> dict[str, str]:
    """Return each cell by what it is of (NAMED), and by the settings that are not the usual ones."""
    settings = {cell: cell_settings(cell) for cell in dict.fromkeys(cells)}
    usual = usual_settings(cells)
    named: dict[str, str] = {}
    for cell, each in settings.items():
        words = [
            value if key in NAMED else f"{spoken(key)} {value}"
            for key, value in each.items()
            if value != usual.get(key)
        ]
        name = " · ".join(words) or "all runs"
        named[cell] = f"{name} · again" if name in named.values() else name
    return named


def usual_settings(cells: Sequence[str]) -> dict[str, str]:
    """Return the settings that most cells of a report have; of those in NAMED, which all have."""
    settings = [cell_settings(cell) for cell in dict.fromkeys(cells)]
    counts = {key: Counter(each.get(key) for each in settings) for each in settings for key in each}
    commonest = {key: count.most_common(1)[0] for key, count in counts.items()}
    return {
        key: value
        for key, (value, times) in commonest.items()
        if value is not None and (key not in NAMED or times == len(settings))
    }


def usual_words(reported: pd.DataFrame) -> str:
    """Return the settings that a picture of reported figures leaves unsaid, in words."""
    usual = usual_settings(list(reported["cell"]))
    return said(usual)
