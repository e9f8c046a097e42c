"""Cells side by side: cost against accuracy, the decision boundaries of two-dimensional data."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.analysis.cells import layout, summarise
from reports.plots.plot import Plot
from reports.plots.shared_settings import combinations_of
from reports.plots.style import (
    COLOURS,
    ERROR_AXIS,
    LETTER,
    MARKERS,
    SOFT,
    Page,
    accuracy_axis,
    lines_of,
    panels,
    wrapped,
)
from reports.runs.factors import Factor, said
from reports.runs.results import Results

EXAMPLES = ("#3d1a00", "#1f0a40")  # readable on either side of a boundary


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
    longest = max((len(level) for factor in (row, column) if factor for level in factor.levels), default=0)
    width = max(5.4, key_room(longest))
    keys = [*key_lines(row, width, True), *key_lines(column, width, False)]
    page = Page(width=width, height=3.4, top=0.75 + 0.2 * len(keys))
    line = "The line joins the cells that no other beats in both. " if len(front) > 1 else ""
    figure, grid = panels("Cost against accuracy", 1, 1, page, note=f"{line}{ERROR_AXIS}")
    axes = grid[0][0]
    for seconds, mean, down, across in zip(
        points["seconds"], points["mean"], places(points, row), places(points, column), strict=True
    ):
        axes.plot([seconds], [mean], **dot(down, across), alpha=0.85)
    best = points.loc[list(front)]
    axes.plot(best["seconds"], best["mean"], color=SOFT, linewidth=1, zorder=0)
    accuracy_axis(axes, points["mean"].min(), points["mean"].max(), space=0.07)
    axes.set_xlabel("CPU seconds of training")
    axes.set_ylabel("test accuracy")
    axes.set_xlim(0, 1.05 * points["seconds"].max() or 1)
    draw_keys(figure, keys, page.left)
    return figure


def dot(row: int, column: int, colour: str = "") -> dict[str, Any]:
    """Return how the cell of these levels is drawn: colours come back larger, markers hollow."""
    colour = colour or COLOURS[row % len(COLOURS)]
    hollow = column // len(MARKERS) % 2
    return {
        "color": colour,
        "marker": MARKERS[column % len(MARKERS)],
        "markersize": 5 + 3 * (row // len(COLOURS)),
        "markerfacecolor": "none" if hollow else colour,
        "markeredgewidth": 1.2 * hollow,
    }


Key = tuple[float, str, dict[str, Any]]


def key_room(letters: int) -> float:
    """Return the inches that a key of so many letters takes."""
    return 0.3 + LETTER * letters


def key_lines(factor: Factor | None, width: float, by_colour: bool) -> list[list[Key]]:
    """Return the keys of a factor's levels in lines of this width: place in inches, level, its dot."""
    lines: list[list[Key]] = [[]]
    x = 0.0
    for k, level in enumerate(factor.levels if factor else ()):
        room = key_room(len(level))
        if x and x + room > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, level, dot(k, 1) if by_colour else dot(0, k, SOFT)))
        x += room
    return [line for line in lines if line]


def draw_keys(figure: Figure, lines: Sequence[Sequence[Key]], left: float) -> None:
    """Explain colours and markers under the title."""
    width, height = figure.get_size_inches()
    for number, line in enumerate(lines):
        y = 1 - (0.53 + 0.2 * number) / height
        for x, level, drawn in line:
            place = (left + 0.05 + x) / width
            figure.text(place + 0.1 / width, y, level, fontsize=8, va="center")
            figure.add_artist(Line2D([place], [y], linestyle="none", **drawn))


def places(points: pd.DataFrame, factor: Factor | None) -> list[int]:
    """Return the place of each cell's level in its factor, 0 without one."""
    return points[factor.name].astype(str).map(factor.levels.index).tolist() if factor else [0] * len(points)


def boundary_plots(results: Results) -> list[Plot]:
    """Return the decision boundaries of the runs whose records have one (two-dimensional data)."""
    drawn = results.done[results.done["cell_id"].isin(list(results.boundaries))].sort_values(["cell", "seed"])
    title = "Decision boundaries"
    some = f" The first {len(drawn)} of {len(results.done)} runs." if len(drawn) < len(results.done) else ""
    caption = (
        f"{title}: what each network answers in the plane, and its test accuracy. Points: test examples by "
        f"their true class (a mark each).{some}"
    )
    names = [name for name in [*results.names, "seed"] if drawn[name].nunique() > 1]
    found = [
        (said(levels), accuracy, results.boundaries[cell_id])
        for levels, accuracy, cell_id in zip(
            combinations_of(drawn, names), drawn["test_accuracy"], drawn["cell_id"], strict=True
        )
    ]
    return [Plot("boundary", title, caption, "decision boundary", draw_boundaries, (found,))] if found else []


def draw_examples(axes: Axes, examples: object) -> None:
    """Draw the test examples that a boundary was judged by, if its record has them, a mark for each class."""
    if not isinstance(examples, dict):
        return
    try:
        x, y, label = (np.array(examples[name], dtype=float) for name in ("x", "y", "label"))
    except (KeyError, ValueError, TypeError):
        return
    if x.ndim != 1 or not x.shape == y.shape == label.shape:
        return
    for place, own in enumerate(np.unique(label)[: len(MARKERS)]):
        there = label == own
        look: dict[str, Any] = {
            "marker": MARKERS[place],
            "linestyle": "none",
            "markersize": 2.6,
            "markeredgewidth": 0.4,
        }
        axes.plot(x[there], y[there], color=EXAMPLES[place % 2], markeredgecolor="white", **look)


def draw_boundaries(found: Sequence[tuple[str, float, dict[str, Any]]]) -> Figure:
    """Draw what each network answers over the plane."""
    columns = min(len(found), 5)
    titles = [wrapped(f"{title}: {accuracy:.3f}".removeprefix(": "), 1.8) for title, accuracy, _ in found]
    over = 0.14 * (lines_of(titles) - 1)
    page = Page(width=1.8, height=1.8, top=0.8 + over, left=0.5, down=0.45 + over)
    figure, grid = panels("Decision boundaries", math.ceil(len(found) / columns), columns, page)
    every = [axes for row in grid for axes in row]
    for axes, title, (_, _, boundary) in zip(every, titles, found, strict=False):
        values = np.array(boundary["label"], dtype=float)
        axes.contourf(boundary["x"], boundary["y"], values, levels=12, cmap="PuOr", alpha=0.4)
        axes.set_title(title)
        draw_examples(axes, boundary.get("test"))
        axes.set_xlim(boundary["x"][0], boundary["x"][-1])
        axes.set_ylim(boundary["y"][0], boundary["y"][-1])
        axes.grid(False)
    for axes in every[len(found) :]:
        axes.remove()
    return figure
