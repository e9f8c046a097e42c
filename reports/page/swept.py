"""What was run, as the page shows it: settings, cells, runs and curves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.analysis.cells import summarise
from reports.page import content as page
from reports.runs.metrics import METRICS, Metric
from reports.runs.results import Results

CURVES = {
    "test_accuracy": ("test accuracy", "test_accuracy"),
    "test_loss": ("test loss", "test_loss"),
    "train_accuracy": ("training accuracy", "train_accuracy"),
    "train_loss": ("training loss", "train_loss"),
}


def sweep_of(results: Results) -> page.Sweep:
    """Return the cells, runs and curves."""
    metrics = [metric for name, metric in METRICS.items() if results.runs[name].notna().any()]
    metrics = metrics or [METRICS["test_accuracy"]]
    data = (results.dataset.name,) if results.dataset else ()
    losses = tuple(factor.name for factor in results.factors if factor.key == "loss")
    runs = results.runs
    return page.Sweep(
        metrics=tuple(shown(metric, data, losses) for metric in metrics),
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


def shown(metric: Metric, data: tuple[str, ...] = (), losses: tuple[str, ...] = ()) -> page.Metric:
    """Return how the page calls and shows a metric."""
    direction: page.Direction = (
        "maximize" if metric.better == "higher" else "minimize" if metric.better == "lower" else ""
    )
    within = data if metric.across_losses else (*data, *losses)
    if metric.unit == "accuracy":
        axis = metric.name != "gap"
        return page.Metric(metric.name, metric.label, direction, "%", "points", 100, 2, axis, within)
    digits = {"epochs": 1, "seconds": 3}.get(metric.unit, 4)
    unit = {"epochs": "", "seconds": "s"}.get(metric.unit, "")
    return page.Metric(metric.name, metric.label, direction, unit, unit, 1, digits, False, within)


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
    known = [name for name in CURVES if history[name].notna().any()]
    return page.Curves(
        lengths=np.bincount(run.astype(np.int64), minlength=len(places)),
        steps=history["epoch"].to_numpy(np.float64)[order],
        values={name: history[name].to_numpy(np.float64)[order] for name in known},
        labels={name: CURVES[name][0] for name in known},
        metric={name: CURVES[name][1] for name in known},
    )
