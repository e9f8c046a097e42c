"""One figure on demand: a metric against a setting, or a curve over the epochs; a line for each level."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.analysis.counting import counted
from reports.analysis.effects import interval_of, matched_by
from reports.analysis.intervals import Interval, t_interval
from reports.analysis.looks import looks_of
from reports.analysis.matched import Matched
from reports.plots.plot import Plot
from reports.plots.sheets import ONLY_COURSES
from reports.plots.style import Page, accuracy_axis, legend, log_axis, ordinal_axis, panels, pen
from reports.runs.factors import Factor, spoken
from reports.runs.results import Results

EPOCH, LOSS = "epoch", "loss"
LOG_FROM = 10.0
MANY = 20  # points of a line: beyond, their intervals are a band
PAGE = Page(width=4.6, height=2.9)


@dataclass(frozen=True)
class Line:
    """A line: its name, where its points stand along x, their means with intervals."""

    name: str
    x: tuple[float, ...]
    points: tuple[Interval, ...]


@dataclass(frozen=True)
class Drawing:
    """The numbers of a figure, and the words of its axes."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    ticks: tuple[str, ...] = ()
    joined: bool = True
    log: bool = False
    error_axis: bool = False
    note: str = ""


def single(
    results: Results,
    x: str,
    y: str,
    by: str = "",
    label: str = "",
    error_axis: bool = False,
    apart: Sequence[str] = (),
) -> Plot:
    """Return the figure of `y` against the setting `x` (or "epoch"), a line for each level of `by`.

    Means are over the cells and seeds that all levels along a line share; bars are 95 % intervals over seeds;
    a diverged run is in them as what it counts as. There is none over levels of the factors `apart`: each of
    them has a line too.
    """
    lines_by = tuple(dict.fromkeys(name for name in (by, *apart) if name and name != x))
    parts = levels_apart(results, lines_by)
    made = {
        name: over_epochs(part, y) if x == EPOCH else over_levels(part, results.factor(x), y, lines_by)
        for name, part in parts.items()
    }
    lines = tuple(Line(name, *points) for name, points in made.items() if points[0])
    factor = None if x == EPOCH else results.factor(x)
    log, ticks = (False, ()) if factor is None else kind_of(factor)
    along = results.step if x == EPOCH else x
    words = spoken(along)
    title = f"{label or y} against {words}" + (
        f", by {' and '.join(map(spoken, lines_by))}" if lines_by else ""
    )
    joined = factor is None or factor.numeric
    foot = note_of(results, [name for name in results.names if name not in (x, *lines_by)], lines)
    foot += f" {ONLY_COURSES}" if any(results.factor(name).key == LOSS for name in apart) else ""
    drawing = Drawing(title, words, label or y, lines, ticks, joined, log, error_axis, foot)
    return Plot(f"{y}-against-{along}" + (f"-by-{by}" if by else ""), title, title, "", draw, (drawing,))


def levels_apart(results: Results, by: Sequence[str]) -> dict[str, Results]:
    """Return the part of each combination of levels of these factors; all of it under "" without any."""
    if not by:
        return {"": results}
    chosen = {"": results.runs["cell_id"].notna()}
    for name in by:
        column = results.runs[name].astype(str)
        chosen = {
            ", ".join(filter(None, [before, f"{spoken(name)} {level}"])): rows & (column == level)
            for before, rows in chosen.items()
            for level in results.factor(name).levels
        }
    return {name: results.part(rows) for name, rows in chosen.items() if rows.any()}


def note_of(results: Results, over: Sequence[str], lines: Sequence[Line]) -> str:
    """Return what the means of a figure are over, and what its bars are."""
    seeds = results.runs["seed"].nunique()
    parts = [*map(spoken, over), *([f"{seeds} seeds"] if seeds > 1 else [])]
    words = " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
    bars = any(math.isfinite(point.half) and point.half for line in lines for point in line.points)
    means = f"Means over {words}." if words else "Single runs."
    drawn = "Bands" if any(len(line.x) > MANY for line in lines) else "Bars"
    return f"{means} {drawn}: 95 % intervals over seeds." if bars else means


