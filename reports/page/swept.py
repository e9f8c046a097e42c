"""What was run, as the page shows it: settings, cells, runs and curves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.analysis.cells import summarise
from reports.page import content as page
from reports.page.content import Numbers
from reports.runs.curves import COLUMNS, STEP
from reports.runs.metrics import Metric, decimals
from reports.runs.results import Results

MOST_DIGITS = 12
CURVES = {
    "test_accuracy": ("test accuracy", "test_accuracy"),
    "test_loss": ("test loss", "test_loss"),
    "train_accuracy": ("training accuracy", "train_accuracy"),
    "train_loss": ("training loss", "train_loss"),
    "validation_accuracy": ("validation accuracy", "validation_accuracy"),
    "validation_loss": ("validation loss", "validation_loss"),
}


def sweep_of(results: Results) -> page.Sweep:
    """Return the cells, runs and curves."""
    metrics = [
        metric for name, metric in results.measures.metrics.items() if results.runs[name].notna().any()
    ] or [results.main]
    data = (results.dataset.name,) if results.dataset else ()
    losses = tuple(factor.name for factor in results.factors if factor.key == "loss")
    runs = results.runs
    return page.Sweep(
        metrics=tuple(shown(results, metric, data, losses) for metric in metrics),
        factors=tuple(
            page.Factor(
                factor.name,
                factor.key,
                factor.levels,
                tuple(factor.numbers.values()) if factor.numeric else None,
                factor.along,
            )
            for factor in results.factors
        ),
        cells=cells(results, metrics),
        runs=page.Runs(
            id=runs["cell_id"].tolist(),
            folder=runs["name"].where(runs["status"] != "missing", "").tolist(),
            status=runs["status"].tolist(),
            seed=runs["seed"].map(str).tolist(),
            cell=runs["cell"].to_numpy(np.int64),
            problem=runs["problem"].tolist(),
            metrics={metric.name: runs[metric.name].to_numpy(np.float64) for metric in metrics},
        ),
        curves=curves(results),
    )


def shown(
    results: Results, metric: Metric, data: tuple[str, ...] = (), losses: tuple[str, ...] = ()
) -> page.Metric:
    """Return how the page calls and shows a metric."""
    direction: page.Direction = (
        "maximize" if metric.better == "higher" else "minimize" if metric.better == "lower" else ""
    )
    within = data if metric.across_losses else (*data, *losses)
    if metric.unit == "accuracy":
        axis = metric.name != "gap"
        return page.Metric(
            metric.name, metric.label, direction, "%", "points", 100, 2, axis, within, *metric.bounds
        )
    digits = {"epochs": 1, "seconds": 3}.get(metric.unit, 4)
    if results.measures.own:
        digits = digits_of(results.runs[metric.name].to_numpy(np.float64), metric)
    unit = {"epochs": "", "seconds": "s"}.get(metric.unit, "")
    return page.Metric(metric.name, metric.label, direction, unit, unit, 1, digits, False, within)


def digits_of(values: Numbers, metric: Metric) -> int:
    """Return how many decimals show figures of unknown size: the typical one and the best."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0
    best = known.max() if metric.better == "higher" else known.min()
    return min(max(decimals(float(each), 4) for each in (np.median(known), best)), MOST_DIGITS)


def cells(results: Results, metrics: Sequence[Metric]) -> page.Cells:
    """Return every cell with its figures."""
    table = results.cells
    places = [table[f.name].cat.codes.to_numpy(np.int64) for f in results.factors]
    figures = {}
    for metric in metrics:
        summary = summarise(results, metric.name)
        mean, half = (summary[column].to_numpy(np.float64) for column in ("mean", "half"))
        figures[metric.name] = page.CellFigures(mean, half, summary["n"].to_numpy(np.int64))
    levels = np.stack(places, axis=1).astype(np.int64) if places else np.zeros((len(table), 0), np.int64)
    return page.Cells(levels, table["runs"].to_numpy(np.int64), figures)


def curves(results: Results) -> page.Curves | None:
    """Return the curves of all runs, in the order of the runs; None if there are none."""
    history = results.history
    if history.empty:
        return None
    places = pd.Series(np.arange(len(results.runs)), index=results.runs["cell_id"].to_numpy())
    run = places.reindex(history["cell_id"].astype(object)).to_numpy()
    order = np.argsort(run, kind="stable")
    named = curve_names(results)
    known = [name for name in named if history[name].notna().any()]
    return page.Curves(
        lengths=np.bincount(run.astype(np.int64), minlength=len(places)),
        steps=history[STEP].to_numpy(np.float64)[order],
        values={name: history[name].to_numpy(np.float64)[order] for name in known},
        labels={name: named[name][0] for name in known},
        metric={name: named[name][1] for name in known},
        step=results.step,
    )


def curve_names(results: Results) -> dict[str, tuple[str, str]]:
    """Return the columns that are drawn, each with its label and the metric that it ends in ("": none)."""
    metrics, skipped = results.measures.metrics, ("cell_id", STEP)
    own = {
        name: (name, name if name in metrics else "")
        for name in map(str, results.history)
        if name not in skipped
    }
    if results.measures.own:
        return own
    return CURVES | {name: pair for name, pair in own.items() if name not in COLUMNS}
