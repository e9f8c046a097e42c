"""The grid as a whole: small multiples of every learning curve, cost against accuracy, XOR's boundaries."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reports.factors import Factor
from reports.plots.plot import Plot
from reports.plots.style import COLOURS, INK, MARKERS, SOFT, Page, accuracy_axis, legend, panels, pen
from reports.results import Results
from reports.summary import layout, summarise

MAX_SHEET = 150


def sheet_plots(results: Results, bands: pd.DataFrame) -> list[Plot]:
    """Return every cell's test accuracy on one sheet: losses down, activations across."""
    plan = layout(results.factors)
    if (
        not plan.row
        or not plan.column
        or len(plan.row.levels) * len(plan.column.levels) > MAX_SHEET
        or bands.empty
    ):
        return []
    lines = bands[[f.name for f in plan.panels]].astype(str)
    text = (
        lines.apply(lambda row: ", ".join(f"{k} {v}" for k, v in row.items()), axis=1)
        if plan.panels
        else pd.Series("", bands.index)
    )
    order = (
        bands.assign(line=text)
        .sort_values([f.name for f in plan.panels] or ["cell"])["line"]
        .unique()
        .tolist()
    )
    title = "Test accuracy of every cell"
    caption = f"{title}, over the epochs; means over seeds."
    return [
        Plot(
            "grid",
            title,
            caption,
            "the whole grid",
            draw_sheet,
            (bands.assign(line=text), plan.row, plan.column, order),
        )
    ]


def draw_sheet(bands: pd.DataFrame, row: Factor, column: Factor, lines: Sequence[str]) -> Figure:
    """Draw the small multiples on one scale."""
    page = Page(width=1.35, height=1.0, left=1.2, across=0.1, down=0.12)
    figure, grid = panels(
        "Test accuracy of every cell", len(row.levels), len(column.levels), page, keys=lines
    )
    low, high = float(bands["test_accuracy"].quantile(0.02)), float(bands["test_accuracy"].max())
    for down, axes_row in zip(row.levels, grid, strict=True):
        for across, axes in zip(column.levels, axes_row, strict=True):
            cell = bands[(bands[row.name].astype(str) == down) & (bands[column.name].astype(str) == across)]
            for place, name in enumerate(lines):
                own, p = cell[cell["line"] == name], pen(place)
                axes.plot(
                    own["epoch"], own["test_accuracy"], color=p.colour, linestyle=p.dashes, linewidth=1.1
                )
            axes.set_title(across if axes_row is grid[0] else "", loc="center")
            axes.tick_params(labelbottom=axes_row is grid[-1])
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        accuracy_axis(axes_row[0], low, high, space=0.22)
        axes_row[0].set_ylabel(down, color=INK)
    grid[-1][0].set_xlabel("epoch")
    legend(figure, lines, left=1.2)
    return figure


def cost_plots(results: Results) -> list[Plot]:
    """Return test accuracy against the cost of training, one point per cell."""
    accuracy, cost = summarise(results, "test_accuracy"), summarise(results, "epoch_cpu_s")
    points = accuracy.assign(seconds=cost["mean"] * results.done.groupby("cell")["epochs"].mean())
    points = points[points["seconds"].notna() & points["mean"].notna()]
    if len(points) < 2:
        return []
    plan = layout(results.factors)
    title = "Cost against accuracy"
    caption = f"{title}: a point per cell; the line joins the cells that no other beats in both."
    return [
        Plot(
            "cost-accuracy",
            title,
            caption,
            "cost",
            draw_cost,
            (points, frontier(points), plan.row, plan.column),
        )
    ]


def frontier(points: pd.DataFrame) -> list[int]:
    """Return the cells that no other beats in both seconds and accuracy, cheapest first."""
    best, kept = -math.inf, []
    for cell, mean in points.sort_values(["seconds", "mean"], ascending=[True, False])["mean"].items():
        if mean > best:
            best = mean
            kept.append(int(str(cell)))
    return kept