def over_levels(
    part: Results, factor: Factor, y: str, by: Sequence[str]
) -> tuple[tuple[float, ...], tuple[Interval, ...]]:
    """Return where the levels of a factor stand along x, and the mean of each."""
    if factor.name not in part.names:
        return (), ()
    others = [name for name in part.names if name not in (factor.name, *by)]
    use = counted(part, y)
    found = matched_by(use, factor.name, others, looks_of(part))
    levels, means = level_means(found, use.grain)
    _, ticks = kind_of(factor)
    places = {level: factor.levels.index(level) if ticks else factor.numbers[level] for level in levels}
    known = [(places[level], i) for level, i in zip(levels, means, strict=True) if i.n]
    return tuple(float(x) for x, _ in known), tuple(i for _, i in known)


def level_means(found: Matched, grain: float) -> tuple[tuple[str, ...], list[Interval]]:
    """Return the levels that have runs enough, and the mean of each over the runs that all of them share."""
    kept = found.part(levels=[k for k, level in enumerate(found.levels) if level not in found.too_few])
    shared = np.where(np.isfinite(kept.counted).all(axis=0), kept.counted, np.nan)
    return kept.levels, [interval_of(values, grain) for values in shared]


def over_epochs(part: Results, y: str) -> tuple[tuple[float, ...], tuple[Interval, ...]]:
    """Return the epochs, and the mean over the runs that have reached each."""
    seeds = part.runs.set_index("cell_id")["seed"]
    rows = part.history[["cell_id", EPOCH, y]].dropna()
    rows = rows.assign(seed=rows["cell_id"].astype(object).map(seeds))
    by_seed = rows.groupby([EPOCH, "seed"])[y].mean().unstack()
    return tuple(map(float, by_seed.index)), tuple(t_interval(row) for row in by_seed.to_numpy(np.float64))


def kind_of(factor: Factor) -> tuple[bool, tuple[str, ...]]:
    """Return whether a setting's axis is logarithmic, and its levels where they stand side by side."""
    if not factor.numeric:
        return False, factor.levels
    numbers = list(factor.numbers.values())
    wide = max(numbers) >= LOG_FROM * min((n for n in numbers if n > 0), default=math.inf)
    return (True, ()) if wide and min(numbers) > 0 else (False, factor.levels if wide else ())


def draw(drawing: Drawing) -> Figure:
    """Draw one panel."""
    named = [line.name for line in drawing.lines if line.name]
    figure, [[axes]] = panels(drawing.title, 1, 1, PAGE, keys=named, note=drawing.note)
    for place, line in enumerate(drawing.lines):
        draw_line(axes, drawing, line, place)
    if drawing.ticks:
        ordinal_axis(axes, drawing.ticks, drawing.x)
    else:
        axes.set_xlabel(drawing.x)
        if all(x.is_integer() for line in drawing.lines for x in line.x):
            axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    if drawing.log:
        axes.set_xscale("log")
        log_axis(axes.xaxis)
    note = " (axis logarithmic in the error)" if drawing.error_axis else ""
    axes.set_ylabel(drawing.y + note)
    if drawing.error_axis:
        ends = [end for line in drawing.lines for i in line.points for end in (i.mean, i.low, i.high)]
        known = [end for end in ends if math.isfinite(end)]
        accuracy_axis(axes, min(known, default=0.0), max(known, default=1.0))
    if named:
        legend(figure, {name: place for place, name in enumerate(named)})
    return figure


def draw_line(axes: Axes, drawing: Drawing, line: Line, place: int) -> None:
    """Draw one line with its intervals."""
    look = pen(place)
    means = [i.mean for i in line.points]
    halves = [i.half if math.isfinite(i.half) else 0.0 for i in line.points]
    if len(line.x) > MANY:
        low, high = np.array(means) - halves, np.array(means) + halves
        axes.fill_between(line.x, low, high, color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(line.x, means, color=look.colour, linestyle=look.dashes)
        return
    axes.errorbar(
        line.x,
        means,
        yerr=halves if any(halves) else None,
        color=look.colour,
        linestyle=look.dashes if drawing.joined else "none",
        marker=look.marker,
        elinewidth=1.0,
        capsize=2.5,
    )
