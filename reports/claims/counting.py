"""How the metric of a test is counted: by the rules of all reports, from observations alone."""

import numpy as np
import pandas as pd

from reports.analysis.counting import counting_of, counts_divergence, default_margin, examples_of, grain_of
from reports.analysis.equivalence import level_means
from reports.analysis.intervals import NAN, Floats
from reports.analysis.matched import worst_of
from reports.analysis.outcomes import DONE
from reports.claims.claim import CLAIM_METRICS, Test
from reports.claims.looks import Looks
from reports.runs.metrics import Metric
from reports.runs.test_sets import UNKNOWN, TestSet

TEST_ACCURACY = CLAIM_METRICS["test_accuracy"]


def diverged_value(metric: Metric, rows: pd.DataFrame, looks: Looks) -> tuple[float, str]:
    """Return what a diverged run counts as (NaN: left out), and that in words."""
    if not counts_divergence(metric):
        return NAN, "left out"
    longest = pd.to_numeric(rows["epochs"], errors="coerce").max() if "epochs" in rows else NAN
    finished = rows.loc[rows["status"] == DONE, metric.name].astype(float)
    rule, _ = counting_of(metric, known_of(rows, looks), float(longest), finished)
    value = worst_of(np.array(finished, dtype=np.float64), metric.better == "higher", rule.diverged)
    if not np.isfinite(value):
        return NAN, "left out"
    what = " epochs" if metric.unit == "epochs" else ", chance"
    why = ", the worst of any that finished" if rule.diverged is None else what
    return value, f"counted as {metric.show(value)}{why}"


def step_of(metric: Metric, rows: pd.DataFrame, looks: Looks) -> float:
    """Return the metric's step; that of what is counted is one."""
    return 1.0 if metric.name == "unstable" else grain_of(metric, rows[metric.name], known_of(rows, looks))


def known_of(rows: pd.DataFrame, looks: Looks) -> TestSet:
    """Return what is known of the test set of the runs' only data set."""
    data = set(rows["dataset"]) if "dataset" in rows else set()
    return looks.data(str(data.pop())) if len(data) == 1 else UNKNOWN


def margin_of(test: Test, finished: Floats, accuracies: Floats, rows: pd.DataFrame, looks: Looks) -> float:
    """Return the difference that counts as none, one for all pairs of a test; NaN: none does.

    The test's own margin, else the sweep's (of test accuracy), else the default one.
    """
    metric = test.metric
    if test.margin is not None:
        means = [abs(mean) for mean in level_means(finished)]
        best = max if metric.better == "higher" else min
        return test.margin * best(means, default=NAN) if test.relative else test.margin
    if (metric is TEST_ACCURACY or metric.main) and looks.margin is not None:
        return looks.margin
    if metric.name == "unstable":
        return NAN
    return default_margin(metric, finished, accuracies, examples_of(metric, known_of(rows, looks)))
