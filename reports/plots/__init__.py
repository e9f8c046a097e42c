"""Every figure of a report: the numbers behind each are a function of their own, drawing is another."""

from collections.abc import Sequence

from reports.grids import concurrency_note
from reports.plots.curves import convergence_plots, curve_bands, gradient_plots
from reports.plots.factors import axis_plots, ranking_plots, timing_plots
from reports.plots.heatmaps import heatmap_plots
from reports.plots.overview import boundary_plots, cost_plots, sheet_plots
from reports.plots.plot import Plot, save_all
from reports.rankings import Ranking
from reports.results import Results
from reports.tables import Table

__all__ = ["Plot", "all_plots", "save_all"]


def all_plots(results: Results, tables: dict[str, Table], rankings: Sequence[Ranking]) -> list[Plot]:
    """Return every figure that the finished runs have numbers for, in the order of the page."""
    if results.done.empty:
        return []
    bands = curve_bands(results)
    return [
        *axis_plots(results),
        *ranking_plots(rankings),
        *sheet_plots(results, bands),
        *convergence_plots(results, bands),
        *timing_plots(rankings, concurrency_note(results)),
        *cost_plots(results),
        *gradient_plots(results, bands),
        *boundary_plots(results),
        *heatmap_plots(tables),
    ]
