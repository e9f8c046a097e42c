"""Layers: how large the gradient of each is, and how many of its units are dead, over the epochs."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.plots.curves import first_of
from reports.plots.plot import Plot
from reports.plots.shared_settings import combinations_of, short, usual, usual_note
from reports.plots.style import Page, legend, lines_of, log_axis, panels, pen, wrapped
from reports.runs.layers import layer_curves
from reports.runs.results import Results

TITLE, SECTION = "Layers", "layers"
MAX_COLUMNS = 6
KINDS = {"grad_norm": "gradient norm", "dead": "dead units"}
CAPTION = (
    "Layers: gradient norm of each layer's weights at the last step of an epoch, and the share of its units "
    "that no example of that step moved; means over seeds."
)


def layer_plots(results: Results) -> list[Plot]:
    """Return a figure for every six cells whose runs kept figures of their layers; none if no run did."""
    curves = layer_curves(results)
    cells = list(curves["cell"].unique())
    levels = combinations_of(results.cells.loc[cells], results.names)
    common = usual(levels)
    titles = {cell: short(level, common) for cell, level in zip(cells, levels, strict=True)}
    parts = [cells[start : start + MAX_COLUMNS] for start in range(0, len(cells), MAX_COLUMNS)]
    plots = []
    for number, part in enumerate(parts, 1):
        title = f"{TITLE} ({number})" if len(parts) > 1 else TITLE
        arguments = (
            title,
            curves[curves["cell"].isin(part)],
            {c: titles[c] for c in part},
            usual_note(common),
        )
        name = f"layers_{number}" if number > 1 else "layers"
        plots.append(Plot(name, title, CAPTION, SECTION, draw_layers, arguments))
    return first_of(plots)


def draw_layers(title: str, curves: pd.DataFrame, titles: Mapping[int, str], note: str) -> Figure:
    """Draw a column for each cell: gradient norms above, dead units below, a line for each layer."""
    keys = {f"layer {layer}": layer - 1 for layer in sorted(curves["layer"].unique())}
    heads = [wrapped(text, Page().width) for text in titles.values()]
    page = Page(top=0.8 + 0.14 * lines_of([head for head in heads if head]) * any(heads))
    figure, grid = panels(title, len(KINDS), len(titles), page, keys=[*keys], note=note)
    for (kind, label), row in zip(KINDS.items(), grid, strict=True):
        for cell, head, axes in zip(titles, heads, row, strict=True):
            for layer, own in curves[curves["cell"] == cell].groupby("layer"):
                p = pen(int(str(layer)) - 1)
                axes.plot(own["epoch"], own[kind], color=p.colour, linestyle=p.dashes, marker=p.marker)
            axes.set_title(head if row is grid[0] else "")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_xlabel("epoch" if row is grid[-1] else "")
        row[0].set_ylabel(label)
    if (curves["grad_norm"] > 0).all():
        grid[0][0].set_yscale("log")
        log_axis(grid[0][0].yaxis)
    grid[1][0].set_ylim(-0.03, 1.03)
    grid[1][0].yaxis.set_major_formatter(PercentFormatter(1.0))
    legend(figure, keys)
    return figure
