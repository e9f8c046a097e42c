"""What a run without a figure counts as, the step of a metric, and the difference that counts as none."""

import math

import numpy as np
import pandas as pd

from reports.analysis.equivalence import accuracy_margin, level_means, relative_margin
from reports.analysis.intervals import NAN, Floats
from reports.claims.claim import CLAIM_METRICS, Test
from reports.runs.metrics import Metric
from reports.runs.test_sets import KNOWN, UNKNOWN

TRAIN_CHANCE = {"mnist": 6742 / 60000, "fashion_mnist": 0.1}  # the largest class of the training set
TRAIN_EXAMPLES = 60000
LEAST_STEP = 1e-8  # figures are kept with nine decimals
TEST_ACCURACY = CLAIM_METRICS["test_accuracy"]


def counts_divergence(metric: Metric) -> bool:
    """Whether a diverged run has an outcome by this metric: where ">" puts the better first, it has.

    Of what it costs, or of how much it loses from training to test set, nothing can be said: such a figure
    of a run that came to nothing would speak for or against a level as one pleases.
    """
    return bool(metric.better) and metric.descending == (metric.better == "higher")


def diverged_value(metric: Metric, rows: pd.DataFrame) -> tuple[float, str]:
    """Return what a diverged run counts as (NaN: left out), and that in words.

    In accuracy as a classifier at chance; in epochs as the longest that a run was given; else as the worst
    figure of any run that finished.
    """
    if not counts_divergence(metric):
        return NAN, "left out"
    data = data_of(rows)
    if metric.unit == "accuracy" and (chance := KNOWN.get(data, UNKNOWN).chance) is not None:
        value = TRAIN_CHANCE[data] if metric.name == "train_accuracy" else chance
        return value, f"counted as {metric.show(value)}, chance"
    if metric.unit == "epochs" and "epochs" in rows:
        epochs = pd.to_numeric(rows["epochs"], errors="coerce").max()
        if math.isfinite(epochs):
            return float(epochs), f"counted as {epochs:.0f} epochs"
    known = rows.loc[rows["status"] == "done", metric.name].dropna()
    if known.empty:
        return NAN, "left out"
    worst = float(known.min() if metric.better == "higher" else known.max())
    return worst, f"counted as {metric.show(worst)}, the worst of any that finished"


def grain_of(metric: Metric, rows: pd.DataFrame) -> float:
    """Return the metric's step: one epoch, one run, one example; of unknown data the least step seen."""
    if metric.unit == "epochs" or metric.name == "unstable":
        return 1.0
    if metric.unit != "accuracy":
        return 0.0
    if examples := examples_of_test(rows):
        return 1 / (TRAIN_EXAMPLES if metric.name == "train_accuracy" else examples)
    steps = np.diff(np.unique(rows[metric.name].dropna().to_numpy(dtype=np.float64)))
    return float(steps[steps > LEAST_STEP].min(initial=np.inf)) if (steps > LEAST_STEP).any() else 0.0


def examples_of_test(rows: pd.DataFrame) -> int | None:
    """Return the size of the test set, if it is known of the runs' only data set."""
    return KNOWN.get(data_of(rows), UNKNOWN).examples


def data_of(rows: pd.DataFrame) -> str:
    """Return the name of the runs' only data set, "" if there are several."""
    data = set(rows["dataset"]) if "dataset" in rows else set()
    return str(data.pop()) if len(data) == 1 else ""


def margin_of(test: Test, finished: Floats, accuracies: Floats, examples: int | None, sweep: float) -> float:
    """Return the difference that counts as none, one for all pairs of a test; NaN: none does.

    `finished` are the values (levels, …) of finished runs, `accuracies` their test accuracies. The test's own
    margin, else the sweep's (of test accuracy), else a tenth of the best level's error, which is that of the
    test set for what is a difference of accuracies; of epochs, seconds and losses a tenth of the least level.
    """
    metric = test.metric
    if test.margin is not None:
        means = [abs(mean) for mean in level_means(finished)]
        best = max if metric.better == "higher" else min
        return test.margin * best(means, default=NAN) if test.relative else test.margin
    if (metric is TEST_ACCURACY or metric.main) and sweep > 0:
        return sweep
    if metric.name == "unstable":
        return NAN
    if metric.unit == "accuracy":
        margin = accuracy_margin(finished if metric.better == "higher" else accuracies, examples)
    elif metric.unit == "figure" and metric.better != "lower":
        return NAN
    else:
        margin = relative_margin(finished)
    return margin if margin > 0 else NAN
