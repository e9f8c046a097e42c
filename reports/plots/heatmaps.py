"""Heat maps: a metric over the whole grid, a panel per combination of what is neither row nor column."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from reports.analysis.counting import only_near_best
from reports.analysis.intervals import Floats
from reports.plots.plot import Plot
from reports.plots.shared_settings import short, usual, usual_note
from reports.plots.style import (
    HEAT,
    INK,
    PAPER,
    SMALL_LETTER,
    SOFT,
    TITLE_LETTER,
    Page,
    TickLabels,
    figure_width,
    lines_of,
    log_error,
    panels,
    wrapped,
)
from reports.runs.factors import DATASET, said, spoken
from reports.runs.metrics import NETWORKS, Measures, Metric
from reports.tables.shades import worst_told_apart
from reports.tables.table import Entry, Table
from sweeps.records.metric import NAME

HEAT_METRICS = (NAME, "train_accuracy", "gap", "convergence", "epoch_cpu_s")
MAIN_GRID = HEAT_METRICS[:1]
MAX_PANELS = 24
SHADES = 48  # of a colour bar
MAX_ROWS = 60  # of a plot of dots
BAR_LINE = 0.22  # inches: a line for the colours, above the panels' titles
BELOW = "▼"
BELOW_NOTE = f"{BELOW}: beyond the worst end of the colours"


def heatmap_plots(
    tables: Mapping[str, Table], measures: Measures = NETWORKS, metrics: Sequence[str] = HEAT_METRICS
) -> list[Plot]:
    """Return a heat map of the main and each of these metrics (of other measures: of each ranked one)."""
    plots = []
    for name in measures.ranked if measures.own else measures.first(metrics):
        table = tables[name]
        if not any(math.isfinite(entry.value) for row in table.rows for entry in row[table.leading :]):
            continue
        if not table.across:
            plots.append(dot_plot(table, measures.metrics[name]))
            continue
        count = len(panel_levels(table))
        some = f" The first {MAX_PANELS} of {count} panels." if count > MAX_PANELS else ""
        metric = measures.metrics[name]
        clipped = any((panel.shades < 0).any() for panel in grid_panels(table, metric)[:MAX_PANELS])
        below = f"; {BELOW_NOTE}" if clipped else ""
        caption = f"{table.title} over the grid; the best cell of each panel is framed{below}.{some}"
        plots.append(
            Plot(
                f"heatmap-{name}",
                table.title,
                caption,
                "heat maps",
                draw_heatmaps,
                (table, metric),
            )
        )
    return plots


def dot_plot(table: Table, metric: Metric) -> Plot:
    """Return the figure of a table with one figure a row: a dot for each, with its interval."""
    bars = "; bars: 95 % intervals over seeds" if any(e.half == e.half for e in figures(table)) else ""
    some = f" The first {MAX_ROWS} of {len(table.rows)} cells." if len(table.rows) > MAX_ROWS else ""
    caption = f"{table.title} of every cell{bars}.{some}"
    return Plot(f"heatmap-{metric.name}", table.title, caption, "heat maps", draw_dots, (table, metric))


def figures(table: Table) -> list[Entry]:
    """Return the entries of a table's only column of figures."""
    return [row[table.leading] for row in table.rows]


def draw_dots(table: Table, metric: Metric) -> Figure:
    """Draw a dot with its interval for each row, in the table's order; the best is filled."""
    shown = table.rows[:MAX_ROWS]
    names = [
        said({h: e.text for h, e in zip(table.heads, row[: table.leading], strict=False)}) for row in shown
    ]
    entries = [row[table.leading] for row in shown]
    label = 0.35 + SMALL_LETTER * max(map(len, names), default=0)
    page = Page(3.6, max(0.24 * len(shown), 0.6), label, 0.3, 0.6, 0.5)
    figure, [[axes]] = panels(table.title, 1, 1, page)
    for place, entry in enumerate(entries):
        half = 0.0 if math.isnan(entry.half) else entry.half
        face = INK if entry.mark == "best" else PAPER
        axes.errorbar(
            [entry.value],
            [place],
            xerr=[half],
            fmt="o",
            color=INK,
            markerfacecolor=face,
            elinewidth=1.2,
            capsize=2.5,
        )
        if not math.isfinite(entry.value):
            axes.text(0.5, place, entry.text, transform=axes.get_yaxis_transform(), color=SOFT, va="center")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(TickLabels())
    axes.set_xlabel(metric.label)
    return figure


