"""The pictures of `python -m sweeps.job.inspection`: confusion matrix, mistakes, first-layer weights."""

from __future__ import annotations

from sweeps.cli.drawing import drawing  # before anything of Matplotlib

# isort: split
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[Any]
DPI = 120
COLUMNS = 8


@drawing({})
def confusion(counts: Array, path: Path, names: Sequence[str]) -> None:
    """Draw how many examples of each class (rows) were given which (columns), shaded by share of the row."""
    classes = len(counts)
    figure = new_figure(1.6 + 0.52 * classes, 1.4 + 0.46 * classes)
    axes = figure.add_subplot()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if classes <= 20:
        for (row, column), count in np.ndenumerate(counts):
            ink = "white" if share[row, column] > 0.5 else "black"
            if count:
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=ink, fontsize=8)
        turned = 90 if max(map(len, names)) > 3 else 0
        axes.set_xticks(range(classes), names, rotation=turned)
        axes.set_yticks(range(classes), names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    save(figure, path)


@drawing({})
def images(
    pixels: Array, titles: Sequence[str], path: Path, heading: str, *, diverging: bool = False
) -> None:
    """Draw images (n, side, side) side by side, each with its title; diverging: red below 0, blue above."""
    columns = min(COLUMNS, len(pixels))
    rows = -(-len(pixels) // columns)
    figure = new_figure(max(1.05 * columns, 5), 1.25 * rows + 0.6)
    figure.suptitle(heading, fontsize=9)
    for place, (image, title) in enumerate(zip(pixels, titles, strict=True), start=1):
        axes = figure.add_subplot(rows, columns, place)
        limit = float(abs(image).max()) or 1.0
        low, cmap = (-limit, "RdBu") if diverging else (0.0, "Greys")
        axes.imshow(image, cmap=cmap, vmin=low, vmax=limit, interpolation="nearest")
        axes.set_title(title, fontsize=7, pad=2)
        axes.set_axis_off()
    save(figure, path)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches that draws without a screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as PNG, the same bytes each time."""
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
