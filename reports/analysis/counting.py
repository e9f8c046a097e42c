"""How a metric of a sweep is compared: which runs take part, what a run without a figure counts as."""

from dataclasses import dataclass, replace

import pandas as pd

from reports.analysis.outcomes import DIVERGED, Counting, within_reach
from reports.runs.metrics import OF_CLASSES, Metric
from reports.runs.results import Results
from reports.runs.test_sets import test_set

OF_TEST = ("test_accuracy", "best_test_accuracy", "selected_test_accuracy")
REACH = 0.05  # of the best cell's accuracy: only such cells are compared in how soon they converge


@dataclass(frozen=True)
class Counted:
    """The runs of one metric: `runs` take part, `counting` says what those without a figure count as.

    `grain` is the step of the metric; `examples` the number of test examples, if known. `out_of_reach` has
    the runs that take no part, because their cells are far from the best accuracy. `why` says what a diverged
    run counts as, `main` whether the sweep is about this metric.
    """

    metric: Metric
    runs: pd.DataFrame
    counting: Counting
    grain: float = 0.0
    examples: int | None = None
    out_of_reach: pd.DataFrame | None = None
    why: str = ""
    main: bool = False

    @property
    def higher(self) -> bool:
        """Whether more is better."""
        return self.metric.better == "higher"


def counted(results: Results, name: str) -> Counted:
    """Return the runs of one data set that take part in comparisons by a metric."""
    metric = results.measures.metrics[name]
    return replace(counted_as(results, metric), main=metric.name == results.main.name)


def counted_as(results: Results, metric: Metric) -> Counted:
    """Return the runs that take part, and what those without a figure count as, by the metric's kind."""
    if metric.unit == "accuracy":
        return accuracies(results, metric)
    if metric.unit == "seconds":
        ended = results.runs[results.runs["status"] != DIVERGED]
        slow = metric.name == "seconds_to_target"
        figures = ended[metric.name]
        worst = float(figures.max()) if slow and figures.notna().any() else None
        return Counted(metric, ended, Counting(unreached=worst), why="diverged runs are left out")
    if metric.unit == "epochs" and metric.better:
        return epochs(results, metric)
    return Counted(metric, results.runs, Counting(), why="the worst figure of any finished run")


def accuracies(results: Results, metric: Metric) -> Counted:
    """Return accuracies: a diverged run is a classifier at chance, or else the worst finished one."""
    known = test_set(results)
    of_test = metric.name in OF_TEST
    if metric.better != "higher" or known.chance is None or metric.name in OF_CLASSES:
        why = "the worst figure of any finished run"
        return Counted(metric, results.runs, Counting(), why=why)
    examples = known.examples if of_test else None
    grain = 1 / examples if examples else 0.0
    why = f"{known.chance:.4f}, the accuracy of always naming the largest class"
    return Counted(metric, results.runs, Counting(known.chance), grain, examples, why=why)


def epochs(results: Results, metric: Metric) -> Counted:
    """Return epochs to something: a run that did not get there counts as one epoch more than it had."""
    limit = most_epochs(results) + 1
    rule, why = Counting(limit, unreached=limit), f"{limit:g} epochs, one more than there were"
    made = Counted(metric, results.runs, rule, grain=1.0, why=why)
    if not metric.name.startswith("convergence"):
        return made
    near = within_reach(results.runs, results.names, distance=REACH)
    return replace(made, runs=results.runs[near], out_of_reach=results.runs[~near])


def most_epochs(results: Results) -> float:
    """Return the largest number of epochs that a run was to have, or had."""
    planned = results.settings.get("training.epochs", pd.Series(dtype=float))
    known = pd.to_numeric(planned, errors="coerce").max()
    return float(results.runs["epochs"].max() if known != known else known)