def draw_cost(
    points: pd.DataFrame, front: Sequence[int], row: Factor | None, column: Factor | None
) -> Figure:
    """Draw a point per cell: colour by the row factor, marker by the column factor."""
    figure, grid = panels("Cost against accuracy", 1, 1, Page(width=5.4, height=3.4, top=1.15))
    axes = grid[0][0]
    colours = {level: COLOURS[k % len(COLOURS)] for k, level in enumerate(row.levels)} if row else {}
    markers = {level: MARKERS[k % len(MARKERS)] for k, level in enumerate(column.levels)} if column else {}
    for seconds, mean, down, across in zip(
        points["seconds"], points["mean"], level_names(points, row), level_names(points, column), strict=True
    ):
        colour, marker = colours.get(down, INK), markers.get(across, "o")
        axes.plot([seconds], [mean], marker, color=colour, markersize=5, alpha=0.85, markeredgewidth=0)
    best = points.loc[list(front)]
    axes.plot(best["seconds"], best["mean"], color=SOFT, linewidth=1, zorder=0)
    accuracy_axis(axes, points["mean"].min(), points["mean"].max(), space=0.07)
    axes.set_xlabel("CPU seconds of training")
    axes.set_ylabel("test accuracy")
    axes.set_xlim(left=0)
    colour_and_marker_keys(figure, row, column)
    return figure


def level_names(points: pd.DataFrame, factor: Factor | None) -> list[str]:
    """Return each cell's level of a factor, empty without one."""
    return points[factor.name].astype(str).tolist() if factor else [""] * len(points)


def colour_and_marker_keys(figure: Figure, row: Factor | None, column: Factor | None) -> None:
    """Explain colours and markers in two lines under the title."""
    width, height = figure.get_size_inches()
    for factor, line, by_colour in ((row, 0, True), (column, 1, False)):
        for k, level in enumerate(factor.levels[:8] if factor else []):
            x, y = (0.78 + 1.05 * k) / width, 1 - (0.53 + 0.22 * line) / height
            colour, marker = (
                (COLOURS[k % len(COLOURS)], "s") if by_colour else (SOFT, MARKERS[k % len(MARKERS)])
            )
            figure.text(x + 0.1 / width, y, level, fontsize=8, va="center")
            figure.add_artist(key(x, y, colour, marker))


def key(x: float, y: float, colour: str, marker: str) -> Line2D:
    """Return a lone marker at a place of the figure."""
    return Line2D([x], [y], color=colour, marker=marker, linestyle="none", markersize=5)


def boundary_plots(results: Results) -> list[Plot]:
    """Return the decision boundaries of the runs whose records have one (two-dimensional data)."""
    runs = results.done.set_index("cell_id").loc[list(results.boundaries)]
    title = "Decision boundaries"
    caption = f"{title}: what each network answers in the plane."
    found = [
        (", ".join(map(str, names)), accuracy, boundary)
        for (*names, accuracy), boundary in zip(
            runs[[*results.names, "test_accuracy"]].itertuples(index=False),
            results.boundaries.values(),
            strict=True,
        )
    ]
    return [Plot("boundary", title, caption, "decision boundary", draw_boundaries, (found,))] if found else []


def draw_boundaries(found: Sequence[tuple[str, float, dict[str, Any]]]) -> Figure:
    """Draw what each network answers over the plane."""
    columns = min(len(found), 4)
    page = Page(width=1.8, height=1.8, top=0.8, left=0.5, down=0.45)
    figure, grid = panels("Decision boundaries", -(-len(found) // columns), columns, page)
    every = [axes for row in grid for axes in row]
    for axes, (title, accuracy, boundary) in zip(every, found, strict=False):
        values = np.array(boundary.get("score") or boundary["label"], dtype=float)
        axes.contourf(boundary["x"], boundary["y"], values, levels=12, cmap="PuOr", alpha=0.9)
        axes.set_title(f"{title}  {accuracy:.3f}")
        axes.grid(False)
    for axes in every[len(found) :]:
        axes.remove()
    return figure
