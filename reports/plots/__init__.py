"""Every figure of a report: the numbers behind each are a function of their own, drawing is another."""

import sweeps.cli.drawing  # noqa: F401  (before anything of Matplotlib)

# isort: split
from collections.abc import Sequence

from reports.analysis.sweep import Analysis
from reports.plots.curves import convergence_plots, curve_bands, gradient_plots
from reports.plots.factors import axis_plots, ranking_plots, timing_plots
from reports.plots.heatmaps import MAIN_GRID, heatmap_plots
from reports.plots.layers import layer_plots
from reports.plots.multiples import sheet_plots
from reports.plots.overview import boundary_plots, cost_plots
from reports.plots.plot import Plot, save_all
from reports.plots.single import single
from reports.runs.curves import STEP
from reports.runs.results import Results
from reports.tables.drawn import Plots
from reports.tables.grids import concurrency_note
from reports.tables.table import Table

__all__ = ["Plot", "Plots", "plots_of", "save_all"]


def plots_of(analysis: Analysis, tables: dict[str, Table], which: Plots) -> list[Plot]:
    """Return these figures, as far as the finished runs have numbers for them.

    No figure but the heat maps shows more than one data set.
    """
    if which is Plots.NONE or analysis.results.done.empty:
        return []
    return all_plots(analysis, tables) if which is Plots.ALL else default_plots(analysis, tables)


def default_plots(analysis: Analysis, tables: dict[str, Table]) -> list[Plot]:
    """Return convergence, the accuracy grid, accuracy against numbers, what an epoch costs, boundaries."""
    results = analysis.results
    if results.measures.own:
        return own_plots(analysis, tables)
    return [
        *(
            plot
            for data, part in analysis.parts.items()
            for plot in named(data, axis_plots(part, numbers=True))
        ),
        *(
            plot
            for data, part in analysis.parts.items()
            if part.has_our_curves
            for plot in named(data, convergence_plots(part, curve_bands(part)))
        ),
        *timing_plots(analysis.effects, concurrency_note(results)),
        *(plot for data, part in analysis.parts.items() for plot in named(data, boundary_plots(part))),
        *heatmap_plots(tables, analysis.results.measures, MAIN_GRID),
    ]


def all_plots(analysis: Analysis, tables: dict[str, Table]) -> list[Plot]:
    """Return every figure, in the order of what they answer."""
    results, parts, effects = analysis.results, analysis.parts, analysis.effects
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
