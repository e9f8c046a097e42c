"""One plot, one table of a sweep, as `python -m reports plot` and `… table` ask for them."""

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reports.analysis.cells import layout
from reports.analysis.looks import looks_of
from reports.plots.plot import DPI, Plot
from reports.plots.single import EPOCH, LOSS, single
from reports.plots.style import RC
from reports.runs.factors import DATASET, Factor
from reports.runs.metrics import Metric
from reports.runs.query import name_of, where
from reports.runs.reader import load
from reports.runs.results import Results
from reports.tables.grids import Frame, measure, placed, spread
from reports.tables.table import Table
from reports.tuning.plot import plot_of as tuning_plot
from reports.tuning.told import tuning_of
from reports.tuning.trials import trials_in
from sweeps.records.atomic import write_atomic
from sweeps.records.errors import UserError
from sweeps.records.layout import HISTORY

TRIALS = "trials"
GRAD_NORM = "grad_norm"
PICTURES = (".png", ".svg", ".pdf")


def chosen_plot(directory: Path, x: str, y: str, by: str, query: str) -> Plot:
    """Return the figure that a command line asks for. Raises UserError for what there is not."""
    if x == TRIALS:
        for name, given in (("y", y), ("where", query)):
            if given:
                raise UserError(
                    f"{name}: must be left out with --x {TRIALS}, which shows what trials are judged by"
                )
        return trials_plot(directory, by)
    if not y:
        raise UserError(f"y: must name a metric; only with --x {TRIALS} it is left out")
    return plot_of(where(load(directory), query), x, y, by)


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
        return single(
            results, x, metric.name, by, metric.label, has_error_axis(metric), apart(results, metric.name)
        )
    if not results.curve_columns:
        raise UserError(f"x: {x} needs a learning curve, and no run has a {HISTORY}")
    name = name_of(y, results.curve_columns, "y")
    known = results.measures.metrics.get(name)
    label = known.label if known else name.replace("_", " ")
    error_axis = name.endswith("accuracy") and not results.measures.own
    return single(results, x, name, by, label, error_axis, apart(results, name))


def apart(results: Results, figure: str) -> list[str]:
    """Return the factors over whose levels a figure has no mean: data sets, losses for what they scale."""
    metric = results.measures.metrics.get(figure)
    by_loss = figure == GRAD_NORM or (metric is not None and not metric.across_losses)
    return [f.name for f in results.factors if f.name == DATASET or (by_loss and f.key == LOSS)]


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
    content = BytesIO()
    with mpl.rc_context(RC):
        figure = plot.paint(*plot.arguments)
        FigureCanvasAgg(figure)
        figure.savefig(content, dpi=DPI, format=target.suffix[1:].lower())
    write_atomic(target, content.getvalue())
    return target


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
        placed(results, frame),
    )