@dataclass(frozen=True)
class Panel:
    """One panel of a grid table: title, labels of its rows, entries and their shades (rows, columns)."""

    title: str
    labels: tuple[str, ...]
    entries: tuple[tuple[Entry, ...], ...]
    shades: Floats


def grid_panels(table: Table, metric: Metric) -> list[Panel]:
    """Return the panels of a grid table, those of one data set shaded on one scale."""
    values = np.array([[entry.value for entry in row[table.leading :]] for row in table.rows])
    data = table.heads.index(DATASET) if DATASET in table.heads[: table.group] else None
    of_row = np.array(["" if data is None else row[data].text for row in table.rows])
    shade = np.full(values.shape, np.nan)
    for name in np.unique(of_row):
        shade[of_row == name] = shades(values[of_row == name], metric)
    places: dict[str, list[int]] = {}
    common = usual(panel_levels(table))
    for place, levels in enumerate(row_levels(table)):
        places.setdefault(short(levels, common), []).append(place)
    return [
        Panel(
            title,
            tuple(table.rows[k][table.leading - 1].text if table.leading else "" for k in rows),
            tuple(table.rows[k][table.leading :] for k in rows),
            shade[rows],
        )
        for title, rows in places.items()
    ]


def row_levels(table: Table) -> list[dict[str, str]]:
    """Return the settings that tell apart the panel of each row."""
    heads = table.heads[: table.group]
    return [{head: entry.text for head, entry in zip(heads, row, strict=False)} for row in table.rows]


def panel_levels(table: Table) -> list[dict[str, str]]:
    """Return the settings of each panel once."""
    return [dict(levels) for levels in dict.fromkeys(tuple(row.items()) for row in row_levels(table))]


def sides_note(table: Table) -> str:
    """Return what the rows and the columns of each panel are."""
    rows = f"rows: {spoken(table.heads[table.leading - 1])}" if table.leading else ""
    columns = f"columns: {spoken(table.across)}" if table.across else ""
    note = "; ".join(filter(None, [rows, columns]))
    return f"{note[0].upper()}{note[1:]}." if note else ""


def framed_note(metric: Metric) -> str:
    """Return what the frames mean; convergence is compared near the best accuracy only."""
    near = " among the cells near the best accuracy" if only_near_best(metric) else ""
    return f"Framed: the best of each panel{near}."


def panel_note(table: Table) -> str:
    """Return what the titles of the panels leave out because it is usual."""
    return usual_note(usual(panel_levels(table)))


def shades(values: ArrayLike, metric: Metric) -> Floats:
    """Return where each figure lies between the worst (0) and the best (1), NaN where there is none.

    Accuracies are compared by their log error. What lies far below the rest has a shade below 0, and is
    marked.
    """
    x = np.asarray(values, dtype=np.float64)
    x = np.asarray(log_error(x)) if metric.unit == "accuracy" and metric.better == "higher" else x
    x = -x if metric.better == "lower" else x
    known = x[np.isfinite(x)]
    if not known.size:
        return np.full(x.shape, np.nan)
    low, high = worst_told_apart(known), float(known.max())
    return (x - low) / (high - low) if high > low else np.where(np.isfinite(x), 0.5, np.nan)


