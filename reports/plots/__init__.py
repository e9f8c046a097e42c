"""Every figure of a report: the numbers behind each are a function of their own, drawing is another."""

import sweeps.cli.drawing  # noqa: F401  (before anything of Matplotlib)

# isort: split
from collections.abc import Sequence

from reports.analysis.sweep import Analysis
from reports.plots.curves import convergence_plots, curve_bands, gradient_plots
from reports.plots.factors import axis_plots, ranking_plots, timing_plots
from reports.plots.heatmaps import heatmap_plots
from reports.plots.layers import layer_plots
from reports.plots.multiples import sheet_plots
from reports.plots.overview import boundary_plots, cost_plots
from reports.plots.plot import Plot, save_all
from reports.plots.single import single
from reports.runs.curves import STEP
from reports.runs.results import Results
from reports.tables.grids import concurrency_note
from reports.tables.table import Table

__all__ = ["Plot", "all_plots", "save_all"]


def all_plots(analysis: Analysis, tables: dict[str, Table]) -> list[Plot]:
    """Return every figure that the finished runs have numbers for, in the order of the page.

    No figure but the heat maps shows more than one data set.
    """
    results, parts, effects = analysis.results, analysis.parts, analysis.effects
    if results.done.empty:
        return []
    if results.measures.own:
        return own_plots(analysis, tables)
    return [
        *(plot for data, part in parts.items() for plot in named(data, axis_plots(part))),
        *ranking_plots(effects),
        *(plot for data, part in parts.items() for plot in named(data, curve_plots(part))),
        *(plot for data, part in parts.items() for plot in named(data, layer_plots(part))),
        *timing_plots(effects, concurrency_note(results)),
        *(plot for data, part in parts.items() for plot in named(data, cost_plots(part))),
        *(plot for data, part in parts.items() for plot in named(data, boundary_plots(part))),
        *heatmap_plots(tables, results.measures),
    ]


def own_plots(analysis: Analysis, tables: dict[str, Table]) -> list[Plot]:
    """Return the figures of an application's own metric: against each setting, its rankings, the grid."""
    results = analysis.results
    against = [
        plot
        for data, part in analysis.parts.items()
        for factor in part.factors
        for plot in named(data, [single(part, factor.name, part.main.name, label=part.main.label)])
    ]
    curves = [single(results, STEP, name, label=name) for name in results.curve_columns]
    return [*against, *ranking_plots(analysis.effects), *curves, *heatmap_plots(tables, results.measures)]


def curve_plots(results: Results) -> list[Plot]:
    """Return the figures of learning curves."""
    if not results.has_our_curves:
        return []
    bands = curve_bands(results)
    return [
        *sheet_plots(results, bands),
        *convergence_plots(results, bands),
        *gradient_plots(results, bands),
    ]


def named(data: str, plots: Sequence[Plot]) -> list[Plot]:
    """Return the same figures under the name of their data set, if it has one."""
    return [plot.on(data) if data else plot for plot in plots]
