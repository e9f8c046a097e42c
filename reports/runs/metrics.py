"""What is measured: how each figure is called, shown and judged."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sweeps.records.metric import NAME, Goal

ACCURACY_MARGIN = 0.005
RELATIVE_MARGIN = 0.10
MOST_DECIMALS = 8
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-5, 1e9  # beyond them a figure has an exponent


@dataclass(frozen=True)
class Metric:
    """One figure of a run: its column, its words, its direction.

    `above` completes "a > b means that a …"; `descending` says whether the larger value stands first in a
    ranking (for cost the larger does: there ">" means that it costs more). `better` is "" where neither end
    is. The unit "figure" is that of an application's own figures, whatever they are; `main` is the one that
    such a sweep is about. With `percent` an accuracy is shown in per cent, its differences in points.
    """

    name: str
    label: str
    unit: Literal["accuracy", "loss", "epochs", "seconds", "figure"]
    better: Literal["higher", "lower", ""]
    above: str
    descending: bool
    across_losses: bool = True
    main: bool = False
    percent: bool = False

    @property
    def in_percent(self) -> "Metric":
        """The same, an accuracy shown in per cent as the page has it."""
        return replace(self, percent=self.unit == "accuracy")

    @property
    def words(self) -> str:
        """What it is called within a sentence; a figure of an application's own as it calls it."""
        if self.label == self.name:
            return self.label
        return " ".join(word if word.isupper() else word.lower() for word in self.label.split(" "))  # CPU, F1

    @property
    def ahead(self) -> str:
        """Completes "a > b means that a …", where the better one stands first."""
        return AHEAD.get(self.name, self.above)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest value that there can be."""
        if self.unit != "accuracy":
            return -math.inf, math.inf
        return (-1.0, 1.0) if self.name == "gap" else (0.0, 1.0)

    def cut(self, low: float, high: float) -> tuple[float, float]:
        """Return the ends of an interval within what there can be; NaN stays."""
        least, most = self.bounds
        return max(low, least) if low == low else low, min(high, most) if high == high else high

    @property
    def order(self) -> str:
        """Which end of a ranking is which."""
        if self.unit == "figure":
            return "lower first" if self.better == "lower" else "higher first"
        ends = {"accuracy": "higher first", "epochs": "sooner first", "seconds": "cheaper first"}
        return ends.get(self.unit, "lower first") if self.name != "gap" else "narrower first"

    def show(self, value: float) -> str:
        """Return a value as tables print it."""
        if math.isnan(value):
            return "–"
        if self.unit == "accuracy":
            return f"{100 * value:.2f} %" if self.percent else f"{value:.4f}"
        if self.unit == "epochs":
            return f"{value:.1f}" if value != int(value) else f"{value:.0f}"
        return plain(value) if self.unit == "figure" else significant(value)

    def show_interval(self, mean: float, half: float) -> str:
        """Return a mean with its interval: 0.9824 ± 0.0010; alone if there is no interval.

        Where the interval has values that cannot be, its ends are given instead: 0.9995 [0.9985, 1.0000].
        """
        if math.isnan(half):
            return self.show(mean)
        ends = self.cut(mean - half, mean + half)
        if ends != (mean - half, mean + half):
            return f"{self.show(mean)} [{self.show(ends[0])}, {self.show(ends[1])}]"
        if self.unit == "epochs":
            return f"{mean:.1f} ± {half:.1f}"
        if self.unit == "accuracy":
            return f"{100 * mean:.2f} ± {100 * half:.2f} %" if self.percent else f"{mean:.4f} ± {half:.4f}"
        least = (4, 2) if self.unit == "figure" else (3, 1)
        digits = max(decimals(mean, least[0]), decimals(half, least[1]))  # no uncertainty is rounded away
        if self.unit == "figure" and (digits > MOST_DECIMALS or max(abs(mean), half) >= LARGEST_PLAIN):
            return f"{mean:.4g} ± {half:.2g}"
        return f"{mean:.{digits}f} ± {half:.{digits}f}"

    def show_difference(self, size: float) -> str:
        """Return a difference without a sign: of seconds and losses as many digits as tell it from 0."""
        if self.percent and not math.isnan(size):
            return f"{100 * size:.2f} points"
        if self.unit in ("accuracy", "epochs") or math.isnan(size):
            return "–" if math.isnan(size) else f"{size:.{2 if self.unit == 'epochs' else 4}f}"
        if self.unit == "figure" and abs(size) >= LARGEST_PLAIN:
            return f"{size:.3g}"
        return f"{size:.{decimals(size, 3 if self.unit == 'figure' else 2)}f}"

    def margin(self, scale: float) -> float:
        """Return the difference that counts as none: half a point, 10 % of `scale`, NaN for a loss."""
        if self.unit == "accuracy":
            return ACCURACY_MARGIN
        return RELATIVE_MARGIN * abs(scale) if self.unit in ("epochs", "seconds") else math.nan


def plain(value: float) -> str:
    """Return a figure of an unknown kind with four significant figures: 0.9733, 131.4, 1.234e-07."""
    small = 0 < abs(value) < SMALLEST_PLAIN
    return f"{value:.4g}" if small or abs(value) >= LARGEST_PLAIN else significant(value, 4)


def decimals(value: float, figures: int = 3) -> int:
    """How many decimals show this many significant figures."""
    return (
        0
        if value == 0 or not math.isfinite(value)
        else max(0, figures - 1 - math.floor(math.log10(abs(value))))
    )


def significant(value: float, figures: int = 3) -> str:
    """Return a value with this many significant figures and no exponent."""
    return f"{value:.{decimals(value, figures)}f}"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "test_accuracy", "Test accuracy", "accuracy", "higher", "is more accurate on the test set", True
        ),
        Metric(
            "train_accuracy",
            "Training accuracy",
            "accuracy",
            "higher",
            "is more accurate on the training set",
            True,
        ),
        Metric(
            "gap",
            "Generalisation gap",
            "accuracy",
            "lower",
            "loses more accuracy from training to test set",
            True,
        ),
        Metric(
            "best_test_accuracy",
            "Best test accuracy of any epoch",
            "accuracy",
            "higher",
            "has the better best epoch",
            True,
        ),
        Metric(
            "validation_accuracy",
            "Validation accuracy",
            "accuracy",
            "higher",
            "is more accurate on held-out examples",
            True,
        ),
        Metric(
            "validation_balanced_accuracy",
            "Balanced validation accuracy",
            "accuracy",
            "higher",
            "recognises more of the average class of held-out examples",
            True,
        ),
        Metric(
            "test_balanced_accuracy",
            "Balanced test accuracy",
            "accuracy",
            "higher",
            "recognises more of the average class of the test set",
            True,
        ),
        Metric(
            "test_macro_f1", "Macro F1 on the test set", "accuracy", "higher", "has the higher macro F1", True
        ),
        Metric(
            "test_majority_accuracy",
            "Test accuracy of always naming the largest class",
            "accuracy",
            "",
            "has the larger largest class",
            True,
        ),
        Metric("best_epoch", "Epoch with the best test accuracy", "epochs", "", "is at its best later", True),
        Metric(
            "selected_test_accuracy",
            "Test accuracy of the epoch with the best validation accuracy",
            "accuracy",
            "higher",
            "has the better epoch, chosen on held-out examples",
            True,
        ),
        Metric(
            "selected_epoch",
            "Epoch with the best validation accuracy",
            "epochs",
            "",
            "is at its best later, on held-out examples",
            True,
        ),
        Metric("convergence", "Epochs to convergence", "epochs", "lower", "converges sooner", False),
        Metric(
            "convergence_loss",
            "Epochs to 95 % of the drop in training loss",
            "epochs",
            "lower",
            "drops its loss sooner",
            False,
        ),
        Metric(
            "epochs_to_target",
            "Epochs to the target accuracy",
            "epochs",
            "lower",
            "needs fewer epochs",
            False,
        ),
        Metric(
            "seconds_to_target",
            "CPU seconds to the target accuracy",
            "seconds",
            "lower",
            "needs less time",
            False,
        ),
        Metric(
            "epoch_cpu_s", "CPU seconds per training epoch", "seconds", "lower", "costs more per epoch", True
        ),
        Metric(
            "epoch_wall_s",
            "Wall seconds per training epoch",
            "seconds",
            "lower",
            "takes longer per epoch",
            True,
        ),
        Metric(
            "test_loss", "Test loss", "loss", "lower", "has the lower test loss", False, across_losses=False
        ),
        Metric(
            "validation_loss",
            "Validation loss",
            "loss",
            "lower",
            "has the lower loss on held-out examples",
            False,
            across_losses=False,
        ),
        Metric(
            "train_loss",
            "Training loss",
            "loss",
            "lower",
            "has the lower training loss",
            False,
            across_losses=False,
        ),
    )
}
AHEAD = {
    "gap": "loses less accuracy from training to test set",
    "epoch_cpu_s": "costs less per epoch",
    "epoch_wall_s": "takes less time per epoch",
}
"""Where `above` is about the other end."""
VALIDATION = {
    "test_accuracy": "validation_accuracy",
    "test_loss": "validation_loss",
    "test_balanced_accuracy": "validation_balanced_accuracy",
}
"""Figures of the test set, each with the same of examples that were held out of the training set."""
OF_CLASSES = ("test_balanced_accuracy", "test_macro_f1", "test_majority_accuracy")
"""What accuracy hides where classes are of uneven size; in the records of own data."""
HELD_OUT = ("selected_epoch", "selected_test_accuracy", *VALIDATION.values())
"""Metrics that runs without held-out examples do not have."""
SOMETIMES = (*HELD_OUT, *OF_CLASSES)
"""Metrics that not all runs of ours have."""
SECONDS = re.compile(r"(^|_)(s|sec|secs|seconds)$")
RANKED = ("test_accuracy", "train_accuracy", "gap", "convergence", "epoch_cpu_s")


@dataclass(frozen=True)
class Measures:
    """What the runs of a sweep were measured by: all figures by name, the main one first.

    `main` is what the sweep is about, `ranked` are the names of those by which settings are ranked. `own`:
    the figures are an application's own, so that nothing is known of what they are figures of.
    """

    metrics: Mapping[str, Metric]
    main: Metric
    ranked: tuple[str, ...]
    own: bool = False

    def first(self, names: Sequence[str]) -> list[str]:
        """Return these names with that of the main metric before them."""
        return list(dict.fromkeys([self.main.name, *names]))


NETWORKS = Measures(METRICS, METRICS[NAME], RANKED)
"""Of runs that leave the figures that ours do."""


def measures_of(goal: Goal, figures: Sequence[str], uneven: bool = False, named: bool = True) -> Measures:
    """Return what runs that end with these figures are measured by; `goal` names the main one.

    Networks are ranked by that first. Where the classes of the test set are `uneven`, what is fair to small
    ones follows; it comes first where the sweep does not say what it is about (`named`).
    """
    name = goal.name or NAME
    better: Literal["higher", "lower"] = "higher" if goal.direction == "maximize" else "lower"
    others = {figure: figure_of(figure) for figure in figures if figure != name}
    if name not in METRICS:
        main = replace(figure_of(name), better=better, **towards(name, better), main=True)
        ranked = tuple(figure for figure, metric in others.items() if metric.better)
        return Measures({name: main, **others}, main, (name, *ranked), own=True)
    main = METRICS[name]
    if main.better != better:
        main = replace(main, better=better, **towards(main.label.lower(), better))
    known = {name: main, **{key: metric for key, metric in METRICS.items() if key != name}}
    more = {figure: metric for figure, metric in others.items() if figure not in known}
    fair = [key for key in OF_CLASSES if uneven and key in figures and METRICS[key].better]
    held_out = [VALIDATION[figure] for figure in (name, NAME) if VALIDATION.get(figure) in figures]
    return Measures(
        known | more,
        main,
        tuple(dict.fromkeys([*([name] if named else []), *fair, name, *held_out, *RANKED])),
    )


def figure_of(name: str) -> Metric:
    """Return an application's figure; of seconds less is better, of all else nothing is known."""
    if SECONDS.search(name):
        return Metric(name, name, "seconds", "lower", **towards(name, "lower"))
    return Metric(name, name, "figure", "", f"has the higher {name}", True)


def towards(label: str, better: str) -> dict[str, Any]:
    """Return how a main metric is ranked: the better level first."""
    return {"above": f"has the {better} {label}", "descending": better == "higher"}
