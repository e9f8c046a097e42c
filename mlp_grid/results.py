"""A sweep's results, as a notebook looks at them; its report, as `python -m reports DIR` builds it."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import pandas as pd

from reports.analysis.cells import summarise
from reports.analysis.sweep import analyse
from reports.findings.report import findings
from reports.on_demand import plot_of, table_of, write
from reports.page.build import write_report
from reports.plots.plot import DPI, Plot
from reports.plots.single import EPOCH
from reports.runs import reader
from reports.runs.query import where
from reports.runs.results import Results
from sweeps.records.schema import STATES

SENTENCES, CELLS = 6, 10  # of the small page in a notebook


@dataclass(frozen=True, repr=False)
class SweepResults(Results):
    """A sweep's results: frames of its runs and cells, what they show in words, plots and tables.

    It shows itself as a small page in a notebook. `where(loss="hinge")` is the part with these settings.
    """

    @cached_property
    def plain(self) -> Results:
        """The same as reports take it."""
        return Results(**{field.name: getattr(self, field.name) for field in fields(Results)})

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row for each cell: factors, runs by state, the main metric's `mean` and `half` its interval."""
        return summarise(self.plain, self.main.name)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """A row for each sentence of the report: its kind, heading, factor, metric and text."""
        rows = [
            (each.kind, each.about, each.factor or "", each.metric or "", each.text)
            for each in findings(analyse(self.plain))
        ]
        return pd.DataFrame(rows, columns=["kind", "about", "factor", "metric", "text"])

    def plot(self, y: str = "", x: str = "", by: str = "", query: str = "") -> Picture:
        """Return a metric against a setting, or against the epoch (`x="epoch"`); `by`: a line for each level.

        `query` chooses runs, as in `mlp-report plot --where`. Raises UserError for an unknown name.
        """
        part = where(self.plain, query)
        return Picture(plot_of(part, x or next(iter(part.names), EPOCH), y or part.main.name, by))

    def table(self, metric: str = "", rows: str = "", cols: str = "", query: str = "") -> pd.DataFrame:
        """Return a metric over the grid, as texts with intervals. Raises UserError for an unknown name."""
        table = table_of(where(self.plain, query), metric, rows, cols)
        texts = [[entry.text for entry in row] for row in table.rows]
        frame = pd.DataFrame(texts, columns=list(table.heads))
        return frame.set_index(list(table.heads[: table.leading])) if table.leading else frame

    def report(self, *, plots: bool = True) -> Path:
        """Rebuild the report in the sweep's directory, and return its page."""
        return write_report(self.plain, plots=plots)

    def __repr__(self) -> str:
        """Return where these results are from and how many runs they have, in a line."""
        return f"<{self.sweep}: {self._counts()}, {self.directory}>"

    def _counts(self) -> str:
        """Return how many runs there are, by state."""
        counts = self.runs["status"].value_counts()
        states = ", ".join(f"{counts[state]} {state}" for state in STATES if state in counts)
        return f"{len(self.runs)} runs: {states}"

    def _repr_html_(self) -> str:
        """Return the small page of a notebook."""
        sentences = "".join(f"<li>{html.escape(text)}</li>" for text in self.findings["text"][:SENTENCES])
        notes = "".join(f"<li>{html.escape(line)}</li>" for line in self._notes())
        return (
            f"<h3>{html.escape(self.sweep)}</h3><p>{self._counts()} · "
            f"<code>{html.escape(str(self.directory))}</code></p><ul>{sentences}</ul>"
            f"{self._best().to_html(index=False, na_rep='')}{f'<ul>{notes}</ul>' if notes else ''}"
        )

    def _best(self) -> pd.DataFrame:
        """Return the cells with the best means."""
        best = self.cells.sort_values("mean", ascending=self.main.better == "lower").head(CELLS)
        shown = best[[*self.names, "mean", "half", "n", "runs"]].round(4)
        return shown.rename(columns={"mean": self.main.label, "half": "± 95 %"})

    def _notes(self) -> Iterator[str]:
        """Yield what was left out or could not be believed."""
        yield from (f"excluded: {line}" for line in self.excluded)
        yield from (f"damaged: {problem}" for problem in self.problems)
        yield from (f"left out: {line}" for line in (self.other_data, self.repeated) if line)
        if self.unplanned:
            yield f"left out: {len(self.unplanned)} recorded cells that the latest plan does not have"


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure, which a notebook shows; `save` writes it as .png, .svg or .pdf."""

    drawn: Plot

    def __repr__(self) -> str:
        """Return what it shows, in a line."""
        return f"<{self.drawn.title}>"

    def save(self, file: str | Path) -> Path:
        """Write the figure and return its path. Raises UserError for another kind of file."""
        return write(self.drawn, Path(file))

    def _repr_png_(self) -> bytes:
        """Return the picture that a notebook shows."""
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        from reports.plots.style import RC

        with mpl.rc_context(RC):
            figure = self.drawn.paint(*self.drawn.arguments)
            FigureCanvasAgg(figure)
            content = io.BytesIO()
            figure.savefig(content, dpi=DPI, format="png")
        return content.getvalue()


def load(directory: str | Path, *, unplanned: bool = False, target: float | None = None) -> SweepResults:
    """Read the results of a sweep's directory; `unplanned` also takes in cells that its plan does not have.

    target: the test accuracy that epochs and seconds are counted to (None: one that half of the runs reach)

    Raises UserError if there is nothing to read, or the plan is damaged.
    """
    found = reader.load(directory, unplanned=unplanned, target=target)
    return SweepResults(**{field.name: getattr(found, field.name) for field in fields(Results)})


def report(
    directory: str | Path,
    *,
    unplanned: bool = False,
    target: float | None = None,
    plots: bool = True,
    claims: str | Path | None = None,
) -> Path:
    """Rebuild the report of a sweep's directory from its run records, and return its page.

    unplanned: also take in recorded cells that the plan does not have
    target: the test accuracy that tables count epochs and seconds to, in (0, 1]
    plots: draw the figures, too
    claims: a file of claims to judge

    Raises UserError if there is nothing to report, or a file of claims is not as it should be.
    """
    if target is not None and not 0 < target <= 1:
        raise ValueError(f"target = {target}: must be above 0 and at most 1")
    results = load(directory, unplanned=unplanned, target=target).plain
    return write_report(results, plots=plots, claims=None if claims is None else Path(claims))
