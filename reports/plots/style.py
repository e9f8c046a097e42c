"""The look of every figure: one palette, one page grid, sizes in inches, nothing global."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, Formatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

INK, SOFT, FAINT, PAPER = "#1f2430", "#5b6472", "#dfe3e8", "#ffffff"
RC: Any = {
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a $
    "axes.labelcolor": SOFT,
    "axes.edgecolor": "#a9b0ba",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.titlepad": 5,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "mlp-grid",
    "path.simplify": True,
}
# Okabe and Ito's colours, neighbours apart in lightness too; dashes and markers say the same again.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc5f9b", "#56b4e9", "#a63d00", "#444a55", "#b8a800")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
MARKERS = "osD^vPX*"
HEAT = "cividis"
KEY_LINE = 0.19
NOTE_LINE = 0.15
TITLE_LETTER, LETTER, SMALL_LETTER = 0.094, 0.073, 0.063  # inches: of a title, a panel's title, a note


class Pen(NamedTuple):
    """How one level of a factor is drawn wherever it appears."""

    colour: str
    dashes: Any
    marker: str


# For combinations of settings: none of COLOURS, which are those of a factor's levels.
MIXED = ("#3d2466", "#8a5fb4", "#c0a3d8", "#51443a", "#94795f", "#c8b295")


def mixed_pen(place: int) -> Pen:
    """Return the pen of a combination of several factors' levels, whose lines carry no marks."""
    return Pen(MIXED[place % len(MIXED)], DASHES[(place + place // len(MIXED)) % len(DASHES)], "")


def pen(place: int) -> Pen:
    """Return the pen of the level at this place in its factor."""
    dashes = DASHES[(place + place // len(COLOURS)) % len(DASHES)]
    return Pen(COLOURS[place % len(COLOURS)], dashes, MARKERS[place % len(MARKERS)])


class Page(NamedTuple):
    """The measures of a figure of panels, in inches."""

    width: float = 2.5
    height: float = 1.75
    left: float = 0.72
    right: float = 0.2
    top: float = 0.95
    bottom: float = 0.5
    across: float = 0.28
    down: float = 0.42


def panels(
    title: str,
    rows: int,
    columns: int,
    page: Page | None = None,
    share_y: bool = True,
    keys: Sequence[str] = (),
    note: str = "",
    heights: Sequence[float] = (),
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with its title, room for a legend of these keys, a grid of axes, a note at the foot.

    `heights` are those of the rows, where they differ.
    """
    m = page or Page()
    tall = heights or [m.height] * rows
    width = figure_width(m, columns, title)
    top = m.top + KEY_LINE * (len(keys) and -(-len(keys) // key_columns(keys, width)) - 1)
    foot = textwrap.wrap(note, int((width - 0.3) / SMALL_LETTER))
    bottom = m.bottom + NOTE_LINE * len(foot)
    height = top + sum(tall) + (rows - 1) * m.down + bottom
    figure = Figure(figsize=(width, height))
    figure.text(m.left / width, 1 - 0.26 / height, title, fontsize=10.5, fontweight="bold", va="center")
    for place, line in enumerate(reversed(foot)):
        figure.text(0.15 / width, (0.07 + NOTE_LINE * place) / height, line, fontsize=7, color=SOFT)
    grid: list[list[Axes]] = []
    for r in range(rows):
        grid.append([])
        for c in range(columns):
            x, y = m.left + c * (m.width + m.across), height - top - sum(tall[: r + 1]) - r * m.down
            box = (x / width, y / height, m.width / width, tall[r] / height)
            axes = figure.add_axes(box, sharey=grid[r][0] if share_y and c else None)
            axes.tick_params(labelleft=not (share_y and c))
            grid[r].append(axes)
    return figure, grid


def figure_width(page: Page, columns: int, title: str) -> float:
    """Return how wide a figure of so many columns of panels is, in inches: its title has room too."""
    panels_width = page.left + columns * page.width + (columns - 1) * page.across + page.right
    return max(panels_width, 4.2, page.left + TITLE_LETTER * len(title) + page.right)


def key_columns(keys: Sequence[str], width: float) -> int:
    """Return how many keys of a legend fit side by side into a figure of this width."""
    return max(1, min(len(keys), int((width - 0.8) / (0.62 + 0.073 * max(map(len, keys), default=1)))))


def legend(
    figure: Figure,
    levels: Mapping[str, int],
    *,
    extra: Sequence[Line2D] = (),
    left: float = 0.72,
    pens: Callable[[int], Pen] = pen,
) -> None:
    """Put the keys under the figure's title: each level with the pen of its place, as its line is drawn."""
    handles = [
        Line2D([], [], color=p.colour, linestyle=p.dashes, marker=p.marker, markersize=4, label=name)
        for name, p in ((name, pens(place)) for name, place in levels.items())
    ]
    width, height = figure.get_size_inches()
    labels = [str(handle.get_label()) for handle in (*handles, *extra)]
    figure.legend(
        handles=[*handles, *extra],
        loc="upper left",
        bbox_to_anchor=((left - 0.06) / width, 1 - 0.42 / height),
        ncols=key_columns(labels, width),
        columnspacing=1.4,
        handlelength=2.6,
        handletextpad=0.5,
        borderpad=0,
        borderaxespad=0,
    )


def wrapped(text: str, width: float, letter: float = LETTER) -> str:
    """Return a text broken into lines that fit a width in inches."""
    return "\n".join(textwrap.wrap(text, max(int(width / letter), 8)))


def lines_of(texts: Sequence[str]) -> int:
    """Return the number of lines of the tallest text."""
    return max((text.count("\n") + 1 for text in texts), default=1)


def log_error(accuracy: Any) -> Any:
    """Return −log₁₀(1 − accuracy): each further halving of the error takes the same space."""
    return -np.log10(np.clip(1 - np.asarray(accuracy, float), 1e-5, None))


def accuracy_of(log_error_value: Any) -> Any:
    """Return the accuracy at a log error."""
    return 1 - 10 ** -np.asarray(log_error_value, float)


# Rounder numbers first: a tick of a later tier is only drawn where there is room left.
TICKS = (
    (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999),
    (0.2, 0.4, 0.6, 0.7, 0.85, 0.97, 0.998, 0.9995),
    (0.92, 0.94, 0.96, 0.975, 0.985, 0.997),
    (0.91, 0.93, 0.945, 0.955, 0.965, 0.972, 0.974, 0.976, 0.978, 0.982, 0.984, 0.986, 0.988, 0.992, 0.994),
    tuple(k / 100 for k in range(1, 100)),
    tuple(k / 200 for k in range(1, 200)),
    tuple(k / 1000 for k in range(1, 1000)),
    tuple(k / 5000 for k in range(1, 5000)),
)
ERROR_AXIS = "Axes of accuracy are logarithmic in the error: each halving of it takes the same space."
ENOUGH = 4  # ticks: no tier beyond is needed
DECADES = 1e4  # a logarithmic axis that spans more has a tick at powers of ten only


def accuracy_axis(axes: Axes, low: float, high: float, space: float = 0.1) -> None:
    """Make y an accuracy on a log error scale, from `low` to `high`, ticks at least `space` of it apart."""
    low, high = max(min(low, high), 0.0), min(max(low, high), 0.99999)
    a, b = float(log_error(low)), float(log_error(high))
    margin = max(0.06 * (b - a), 0.004)
    axes.set_yscale("function", functions=(log_error, accuracy_of))
    axes.set_ylim(float(accuracy_of(a - margin)), float(accuracy_of(b + margin)))
    axes.yaxis.set_major_locator(FixedLocator(accuracy_ticks(a - margin, b + margin, space)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def room_for(means: ArrayLike, ends: ArrayLike) -> tuple[float, float]:
    """Return the ends of an axis of accuracies that holds all means, and intervals as far as they leave room.

    On a log error scale an interval that reaches 1 would take all of the axis.
    """
    inner, outer = (np.asarray(log_error(x))[np.isfinite(x)] for x in (np.asarray(means), np.asarray(ends)))
    if not inner.size:
        return math.nan, math.nan
    low, high = float(inner.min()), float(inner.max())
    room = max(0.25 * (high - low), 0.05)
    reach = np.clip(outer, low - room, high + room)
    first, last = (float(accuracy_of(x)) for x in (min([low, *reach]), max([high, *reach])))
    return first, last


def accuracy_ticks(low: float, high: float, space: float) -> list[float]:
    """Return round accuracies between two log errors, no two closer than `space` of the range."""
    kept: dict[float, float] = {}
    for number, tier in enumerate(TICKS):
        if number > ENOUGH - 1 and len(kept) >= ENOUGH:
            break
        for tick, place in zip(tier, log_error(tier).tolist(), strict=True):
            if low <= place <= high and all(abs(place - o) >= space * (high - low) for o in kept.values()):
                kept[tick] = place
    return sorted(kept)


class TickLabels(Formatter):
    """Writes ticks with four significant figures, or with as many as tell them apart."""

    def __call__(self, value: float, pos: int | None = None) -> str:
        """Return one tick's label."""
        return f"{value:.4g}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks of an axis."""
        texts = ([f"{value:.{figures}g}" for value in values] for figures in range(4, 17))
        return next((labels for labels in texts if len(set(labels)) == len(set(values))), [])


def log_axis(axis: Axis) -> None:
    """Make an axis logarithmic with few plain numbers: 0.02, 0.05, 0.1; over many decades powers of ten."""
    low, high = axis.get_view_interval()
    between = (1.0, 2.0, 5.0) if high < DECADES * low else (1.0,)  # more would leave no tick at all
    axis.set_major_locator(MaxNLocator(4) if high < 4 * low else LogLocator(subs=between, numticks=8))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def ordinal_axis(axes: Axes, levels: Sequence[str], name: str) -> None:
    """Give every level the same room along x, whatever its size (so that zero has its place too)."""
    axes.set_xlim(-0.35, len(levels) - 0.65)
    axes.set_xticks(range(len(levels)), levels)
    if slanted(levels):
        axes.set_xticks(range(len(levels)), levels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_xlabel(name)


def slanted(levels: Sequence[str]) -> bool:
    """Whether the levels are too long to stand side by side under an axis."""
    return max(map(len, levels), default=0) * len(levels) > 24


def room_along(levels: Sequence[str]) -> float:
    """Return the inches of an axis along which slanted names of levels do not lie over one another."""
    return 0.21 * len(levels) if slanted(levels) else 0.0


def room_below(levels: Sequence[str]) -> float:
    """Return the inches that the names of levels need under an axis, beyond those of a number."""
    return 0.034 * max(map(len, levels), default=0) if slanted(levels) else 0.0
