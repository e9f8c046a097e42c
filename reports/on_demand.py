"""One plot, one table: `python -m reports plot DIR --x lr --y test_accuracy`, `… table DIR --to md`."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reports.analysis.cells import layout
from reports.analysis.looks import looks_of
from reports.plots.plot import DPI, Plot
from reports.plots.single import EPOCH, single
from reports.plots.style import RC
from reports.runs.factors import Factor
from reports.runs.metrics import Metric
from reports.runs.query import name_of, where
from reports.runs.reader import load
from reports.runs.results import Results
from reports.tables.about import stands_on
from reports.tables.formats import csv_text, latex, markdown
from reports.tables.grids import Frame, measure, spread
from reports.tables.table import Table, file_name
from reports.tuning.told import plot_of as tuning_plot
from reports.tuning.told import tuning_of
from reports.tuning.trials import trials_in
from sweeps.cli.command import parser_of
from sweeps.records.errors import UserError
from sweeps.records.untrusted import printable

FORMATS = {"md": markdown, "csv": csv_text, "latex": latex}
TRIALS = "trials"
PICTURES = (".png", ".svg", ".pdf")


def run_plot(words: Sequence[str]) -> int:
    """Draw one figure and print its path."""
    parser = parser_of("reports plot", "Draw a metric against a setting, or a curve over the epochs.")
    parser.add_argument("directory", type=Path, help="a sweep's directory, such as runs/grid")
    parser.add_argument(
        "--x",
        required=True,
        metavar="KEY",
        help="a setting that the sweep varies, epoch, or trials (of tuning)",
    )
    parser.add_argument(
        "--y",
        metavar="METRIC",
        default="",
        help="a metric; with --x epoch a column of history.csv; left out with --x trials",
    )
    parser.add_argument(
        "--by", metavar="KEY", default="", help="another setting: a line for each of its levels"
    )
    parser.add_argument(
        "--where", metavar="QUERY", default="", help="only these runs: 'loss=hinge,focal & lr<=.1'"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=".png, .svg or .pdf (default: a name of its own, here)"
    )
    options = parser.parse_args(words)
    plot = chosen_plot(options)
    target = options.out or Path(f"{file_name(plot.name)}.png")
    print(printable(str(write(plot, target))))
    return 0


def chosen_plot(options: argparse.Namespace) -> Plot:
    """Return the figure that a command line asks for. Raises UserError for what there is not."""
    if options.x == TRIALS:
        for name in ("y", "where"):
            if getattr(options, name):
                raise UserError(
                    f"{name}: must be left out with --x {TRIALS}, which shows what trials are judged by"
                )
        return trials_plot(options.directory, options.by)
    if not options.y:
        raise UserError(f"y: must name a metric; only with --x {TRIALS} it is left out")
    return plot_of(where(load(options.directory), options.where), options.x, options.y, options.by)


def trials_plot(directory: Path, by: str) -> Plot:
    """Return the best so far against the number of trials, by a factor or by the first there is."""
    trials = trials_in(directory)
    if trials is None:
        raise UserError(f"{directory}: has no trials; hydra.sweeper.strategy=tune makes them")
    tuning = tuning_of(trials)
    if tuning is None:
        raise UserError(f"{directory}: its first trials have not ended yet")
    keys = dict(zip(trials.factors, trials.names, strict=True))
    name = name_of(keys.get(by, by), list(trials.names), "by") if by else next(iter(trials.names), "")
    return tuning_plot(tuning, trials.names.index(name) if name else None)


def plot_of(results: Results, x: str, y: str, by: str = "") -> Plot:
    """Return a figure of a sweep. Raises UserError for a name that it does not know."""
    x = EPOCH if x in (EPOCH, results.step) else factor_of(results, x, "x").name
    by = factor_of(results, by, "by").name if by else ""
    if by == x:
        raise UserError(f"by: {by} is along x already")
    if x != EPOCH:
        metric = metric_of(results, y, "y")
        return single(results, x, metric.name, by, metric.label, has_error_axis(metric))
    name = name_of(y, results.curve_columns, "y")
    return single(
        results, x, name, by, name.replace("_", " "), name.endswith("accuracy") and not results.measures.own
    )


def has_error_axis(metric: Metric) -> bool:
    """Whether a metric is an accuracy, which is drawn by the logarithm of its error."""
    return metric.unit == "accuracy" and metric.name != "gap"


def factor_of(results: Results, word: str, option: str) -> Factor:
    """Return the factor that a name or config key means. Raises UserError unless it varies among the runs."""
    keys = {factor.key: factor.name for factor in results.factors}
    settings = [str(column) for column in results.settings.columns]
    name = name_of(keys.get(word, word), list(dict.fromkeys([*results.names, *settings])), option)
    if name not in results.names:
        varied = ", ".join(results.names) or "nothing"
        raise UserError(f"{option}: {name} has one level among these runs; they vary {varied}")
    return results.factor(name)


def metric_of(results: Results, word: str, option: str) -> Metric:
    """Return a metric that some run has. Raises UserError for another."""
    metrics = results.measures.metrics
    known = [name for name in metrics if results.runs[name].notna().any()]
    if not known:
        raise UserError(f"{option}: no run has a figure yet")
    return metrics[name_of(word, known, option, results.main.name)]


def write(plot: Plot, target: Path) -> Path:
    """Draw a figure into a file, in the format that its name ends in. Raises UserError for another."""
    if target.suffix.lower() not in PICTURES:
        raise UserError(f"out: {target} must end in {', '.join(PICTURES)}")
    if not target.parent.is_dir():
        raise UserError(f"out: {target.parent}: there is no such directory")
    with mpl.rc_context(RC):
        figure = plot.paint(*plot.arguments)
        FigureCanvasAgg(figure)
        figure.savefig(target, dpi=DPI, format=target.suffix[1:].lower())
    return target


def run_table(words: Sequence[str]) -> int:
    """Print one table."""
    parser = parser_of("reports table", "Print a metric over the grid as one table.")
    parser.add_argument("directory", type=Path, help="a sweep's directory, such as runs/grid")
    parser.add_argument("--metric", metavar="M", default="", help="what is shown (default: the main metric)")
    parser.add_argument("--rows", metavar="KEY", default="", help="the setting down the side")
    parser.add_argument("--cols", metavar="KEY", default="", help="the setting across")
    parser.add_argument(
        "--where", metavar="QUERY", default="", help="only these runs: 'loss=hinge,focal & lr<=.1'"
    )
    parser.add_argument("--to", choices=sorted(FORMATS), required=True, help="the format")
    options = parser.parse_args(words)
    results = where(load(options.directory), options.where)
    table = table_of(results, options.metric, options.rows, options.cols)
    print(FORMATS[options.to](replace(table, about=stands_on(results))), end="")
    return 0


def table_of(results: Results, metric: str = "", rows: str = "", cols: str = "") -> Table:
    """Return a metric over the grid, with these settings down the side and across; others stand before."""
    shown = metric_of(results, metric or results.main.name, "metric")
    row = factor_of(results, rows, "rows") if rows else None
    column = factor_of(results, cols, "cols") if cols else None
    if row and row is column:
        raise UserError(f"cols: {row.name} is down the side already")
    usual = layout(results.factors)
    row = row or next((f for f in (usual.row, usual.column, *usual.panels) if f and f is not column), None)
    column = column or next((f for f in (usual.column, usual.row, *usual.panels) if f and f is not row), None)
    before = tuple(f for f in results.factors if f not in (row, column))
    within = (
        before if shown.across_losses else (*before, *(f for f in (row, column) if f and f.key == "loss"))
    )
    frame = Frame((*before, row) if row else before, column, within, len(before))
    return spread(
        results,
        measure(results, shown, results.by_dataset(), looks_of(results)),
        shown.name,
        shown.label,
        frame,
    )
