"""How a metric of a sweep is compared: which runs take part, what a run without a figure counts as."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reports.analysis.equivalence import accuracy_margin, relative_margin
from reports.analysis.intervals import NAN, Floats
from reports.analysis.new_images import examples_and_chance
from reports.analysis.outcomes import DIVERGED, DONE, Counting, within_reach
from reports.runs.metrics import OF_CLASSES, VALIDATION, Metric
from reports.runs.once import once
from reports.runs.results import Results
from reports.runs.test_sets import TestSet, test_set

TEST_ACCURACY = "test_accuracy"
OF_TRAINING = ("train_accuracy",)
BALANCED = ("test_balanced_accuracy", VALIDATION["test_balanced_accuracy"])
MACRO_F1 = "test_macro_f1"
REACH = 0.05  # of the best cell's accuracy: only such cells are compared in how soon they converge
HELD_OUT = "validation_"
LEAST_STEP = 1e-8  # figures are kept with nine decimals


@dataclass(frozen=True)
class Counted:
    """The runs of one metric: `runs` take part, `counting` says what those without a figure count as.

    `grain` is the step of the metric; `examples` the number of those that it counts, if known.
    `out_of_reach` has the runs that take no part, because their cells are far from the best accuracy. `why`
    says what a diverged run counts as, `main` whether the sweep is about this metric.
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


@once
def counted(results: Results, name: str) -> Counted:
    """Return the runs of one data set that take part in comparisons by a metric."""
    metric = results.measures.metrics[name]
    return replace(counted_as(results, metric), main=metric.name == results.main.name)


def counted_as(results: Results, metric: Metric) -> Counted:
    """Return the runs that take part, and what those without a figure count as, by the metric's kind."""
    name, runs, known = metric.name, results.runs, known_test_set(results)
    if not counts_divergence(metric):
        ended = runs[runs["status"] != DIVERGED]
        return Counted(
            metric, ended, Counting(), grain_of(metric, ended[name], known), examples_of(metric, known)
        )
    rule, why = counting_of(metric, known, most_epochs(results), runs.loc[runs["status"] == DONE, name])
    if metric.unit == "seconds" and runs[name].notna().any():
        rule = Counting(unreached=float(runs[name].max()))
    grain = grain_of(metric, runs[name], known)
    made = Counted(metric, runs, rule, grain, examples_of(metric, known), why=why)
    if not only_near_best(metric):
        return made
    near = within_reach(runs, results.names, distance=REACH)
    return replace(made, runs=runs[near], out_of_reach=runs[~near])


def only_near_best(metric: Metric) -> bool:
    """Whether cells are compared by a metric only where they are near the best accuracy."""
    return metric.name.startswith("convergence")


@once
def known_test_set(results: Results) -> TestSet:
    """Return what the runs' answers say of the test set of one data set, else what is known by its name."""
    known, (examples, chance) = test_set(results), examples_and_chance(results)
    return replace(known, examples=examples or known.examples, chance=chance or known.chance)


def counts_divergence(metric: Metric) -> bool:
    """Whether a diverged run has an outcome by this metric: where ">" puts the better first, it has.

    Of what it costs, or of how much it loses from training to test set, nothing can be said: such a figure
    of a run that came to nothing would speak for or against a level as one pleases.
    """
    return bool(metric.better) and metric.descending == (metric.better == "higher")


def counting_of(
    metric: Metric, known: TestSet, longest: float, finished: "pd.Series[float]"
) -> tuple[Counting, str]:
    """Return what a diverged run counts as, and that in words; `longest`: the most epochs that a run had.

    In accuracy, also balanced, as a classifier at chance, if no run that `finished` was worse (some networks
    name a small class for everything, and a run that came to nothing must not be ahead of them); in epochs to
    something as one more than there were, as does a run that did not get there; else as the worst figure of
    any finished run.
    """
    if metric.unit == "accuracy" and metric.better == "higher":
        chance, words = chance_of(metric.name, known)
        if chance is not None and not finished.min() < chance:
            return Counting(chance), f"{chance:.4f}, {words}"
    if metric.unit == "epochs" and metric.better and np.isfinite(longest):
        limit = longest + 1
        return Counting(limit, unreached=limit), f"{limit:g} epochs, one more than there were"
    worst = f"{metric.show(float(finished.min()))}, " if metric.unit == "accuracy" and len(finished) else ""
    return Counting(), f"{worst}the worst figure of any finished run"


def chance_of(name: str, known: TestSet) -> tuple[float | None, str]:
    """Return what a classifier that always names the largest class has by a kind of accuracy, and in words.

    It recognises all of one class and nothing of the others: in balanced accuracy exactly 1 / classes,
    however uneven they are, and so has every classifier that does not look at its inputs. None: not known.
    """
    largest = "always naming the largest class"
    if name in BALANCED:
        return known.classes and 1 / known.classes, f"the balanced accuracy of {largest}"
    if name == MACRO_F1:
        share = known.chance
        f1 = share and known.classes and 2 * share / (1 + share) / known.classes
        return f1, f"the macro F1 of {largest}"
    if name not in OF_TRAINING:
        return known.chance, f"the accuracy of {largest}"
    if known.train_chance is not None:
        return known.train_chance, f"the accuracy of {largest}"
    return known.chance, f"the accuracy of {largest} of the test set"


def examples_of(metric: Metric, known: TestSet) -> int | None:
    """Return how many examples an accuracy is a share of; None: not known, or it is a mean over classes."""
    if metric.name in OF_CLASSES or metric.name.startswith(HELD_OUT):  # nobody says how many were held out
        return None
    return known.train_examples if metric.name in OF_TRAINING else known.examples


def grain_of(metric: Metric, values: "pd.Series[float]", known: TestSet) -> float:
    """Return the metric's step: one epoch, one example; of unknown data the least step seen."""
    if metric.unit == "epochs":
        return 1.0
    if metric.unit != "accuracy":
        return 0.0
    if metric.name in OF_CLASSES:  # a mean over classes moves by as many steps as there are sizes of class
        return 0.0
    if examples := examples_of(metric, known):
        return 1 / examples
    steps = np.diff(np.unique(values.dropna().to_numpy(dtype=np.float64)))
    return float(steps[steps > LEAST_STEP].min()) if (steps > LEAST_STEP).any() else 0.0


def default_margin(metric: Metric, finished: Floats, accuracies: Floats, examples: int | None) -> float:
    """Return the difference that counts as none where nobody set another; NaN: none does.

    `finished` are the values (levels, …) of finished runs, `accuracies` their test accuracies. A tenth of the
    best level's error, which is that of the test set for what is a difference of accuracies; of minimised
    figures above 0 a tenth of the least level.
    """
    if metric.unit == "accuracy":
        margin = accuracy_margin(finished if metric.better == "higher" else accuracies, examples)
    else:
        margin = relative_margin(finished) if metric.better == "lower" else NAN
    return margin if margin > 0 else NAN


def most_epochs(results: Results) -> float:
    """Return the largest number of epochs that a run was to have, or had."""
    planned = results.settings.get("training.epochs", pd.Series(dtype=float))
    known = pd.to_numeric(planned, errors="coerce").max()
    return float(results.runs["epochs"].max() if known != known else known)
