"""The heat map as it is first shown: which factor goes where, and every box with its text, mark and shade."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from reports.page.content import CellFigures, Content, Factor, Metric, Numbers, Sweep
from reports.page.shown import Shade, shades, show, stretched

MOST_PANELS = 12
MOST_ACROSS = 10  # levels side by side


@dataclass(frozen=True)
class Layout:
    """Factors down the side, across, and those that tell panels apart; the rest is averaged."""

    row: str
    column: str
    panels: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """One box: what it picks (levels, * for all), its texts, mark and shade (None without a figure)."""

    pick: str
    text: str
    small: str = ""
    mark: str = ""
    shade: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Panel:
    """One table of boxes: its title, and each row's label with its boxes (None where no cell was planned)."""

    title: str
    rows: tuple[tuple[str, tuple[Box | None, ...]], ...]


def layout_of(content: Content) -> Layout:
    """Return the first layout: as the caller wants it, panels as long as there are few."""
    factors = [factor for factor in content.sweep.factors if len(factor.levels) > 1]
    names = [factor.name for factor in factors]
    row, column = (name if name in names else "" for name in content.layout)
    row = row or next((name for name in names if name != column), "")
    column = column or next((name for name in names if name != row), "")
    panels, count = [], 1
    for factor in factors:
        if factor.name not in (row, column) and count * len(factor.levels) <= MOST_PANELS:
            panels.append(factor.name)
            count *= len(factor.levels)
    levels = {factor.name: len(factor.levels) for factor in factors}
    return Layout(row, column, tuple(sorted(panels, key=lambda name: -levels[name])))


def panels_of(content: Content, layout: Layout, metric: Metric) -> list[Panel]:
    """Return the panels of a metric in a layout, without those of which no cell was planned."""
    sweep = content.sweep
    by_name = {factor.name: factor for factor in sweep.factors}
    split = [by_name[name] for name in layout.panels]
    shade = shades(sweep, metric)
    panels = [
        Panel(
            ", ".join(f"{f.name} {level}" for f, level in zip(split, levels, strict=True)),
            tuple(rows_of(content, layout, metric, dict(zip(layout.panels, levels, strict=True)), shade)),
        )
        for levels in itertools.product(*(factor.levels for factor in split))
    ]
    return [panel for panel in panels if any(box for _, row in panel.rows for box in row)]


def rows_of(
    content: Content, layout: Layout, metric: Metric, fixed: dict[str, str], shade: dict[str, Shade]
) -> list[tuple[str, tuple[Box | None, ...]]]:
    """Return the rows of one panel."""
    by_name = {factor.name: factor for factor in content.sweep.factors}
    rows = by_name[layout.row].levels if layout.row else ("",)
    columns = by_name[layout.column].levels if layout.column else ("",)
    made = []
    for row in rows:
        wanted = [
            fixed | ({layout.row: row} if row else {}) | ({layout.column: c} if c else {}) for c in columns
        ]
        made.append((row, tuple(box_of(content, metric, levels, shade) for levels in wanted)))
    return made


def box_of(content: Content, metric: Metric, wanted: dict[str, str], shade: dict[str, Shade]) -> Box | None:
    """Return the box of all cells with these levels; None if there is no such cell."""
    sweep = content.sweep
    cells = np.flatnonzero(matching(sweep, wanted))
    if not len(cells):
        return None
    pick = ",".join(pick_text(wanted.get(factor.name, "*")) for factor in sweep.factors)
    figures = sweep.cells.figures[metric.name]
    means = figures.mean[cells]
    if not np.isfinite(means).any():
        return Box(pick, *without(sweep, cells), title=pick)
    groups = groups_of(sweep, metric, cells[np.isfinite(means)])
    if len(groups) > 1:
        return Box(pick, "–", "not comparable")
    value = float(np.nanmean(means))
    key = groups.pop()
    step = shade[key].step(float(stretched(metric, np.array(value)))) if key in shade else None
    mark = "below" if key in shade and stretched(metric, np.array(value)) < shade[key].low else ""
    if len(cells) > 1:
        return Box(pick, show(metric, value), cells_behind(means), mark, step)
    return one_cell(content, metric, Box(pick, show(metric, value), "", mark, step), int(cells[0]), figures)


def cells_behind(means: Numbers) -> str:
    """Return over how many cells a mean is: "21 cells", or "19 of 21 cells" where some have no figure."""
    known = int(np.isfinite(means).sum())
    return f"{f'{known} of ' if known < len(means) else ''}{len(means)} cells"


def groups_of(sweep: Sweep, metric: Metric, cells: np.ndarray) -> set[str]:
    """Return the levels that these cells have of the factors across which a metric is not compared."""
    places = [place for place, factor in enumerate(sweep.factors) if factor.name in metric.within]
    rows = np.unique(sweep.cells.levels[cells][:, places], axis=0).tolist()
    return {
        ",".join(sweep.factors[p].levels[level] for p, level in zip(places, row, strict=True)) for row in rows
    }


def one_cell(content: Content, metric: Metric, box: Box, cell: int, figures: CellFigures) -> Box:
    """Return the box of a single cell: with its interval, how many of its runs are behind it, its mark."""
    half, n, runs = figures.half[cell], int(figures.n[cell]), int(content.sweep.cells.runs[cell])
    small = spread(metric, float(figures.mean[cell]), float(half)) if math.isfinite(half) else ""
    small += f" {n}/{runs}" if n < runs else ""
    main = metric.name == content.sweep.metrics[0].name
    best = main and any(cell == best.cell for best in content.answer.best)
    near = main and any(cell in best.may_be_best for best in content.answer.best)
    marks = [box.mark, "best" if best else "near" if near else ""]
    return Box(box.pick, box.text, small.strip(), " ".join(filter(None, marks)), box.shade)


def spread(metric: Metric, mean: float, half: float) -> str:
    """Return an interval in a box: ± its half; its ends where it has values that cannot be."""
    low, high = mean - half, mean + half
    least = low if metric.least is None else max(low, metric.least)
    most = high if metric.most is None else min(high, metric.most)
    cut = (least, most) != (low, high)
    return f"[{show(metric, least)}, {show(metric, most)}]" if cut else f"± {show(metric, half)}"


def without(sweep: Sweep, cells: np.ndarray) -> tuple[str, str]:
    """Return what stands in a box without a figure: the commonest state, and how many runs there are."""
    inside = np.flatnonzero(np.isin(sweep.runs.cell, cells)).tolist()
    states = [sweep.runs.status[run] for run in inside]
    state = max(sorted(set(states)), key=states.count, default="missing")
    return (state if state != "done" else "no figure"), f"{len(states)} runs" if len(states) > 1 else ""


def matching(sweep: Sweep, wanted: dict[str, str]) -> np.ndarray:
    """Return which cells have these levels."""
    keep = np.ones(len(sweep.cells.levels), dtype=bool)
    for place, factor in enumerate(sweep.factors):
        if factor.name in wanted:
            keep &= sweep.cells.levels[:, place] == level_place(factor, wanted[factor.name])
    return keep


def level_place(factor: Factor, level: str) -> int:
    """Return the place of a level."""
    return factor.levels.index(level)


def pick_text(level: str) -> str:
    """Return a level as a pick names it: picks are joined by commas, and lists of them by bars."""
    return level.replace(",", ";").replace("|", ";")
