"""A figure of curves: rows of accuracy, loss or gradient norm, a line per level of a factor."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reports.analysis.cells import having
from reports.plots.style import (
    ERROR_AXIS,
    SOFT,
    Page,
    accuracy_axis,
    legend,
    lines_of,
    log_axis,
    panels,
    pen,
    wrapped,
)
from reports.runs.factors import Factor

MEASURES = ("train", "validation", "test")
ONLY_COURSES = "Values of different losses cannot be compared, only their courses."
FAR = 3.0  # interquartile ranges beyond the third quartile (Tukey's "far out")
Kind = Literal["accuracy", "loss", "grad_norm"]
Levels = dict[str, str]


@dataclass(frozen=True)
class Limits:
    """The ends of the y axes that several figures share, None where each has its own."""

    accuracy: tuple[float, float] | None = None
    loss: tuple[float, float] | None = None

    def of(self, kind: Kind) -> tuple[float, float] | None:
        """Return the ends of the axis of a kind."""
        return {"accuracy": self.accuracy, "loss": self.loss}.get(kind)


@dataclass(frozen=True)
class Sheet:
    """One figure of curves: a line per level of `lines`, a column per combination of `columns`."""

    title: str
    bands: pd.DataFrame
    lines: Factor | None
    columns: tuple[tuple[str, Levels], ...]
    kinds: tuple[Kind, ...]
    note: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def places(self) -> dict[str, int]:
        """The levels that are drawn, with their places in the factor."""
        return places_of(self.lines, self.bands)

    @property
    def keys(self) -> dict[str, int]:
        """What the legend says of the lines: of a number, also which one it is."""
        return line_keys(self.lines, self.places)


def places_of(factor: Factor | None, frame: pd.DataFrame) -> dict[str, int]:
    """Return the levels of a factor that a frame has, with their places in it."""
    if factor is None:
        return {}
    there = set(frame[factor.name].astype(str))
    return {level: place for place, level in enumerate(factor.levels) if level in there}


def line_keys(lines: Factor | None, places: Mapping[str, int]) -> dict[str, int]:
    """Return what a legend says of lines, with their places: of a number, also which one it is."""
    name = f"{lines.words} " if lines and lines.numeric else ""
    return {f"{name}{level}": place for level, place in places.items()}


def has_validation(sheet: Sheet) -> bool:
    """Whether any run of a sheet had examples held out."""
    return bool(sheet.bands["validation_accuracy"].notna().any()) and sheet.kinds != ("grad_norm",)


def draw_curves(sheet: Sheet) -> Figure:
    """Draw rows of accuracy, loss or gradient norm, in columns, a line per level."""
    extra = measure_keys(sheet)
    keys = [*sheet.keys, *(str(key.get_label()) for key in extra)]
    titles = [wrapped(title, Page().width) for title, _ in sheet.columns]
    page = Page(top=0.8 + 0.14 * lines_of([title for title in titles if title]) * any(titles))
    words = [sheet.note, *remarks(sheet), ERROR_AXIS if "accuracy" in sheet.kinds else ""]
    note = " ".join(filter(None, words))
    figure, grid = panels(sheet.title, len(sheet.kinds), len(sheet.columns), page, keys=keys, note=note)
    for kind, row in zip(sheet.kinds, grid, strict=True):
        for title, (_, where), axes in zip(titles, sheet.columns, row, strict=True):
            draw_lines(axes, sheet.bands[having(sheet.bands, where)], sheet, kind)
            axes.set_title(title if row is grid[0] else "")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_xlabel("epoch" if row is grid[-1] else "")
        finish(row[0], kind, *(sheet.limits.of(kind) or limits(sheet.bands, kind)))
    figure.align_ylabels([row[0] for row in grid])
    legend(figure, sheet.keys, extra=extra)
    return figure


def remarks(sheet: Sheet) -> Iterator[str]:
    """Yield what a reader of the figure must not miss: curves beyond an axis, losses that do not compare."""
    for kind in sheet.kinds:
        _, most = sheet.limits.of(kind) or limits(sheet.bands, kind)
        drawn = sheet.bands[columns_of(kind)].to_numpy(np.float64)
        if (drawn > most).any():
            what = "Gradient norms" if kind == "grad_norm" else "Losses"
            yield f"{what} beyond {most:.2g} are off the axis."
    if "loss" in sheet.kinds and sheet.lines and sheet.lines.key == "loss":
        yield ONLY_COURSES


def columns_of(kind: Kind) -> list[str]:
    """Return the columns of the bands that are drawn of a kind."""
    return ["grad_norm"] if kind == "grad_norm" else [f"{measure}_{kind}" for measure in MEASURES]


def measure_keys(sheet: Sheet) -> list[Line2D]:
    """Return the keys of what is measured."""
    if sheet.kinds == ("grad_norm",):
        return []
    validation = Line2D([], [], color=SOFT, linewidth=0.8, marker="x", label="validation")
    return [
        Line2D([], [], color=SOFT, linewidth=1.8, label="test"),
        *([validation] if has_validation(sheet) else []),
        Line2D([], [], color=SOFT, linewidth=0.8, label="training"),
    ]


def draw_lines(axes: Axes, part: pd.DataFrame, sheet: Sheet, kind: Kind) -> None:
    """Draw one line with its band per level: test with its marker, validation crossed, training thin."""
    names = columns_of(kind)
    for level, place in (sheet.places or {"": 0}).items():
        own = part[part[sheet.lines.name].astype(str) == level] if sheet.lines else part
        p, every = pen(place), max(1, len(own) // 5)
        for name in (name for name in names if own[name].notna().any()):
            thin, crossed = not name.startswith(("test", "grad")), name.startswith("validation")
            marker, width = "x" if crossed else None if thin else p.marker, 0.8 if thin else None
            axes.plot(
                own["epoch"],
                own[name],
                color=p.colour,
                linestyle=p.dashes,
                linewidth=width,
                marker=marker,
                markevery=every,
            )
            if name in (f"test_{kind}", "grad_norm") and (own["n"] > 1).any():
                low, high = own[f"{name}_low"], own[f"{name}_high"]
                axes.fill_between(own["epoch"], low, high, color=p.colour, alpha=0.18, linewidth=0)


def limits(bands: pd.DataFrame, kind: Kind) -> tuple[float, float]:
    """Return the least and the largest value of what is drawn of a kind, NaN where nothing is."""
    names = columns_of(kind)
    values = bands[names].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    return float(values.min()), min(float(values.max()), usual_most(values))


def usual_most(values: np.ndarray) -> float:
    """Return up to where losses or norms are drawn: far beyond most of them there is only what blew up."""
    if values.min() <= 0:
        return math.inf
    first, third = np.quantile(np.log10(values), (0.25, 0.75))
    return float(10 ** min(third + FAR * max(third - first, 0.3), 300.0))


def finish(axes: Axes, kind: Kind, low: float, high: float) -> None:
    """Scale and label the y axis that a row of panels shares, from `low` to `high`."""
    axes.set_ylabel("gradient norm" if kind == "grad_norm" else kind)
    if math.isnan(low):
        return
    if kind == "accuracy":
        accuracy_axis(axes, low, high)
    elif low > 0:
        axes.set_yscale("log")
        room = (high / low) ** 0.06 if high > low else 1.1
        axes.set_ylim(low / room, high * room)
        log_axis(axes.yaxis)
