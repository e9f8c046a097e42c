"""The grid as a whole: small multiples of every cell's learning curve on one sheet."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.analysis.cells import layout
from reports.plots.curves import is_sparse
from reports.plots.plot import Plot
from reports.plots.shared_settings import combinations_of, lost_note, short, usual, usual_note
from reports.plots.style import (
    COLOURS,
    ERROR_AXIS,
    INK,
    SMALL_LETTER,
    Page,
    accuracy_axis,
    legend,
    lines_of,
    mixed_pen,
    panels,
    wrapped,
)
from reports.runs.factors import Factor, spoken
from reports.runs.results import Results

MAX_SHEET = 150
MAX_KEYS = 12


def sheet_plots(results: Results, bands: pd.DataFrame) -> list[Plot]:
    """Return every cell's test accuracy on one sheet: losses down and activations across, or a panel each."""
    plan = layout(results.factors)
    title = "Test accuracy of every cell"
    caption = f"{title}, over the epochs; means over seeds."
    if bands.empty or not plan.row:
        return []
    paint: Callable[..., Figure]
    arguments: tuple[Any, ...]
    if not plan.column or is_sparse(results, bands):
        cells = bands.drop_duplicates("cell").sort_values(results.names)
        many = len(cells) > MAX_SHEET
        paint, arguments = draw_cells, (bands, results.names, cells["cell"].tolist())
    else:
        many = len(plan.row.levels) * len(plan.column.levels) > MAX_SHEET
        paint, arguments = (
            draw_sheet,
            (bands, plan.row, plan.column, [f.name for f in plan.panels], lost_note(results)),
        )
    return [] if many else [Plot("grid", title, caption, "the whole grid", paint, arguments)]


def draw_sheet(
    bands: pd.DataFrame, row: Factor, column: Factor, names: Sequence[str], lost: str = ""
) -> Figure:
    """Draw the small multiples on one scale: a line per combination of the other factors."""
    places, of_line, note = line_keys(bands, names)
    page = Page(width=1.35, height=1.0, left=1.3, across=0.1, down=0.12)
    size = len(row.levels), len(column.levels)
    note = " ".join(filter(None, [lost, note, ERROR_AXIS]))
    figure, grid = panels("Test accuracy of every cell", *size, page, keys=[*places], note=note)
    by_cell = dict(list(bands.groupby([row.name, column.name], observed=True)))
    for down, axes_row in zip(row.levels, grid, strict=True):
        for across, axes in zip(column.levels, axes_row, strict=True):
            part = by_cell.get((down, across), bands.head(0))
            for cell, own in part.groupby("cell"):
                p = mixed_pen(places.get(of_line[int(str(cell))], 0))
                line = {"color": p.colour, "linestyle": p.dashes, "linewidth": 1.1}
                axes.plot(own["epoch"], own["test_accuracy"], **line)
            axes.set_title(across if axes_row is grid[0] else "", loc="center")
            axes.tick_params(labelbottom=axes_row is grid[-1])
        axes_row[0].set_ylabel(wrapped(down, page.height), color=INK)
    one_scale(grid, bands)
    grid[-1][0].set_xlabel("epoch")
    legend(figure, places, left=page.left, pens=mixed_pen)
    return figure


def line_keys(bands: pd.DataFrame, names: Sequence[str]) -> tuple[dict[str, int], dict[int, str], str]:
    """Return the keys of the lines with their places, the key of each cell, and what they leave out.

    More combinations than can be told apart are drawn alike but for the first factor.
    """
    cells = bands.drop_duplicates("cell").sort_values([*names, "cell"])
    found = combinations_of(cells, names) if names else [{}] * len(cells)
    common, told = usual(found), list(names)
    if len({short(levels, common) for levels in found}) > MAX_KEYS:
        common, told = {}, told[:1]
    keys = [short({name: levels[name] for name in told}, common) for levels in found]
    others = [name for name in names if name not in told]
    alike = f"A line for each combination with {' and '.join(map(spoken, others))}." if others else ""
    places = {key: place for place, key in enumerate(dict.fromkeys(keys)) if key}
    return places, dict(zip(cells["cell"], keys, strict=True)), usual_note(common) or alike


def one_scale(grid: Sequence[Sequence[Axes]], bands: pd.DataFrame) -> None:
    """Give all panels the same epochs and accuracies."""
    low, high = float(bands["test_accuracy"].min()), float(bands["test_accuracy"].max())
    for axes_row in grid:
        accuracy_axis(axes_row[0], low, high, space=0.22)
        for axes in axes_row:
            axes.set_xlim(0, float(bands["epoch"].max()) * 1.03)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))


def draw_cells(bands: pd.DataFrame, names: Sequence[str], cells: Sequence[int]) -> Figure:
    """Draw a panel per cell on one scale."""
    found = combinations_of(bands.drop_duplicates("cell").set_index("cell").loc[list(cells)], names)
    common = usual(found)
    columns = min(len(cells), 6)
    titles = [wrapped(short(levels, common), 1.5, SMALL_LETTER) for levels in found]
    page = Page(
        1.5, 0.95, across=0.12, down=0.3 + 0.12 * lines_of(titles), top=0.75 + 0.12 * lines_of(titles)
    )
    rows = math.ceil(len(cells) / columns)
    note = " ".join(filter(None, [usual_note(common), ERROR_AXIS]))
    figure, grid = panels("Test accuracy of every cell", rows, columns, page, note=note)
    every = [axes for row in grid for axes in row]
    by_cell = dict(list(bands.groupby("cell")))
    for cell, title, axes in zip(cells, titles, every, strict=False):
        own = by_cell[cell]
        axes.plot(own["epoch"], own["test_accuracy"], color=COLOURS[0])
        axes.fill_between(
            own["epoch"], own["test_accuracy_low"], own["test_accuracy_high"], color=COLOURS[0], alpha=0.18
        )
        axes.set_title(title, fontsize=7)
    one_scale(grid, bands)
    for axes in every[len(cells) :]:
        axes.remove()
    return figure