def draw_heatmaps(table: Table, metric: Metric) -> Figure:
    """Draw the panels, all on one colour scale."""
    shown = grid_panels(table, metric)[:MAX_PANELS]
    heads = table.heads[table.leading :]
    columns = min(len(shown), 3 if len(heads) > 3 else 4)
    rows = math.ceil(len(shown) / columns)
    tall = [max(len(panel.labels) for panel in shown[r * columns : (r + 1) * columns]) for r in range(rows)]
    label = 0.3 + SMALL_LETTER * max(len(name) for panel in shown for name in panel.labels)
    width = max(0.62, SMALL_LETTER * max(map(len, heads)) + 0.1) * len(heads)
    beside = max(0.5 * label, 0.2)
    titles = [wrapped(panel.title, width + beside) for panel in shown]
    over = 0.14 * (lines_of(titles) - 1)
    page = Page(width, 0, max(label, 0.4), beside, 0.85 + over, 0.2, across=label, down=0.6 + over)
    bar = colour_ends(table, metric)
    if (
        bar
        and any(titles)
        and not fits_beside(bar, table.title, page, figure_width(page, columns, table.title))
    ):
        page = page._replace(top=page.top + BAR_LINE)
    note = " ".join(filter(None, [sides_note(table), framed_note(metric), panel_note(table)]))
    heights = [0.3 * lines for lines in tall]
    figure, grid = panels(table.title, rows, columns, page, share_y=False, note=note, heights=heights)
    every = [axes for row in grid for axes in row]
    for place, (axes, panel, title) in enumerate(zip(every, shown, titles, strict=False)):
        draw_panel(axes, panel, title, heads, metric)
        axes.set_ylim(tall[place // columns] - 0.5, -0.5)
    for axes in every[len(shown) :]:
        axes.remove()
    if bar:
        colour_bar(figure, bar, fits_beside(bar, table.title, page, figure.get_size_inches()[0]))
    return figure


def colour_ends(table: Table, metric: Metric) -> tuple[str, str] | None:
    """Return the worst and the best end of the colours; None if they are of several scales, or of none."""
    values = np.array([[entry.value for entry in row[table.leading :]] for row in table.rows])
    known = values[np.isfinite(values)]
    if DATASET in table.heads[: table.group] or not known.size or known.min() == known.max():
        return None
    shade, flat = shades(values, metric), values.ravel()
    inside = flat[(shade.ravel() >= 0)]
    ends = (inside.min(), inside.max()) if metric.better != "lower" else (inside.max(), inside.min())
    clipped = f"{BELOW} beyond " if (shade < 0).any() else ""
    return f"{clipped}{metric.show(float(ends[0]))}", metric.show(float(ends[1]))


def fits_beside(ends: tuple[str, str], title: str, page: Page, width: float) -> bool:
    """Return whether a figure of this width, in inches, has room for the colours beside its title."""
    return page.left + TITLE_LETTER * len(title) < width - 2.1 - SMALL_LETTER * len(ends[0])


def colour_bar(figure: Figure, ends: tuple[str, str], beside: bool) -> None:
    """Explain the colours at the top right: beside the figure's title, or in a line of their own below it."""
    width, height = figure.get_size_inches()
    text: dict[str, Any] = {"fontsize": 7, "color": SOFT, "va": "center"}
    left, y = (width - 2.0) / width, 1 - (0.26 if beside else 0.5) / height
    for step in range(SHADES):
        place = left + step / SHADES / width, y - 0.06 / height
        size = 1.05 / SHADES / width, 0.12 / height  # over one another by a little: no lines between
        shown = mpl.colormaps[HEAT](step / (SHADES - 1))
        figure.add_artist(Rectangle(place, *size, facecolor=shown, linewidth=0, transform=figure.transFigure))
    figure.text(left - 0.06 / width, y, ends[0], ha="right", **text)
    figure.text(left + 1.08 / width, y, ends[1], ha="left", **text)


def draw_panel(axes: Axes, panel: Panel, title: str, heads: Sequence[str], metric: Metric) -> None:
    """Draw one panel: colours, figures, a frame around the best, and why a figure is not there."""
    axes.imshow(panel.shades, cmap=HEAT, vmin=0, vmax=1, aspect="auto")
    axes.set_title(title, pad=20)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.set_xticks(range(len(heads)), heads)
    axes.set_yticks(range(len(panel.labels)), panel.labels)
    for (r, c), shade in np.ndenumerate(panel.shades):
        entry = panel.entries[r][c]
        ink = "white" if shade < 0.55 else INK
        text = metric.show(entry.value) if math.isfinite(entry.value) else entry.text.split(" (")[0]
        text = f"{text} {BELOW}" if shade < 0 else text
        weight = "bold" if entry.mark == "best" else "normal"
        axes.text(c, r, text, ha="center", va="center", color=ink, fontsize=7, fontweight=weight)
        if entry.mark == "best":
            box = Rectangle((c - 0.47, r - 0.45), 0.94, 0.9, fill=False, edgecolor=ink, linewidth=1.3)
            axes.add_patch(box)
