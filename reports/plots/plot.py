"""A figure that can be drawn in any process, and the drawing of many."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed  # type: ignore[import-untyped]
from joblib.externals.loky.process_executor import (  # type: ignore[import-untyped]
    TerminatedWorkerError,
)
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.plots.style import RC, SOFT
from reports.tables.table import file_name
from sweeps.cli.drawing import drawing
from sweeps.cli.orphan_guard import guarded
from sweeps.records.process import this_process

DPI = 150
METADATA: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


@dataclass(frozen=True)
class Plot:
    """A figure: its name, its words, where on the page it belongs, how to draw it from its numbers.

    `data` is the data set it is about where a sweep has several; it is written into the figure's corner.
    """

    name: str
    title: str
    caption: str
    section: str
    paint: Callable[..., Figure]
    arguments: tuple[Any, ...]
    data: str = ""

    def on(self, data: str) -> "Plot":
        """Return the same figure, said to be about this data set."""
        return replace(self, name=f"{self.name}-{data}", caption=f"{data}: {self.caption}", data=data)

    @property
    def file(self) -> str:
        """The name of its files without the suffix, safe for any file system."""
        return file_name(self.name)


def save(plot: Plot, folder: Path, formats: Sequence[str] = tuple(METADATA)) -> None:
    """Draw a figure and write it as PNG and SVG, the same bytes for the same numbers."""
    with drawing(RC):
        figure = plot.paint(*plot.arguments)
        width, height = figure.get_size_inches()
        figure.text(
            1 - 0.15 / width, 1 - 0.1 / height, plot.data, fontsize=7.5, color=SOFT, ha="right", va="top"
        )
        FigureCanvasAgg(figure)
        for suffix in formats:
            figure.savefig(folder / f"{plot.file}.{suffix}", dpi=DPI, metadata=METADATA[suffix])


def save_all(
    plots: Sequence[Plot], folder: Path, jobs: int = -1, formats: Sequence[str] = tuple(METADATA)
) -> None:
    """Draw all figures, in so many processes (−1: one per core); here, if there can be none."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(plots) > 4 and jobs != 1 and this_process().process_started:  # joblib looks its processes up
        with contextlib.suppress(TerminatedWorkerError), guarded():
            Parallel(n_jobs=jobs)(delayed(save)(plot, folder, formats) for plot in plots)
            return
    for plot in plots:
        save(plot, folder, formats)
